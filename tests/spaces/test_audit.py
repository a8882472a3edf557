"""Events: what they say, and that nobody can bend them unnoticed. domain.md 27, promises S20, S21."""

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction

from spaces.actors import Actor
from spaces.audit import difference, record, verify
from spaces.models import Event, EventHead
from spaces.services.teams import create_team
from tests.factories.spaces import make_space, make_team


def tamper(sql: str, *values) -> None:
    """What somebody with the database in hands could do."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE spaces_event DISABLE TRIGGER spaces_event_append_only")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE spaces_event ENABLE TRIGGER spaces_event_append_only")


@pytest.fixture
def chain(manager, space):
    """Five events of `space`, numbered 1 to 5."""
    team = make_team(space, name="Bakers")
    return [record(manager, "Modified", team, details={"n": n}) for n in range(5)]


def test_an_event_tells_who_what_and_where(space, manager):
    team = make_team(space, name="Bakers")
    actor = Actor(user=manager.user, identity="Session", ip_address="10.0.0.1", request_id="r1")

    event = record(actor, "Created", team, related=["Users-7"], details={"name": [None, "Bakers"]})

    assert event.message == "Created team Bakers"
    assert (event.space, event.user, event.identity) == (space, manager.user, "Session")
    assert event.related == [team.wire_id, "Users-7"]
    assert event.ip_address == "10.0.0.1"


def test_every_chain_counts_for_itself_without_gaps(manager, space, other_space):
    numbers = [
        record(manager, "Noted", None, space=s).sequence for s in (space, space, other_space)
    ]

    assert numbers == [1, 2, 1]


@pytest.mark.promise("S20")
def test_an_event_needs_the_transaction_of_what_it_tells(transactional_db):
    with pytest.raises(RuntimeError, match="transaction"):
        record(Actor.system("test"), "Noted", None)


@pytest.mark.promise("S20")
def test_without_its_event_a_change_does_not_happen(manager, space, monkeypatch):
    monkeypatch.setattr("spaces.services.teams.record", broken := BrokenRecord())

    with pytest.raises(DatabaseError):
        create_team(actor=manager, space=space, name="Bakers")

    assert broken.asked
    assert not space.teams.filter(name="Bakers").exists()


class BrokenRecord:
    asked = False

    def __call__(self, *args, **given):
        self.asked = True
        raise DatabaseError("the disk is full")


@pytest.mark.promise("S21")
@pytest.mark.parametrize(
    "sql", ["UPDATE spaces_event SET message = 'x'", "DELETE FROM spaces_event"]
)
def test_the_database_refuses_to_change_events(chain, sql):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(sql)


@pytest.mark.promise("S21")
def test_an_untouched_chain_is_intact(chain, space):
    assert verify(space) is None


@pytest.mark.promise("S21")
@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("UPDATE spaces_event SET message = 'nothing' WHERE sequence = 3 AND space_id = %s", 3),
        ("UPDATE spaces_event SET user_id = NULL WHERE sequence = 2 AND space_id = %s", 2),
        ("UPDATE spaces_event SET details = '{}' WHERE sequence = 4 AND space_id = %s", 4),
        ("UPDATE spaces_event SET previous_hash = hash WHERE sequence = 2 AND space_id = %s", 2),
        ("DELETE FROM spaces_event WHERE sequence = 3 AND space_id = %s", 3),
        ("DELETE FROM spaces_event WHERE sequence = 5 AND space_id = %s", 5),
        ("DELETE FROM spaces_event WHERE space_id = %s", 1),
    ],
)
def test_tampering_shows_at_the_first_wrong_number(chain, space, sql, number):
    tamper(sql, space.pk)

    broken = verify(space)

    assert broken is not None
    assert broken.sequence == number


@pytest.mark.promise("S21")
def test_reordering_shows(chain, space):
    for before, after in ((2, 20), (3, 2), (20, 3)):
        sql = "UPDATE spaces_event SET sequence = %s WHERE sequence = %s AND space_id = %s"
        tamper(sql, after, before, space.pk)

    broken = verify(space)

    assert broken is not None
    assert broken.sequence == 2


@pytest.mark.promise("S21")
def test_the_command_fails_on_a_broken_chain(chain, space, capsys):
    call_command("verify_audit")
    assert "Main: 5 events, intact" in capsys.readouterr().out

    tamper("DELETE FROM spaces_event WHERE sequence = 1 AND space_id = %s", space.pk)

    with pytest.raises(CommandError, match="Main: Event 1: is missing"):
        call_command("verify_audit")


@pytest.mark.promise("S2")
def test_sealed_text_never_gets_into_details(manager, space):
    team = make_team(space)
    sealed = "v1.0011223344556677.bm9uY2U.Y2lwaGVy"

    event = record(manager, "Modified", team, details={"password": [sealed, sealed[:-1] + "s"]})

    old, new = event.details["password"]
    assert old.startswith("changed #")
    assert new.startswith("changed #")
    assert old != new


def test_a_difference_holds_only_what_changed():
    assert difference({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": [2, 3], "c": [None, 4]}


@pytest.mark.promise("S21")
def test_events_at_the_same_time_follow_each_other(transactional_db):
    space = make_space()

    def note():
        for _ in range(10):
            with transaction.atomic():
                record(Actor.system("test"), "Noted", None, space=space)
        connections.close_all()

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    numbers = Event.objects.filter(space=space).order_by("id").values_list("sequence", flat=True)
    assert sorted(numbers) == list(range(1, 41))
    assert EventHead.objects.get(space=space).sequence == 40
    assert verify(space) is None

"""API keys. domain.md 3.3, promises S4 and P11."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from spaces.access import rights_of
from spaces.errors import Invalid, NotAuthenticated, PermissionRefused
from spaces.models import ApiKey, Event, Team
from spaces.services.api_keys import (
    Limits,
    announce_expiries,
    authenticate,
    create_api_key,
    revoke_api_key,
)
from spaces.services.users import update_user
from tests.factories.spaces import actor_for, grant, make_administrator, make_api_key, make_user


@pytest.mark.promise("S4")
def test_a_key_is_long_random_and_kept_as_a_hash(manager):
    key, text = create_api_key(actor=manager, user=manager.user, purpose="CI")

    assert re.fullmatch(r"API-[A-Z0-9]{40}", text)
    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert text not in str(stored)
    assert text[4:] not in str(stored)
    assert text[12:] not in str(Event.objects.values())
    assert len({make_api_key(manager.user)[1] for _ in range(20)}) == 20


@pytest.mark.promise("S4")
def test_the_key_tells_its_user_and_when_it_was_used(manager):
    key, text = make_api_key(manager.user)

    assert authenticate(text, address="10.0.0.1") == key

    key.refresh_from_db()
    assert key.last_used_ip == "10.0.0.1"
    assert key.last_used_at is not None


@pytest.mark.promise("S4")
@pytest.mark.parametrize("cause", ["unknown", "wrong", "empty", "expired", "revoked", "disabled"])
def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(db, cause):
    user = make_user()
    key, text = make_api_key(user)
    match cause:
        case "unknown":
            text = "API-" + "A" * 40
        case "wrong":
            text = text[:-1] + ("A" if text[-1] != "A" else "B")
        case "empty":
            text = ""
        case "expired":
            ApiKey.objects.update(expires_at=timezone.now())
        case "revoked":
            revoke_api_key(actor=actor_for(user), key=key)
        case "disabled":
            update_user(actor=actor_for(make_administrator()), user=user, is_active=False)

    with pytest.raises(NotAuthenticated, match=r"^The API key is not valid"):
        authenticate(text, address=None)


@pytest.mark.promise("S4")
def test_a_key_bound_to_addresses_works_only_there(db):
    _, text = make_api_key(make_user(), limits=Limits(allowed_cidrs=["10.1.0.0/16"]))

    assert authenticate(text, address="10.1.2.3")
    for address in ("10.2.0.1", None):
        with pytest.raises(NotAuthenticated):
            authenticate(text, address=address)


@pytest.mark.promise("P11")
def test_a_derived_key_is_no_stronger_and_no_longer_lived(db):
    user = make_user()
    end = timezone.now() + timedelta(days=1)
    parent, _ = make_api_key(
        user, expires_at=end, limits=Limits(read_only=True, permissions=["TeamView", "TaskView"])
    )

    child, child_text = create_api_key(
        actor=actor_for(user, api_key=parent),
        user=user,
        purpose="child",
        expires_at=end + timedelta(days=300),
        limits=Limits(permissions=["TaskView", "TeamEdit"]),
    )

    assert child.expires_at == end
    assert child.read_only
    assert child.permissions == ["TaskView"]
    revoke_api_key(actor=actor_for(user), key=parent)
    with pytest.raises(NotAuthenticated):
        authenticate(child_text, address=None)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("own", "kept"),
    [
        (None, ["10.1.0.0/16"]),
        (["0.0.0.0/0"], ["10.1.0.0/16"]),
        (["10.1.2.0/24", "192.0.2.0/24"], ["10.1.2.0/24"]),
        (["192.0.2.0/24", "::/0"], []),
    ],
)
def test_a_derived_key_works_from_nowhere_else(db, own, kept):
    user = make_user()
    parent, _ = make_api_key(user, limits=Limits(allowed_cidrs=["10.1.0.0/16"]))

    child, text = create_api_key(
        actor=actor_for(user, api_key=parent),
        user=user,
        purpose="child",
        limits=Limits(allowed_cidrs=own),
    )

    assert child.allowed_cidrs == kept
    with pytest.raises(NotAuthenticated):
        authenticate(text, address="192.0.2.1")


@pytest.mark.promise("P11")
def test_a_key_limited_to_nothing_has_no_right_at_system_level(db):
    user = make_administrator()
    key, _ = make_api_key(user, limits=Limits(project_ids=[]))

    assert not rights_of(actor_for(user, api_key=key)).system


def announced():
    events = Event.objects.filter(category__startswith="ApiKey").order_by("pk")
    return list(events.values_list("category", "message"))


def test_the_end_of_a_key_is_announced_three_times_and_each_once(db):
    key, _ = make_api_key(
        make_user(display_name="Ci"), expires_at=timezone.now() + timedelta(days=180)
    )

    for days, expected in ((21, 0), (20, 1), (15, 1), (10, 2), (1, 2), (0, 3), (-5, 3)):
        end = timezone.now() + timedelta(days=days) - timedelta(seconds=1)
        ApiKey.objects.update(expires_at=end, created_at=end - timedelta(days=180))
        announce_expiries()
        announce_expiries()
        assert len(announced()) == expected, days

    assert announced() == [
        ("ApiKeyExpiring", f"API key {key.hint} of Ci expires in 20 days"),
        ("ApiKeyExpiring", f"API key {key.hint} of Ci expires in 10 days"),
        ("ApiKeyExpired", f"API key {key.hint} of Ci has expired"),
    ]


def test_a_key_that_never_had_so_long_is_announced_when_it_ends(db):
    make_api_key(make_user(), expires_at=timezone.now() + timedelta(days=5))
    make_api_key(make_user())

    announce_expiries()
    assert announced() == []
    ApiKey.objects.exclude(expires_at=None).update(
        expires_at=timezone.now(), created_at=timezone.now() - timedelta(days=5)
    )
    announce_expiries()

    assert [category for category, _ in announced()] == ["ApiKeyExpired"]


@pytest.mark.promise("P4")
def test_a_key_of_somebody_stronger_is_out_of_reach(space):
    strong = make_user()
    grant(strong, "spacemanager", space)
    operator = make_user()
    Team.objects.get(builtin="managers").members.add(operator)

    with pytest.raises(PermissionRefused, match="rights of"):
        create_api_key(actor=actor_for(operator), user=strong, purpose="sneaky")
    assert not ApiKey.objects.exists()


@pytest.mark.promise("P8")
def test_a_stranger_neither_makes_nor_revokes_a_key(manager, viewer):
    key, _ = make_api_key(manager.user)

    with pytest.raises(PermissionRefused):
        create_api_key(actor=viewer, user=manager.user, purpose="mine now")
    with pytest.raises(PermissionRefused):
        revoke_api_key(actor=viewer, key=key)

    assert ApiKey.objects.get() == key


def test_a_key_that_could_never_work_is_refused(manager):
    with pytest.raises(Invalid) as caught:
        create_api_key(
            actor=manager,
            user=manager.user,
            purpose="x",
            expires_at=timezone.now(),
            limits=Limits(permissions=["Fly"], allowed_cidrs=["here"]),
        )

    assert len(caught.value.reasons) == 3

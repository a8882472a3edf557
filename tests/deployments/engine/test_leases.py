"""Which task a worker takes, and what it may do with it then. domain.md 19.3, security-and-reliability.md 6.1."""

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from deployments.core.states import TaskState
from deployments.engine import leases, reaper
from deployments.engine.control import LeaseLost
from deployments.models import Interruption, ServerTask
from spaces.models import Space
from tests.factories.deployments import make_project, make_task

pytestmark = pytest.mark.django_db


def change(task: ServerTask, **columns) -> None:
    ServerTask.objects.filter(pk=task.pk).update(**columns)


def stop_queue(space: Space) -> None:
    Space.objects.filter(pk=space.pk).update(task_queue_stopped=True)


def own(task: ServerTask) -> str:
    return ServerTask.objects.values_list("lease_owner", flat=True).get(pk=task.pk)


def taken() -> list[int]:
    """The tasks a node would take one after another, each finished before the next."""
    found = []
    while lease := leases.claim():
        found.append(lease.task_id)
        leases.finish(lease, TaskState.SUCCESS)
    return found


def test_the_oldest_task_of_the_highest_priority_goes_first(space):
    old, new, urgent = make_task(space), make_task(space), make_task(space, priority=1)
    change(old, queue_time=Now() - timedelta(minutes=2))

    assert taken() == [urgent.pk, old.pk, new.pk]


def test_a_scheduled_task_waits_for_its_time(space):
    make_task(space, queue_time=Now() + timedelta(hours=1))

    assert taken() == []


def test_a_task_past_its_expiry_is_not_started_but_timed_out(space):
    late = make_task(space, queue_expiry=Now() - timedelta(seconds=1))

    assert taken() == []
    reaper.reap()

    late.refresh_from_db()
    assert late.state == TaskState.TIMED_OUT.value


def test_a_stopped_queue_starts_nothing(space):
    make_task(space)
    stop_queue(space)

    assert taken() == []


def test_a_stopped_queue_stops_neither_the_system_nor_other_spaces(space, other_space):
    stop_queue(space)
    of_system = ServerTask.objects.create(kind=ServerTask.Kind.DELETE_SPACE, description="Tidy")
    elsewhere = make_task(other_space)

    assert taken() == [of_system.pk, elsewhere.pk]


def test_behind_a_stopped_queue_what_ran_goes_on_and_what_was_answered_stays(space):
    lost, answered = make_task(space), make_task(space)
    Interruption.objects.create(space=space, task=answered, title="Go?", choices=["Proceed"])
    for task in (lost, answered):
        assert leases.claim().task_id == task.pk
    leases.park(leases.Lease(answered.pk, 1, own(answered)), keeps_turn=False)
    change(answered, is_waiting=False)
    change(lost, lease_until=Now() - timedelta(seconds=1))
    stop_queue(space)
    reaper.reap()

    assert taken() == [lost.pk]
    Space.objects.filter(pk=space.pk).update(task_queue_stopped=False)
    assert taken() == [answered.pk]


def test_behind_a_stopped_queue_a_parked_task_can_still_be_cancelled(space):
    parked = make_task(space)
    leases.claim()
    change(parked, is_parked=True, lease_until=None, state=TaskState.CANCELLING.value)
    stop_queue(space)

    assert leases.claim().task_id == parked.pk


def test_behind_a_stopped_queue_a_queued_task_still_times_out(space):
    late = make_task(space, queue_expiry=Now() - timedelta(seconds=1))
    stop_queue(space)

    reaper.reap()

    late.refresh_from_db()
    assert late.state == TaskState.TIMED_OUT.value


@pytest.mark.promise("R3")
def test_of_one_concurrency_tag_one_task_runs_and_others_are_passed_over(space):
    first, second = (make_task(space, concurrency_tag="shop/test") for _ in range(2))
    other = make_task(space, concurrency_tag="shop/production")

    assert leases.claim().task_id == first.pk
    assert leases.claim().task_id == other.pk
    assert leases.claim() is None
    second.refresh_from_db()
    assert second.state == TaskState.QUEUED.value


@pytest.mark.promise("R3")
def test_the_database_itself_refuses_two_holders_of_one_tag(space):
    first, second = (
        make_task(space, TaskState.EXECUTING, concurrency_tag="shop/test") for _ in range(2)
    )
    change(first, holds_tag=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        change(second, holds_tag=True)


def test_equal_tags_of_different_spaces_do_not_meet(space, other_space):
    make_task(space, concurrency_tag="shop")
    make_task(other_space, concurrency_tag="shop")

    assert leases.claim()
    assert leases.claim()


def test_a_node_runs_no_more_than_its_cap(space, settings):
    settings.TASK_CAP = 2
    for _ in range(3):
        make_task(space)

    assert [bool(leases.claim()) for _ in range(3)] == [True, True, False]


def test_a_waiting_task_takes_no_slot_and_frees_its_tag(space, settings):
    settings.TASK_CAP = 1
    waiting, next_one = (make_task(space, concurrency_tag="shop/test") for _ in range(2))
    lease = leases.claim()
    ask(waiting)

    assert leases.park(lease, keeps_turn=False)

    assert leases.claim().task_id == next_one.pk


def test_a_waiting_task_that_blocks_others_keeps_its_tag(space):
    waiting, _ = (make_task(space, concurrency_tag="shop/test") for _ in range(2))
    lease = leases.claim()
    ask(waiting)

    assert leases.park(lease, keeps_turn=True)

    assert leases.claim() is None


def test_an_answer_that_came_before_parking_lets_the_worker_go_on(space):
    task = make_task(space)
    lease = leases.claim()
    ask(task, is_pending=False)

    assert not leases.park(lease, keeps_turn=False)


def test_an_answered_task_goes_on_ahead_of_ordinary_ones(space):
    answered = make_task(space)
    lease = leases.claim()
    ask(answered)
    leases.park(lease, keeps_turn=False)
    make_task(space, priority=9)
    change(answered, is_waiting=False)

    resumed = leases.claim()

    assert (resumed.task_id, resumed.epoch) == (answered.pk, lease.epoch + 1)


def test_a_cancelled_waiting_task_is_taken_to_be_ended(space):
    task = make_task(space)
    lease = leases.claim()
    ask(task)
    leases.park(lease, keeps_turn=False)
    change(task, state=TaskState.CANCELLING.value)

    assert leases.claim().task_id == task.pk


@pytest.mark.promise("R2")
def test_a_lease_of_an_older_epoch_can_do_nothing(space):
    task = make_task(space)
    old = leases.claim()
    change(task, lease_until=Now() - timedelta(seconds=1))
    reaper.reap()
    new = leases.claim()
    assert new.epoch == old.epoch + 1

    for act in (
        lambda: leases.renew(old),
        lambda: leases.look(old),
        lambda: leases.park(old, keeps_turn=False),
        lambda: leases.hand_over(old),
        lambda: leases.finish(old, TaskState.SUCCESS),
    ):
        with pytest.raises(LeaseLost), transaction.atomic():
            act()
    assert leases.renew(new) == leases.Wishes(is_cancelled=False, must_hand_over=False)


def test_a_cancellation_that_came_first_beats_a_late_success(space):
    task = make_task(space)
    lease = leases.claim()
    ServerTask.objects.move(task.pk, TaskState.EXECUTING, TaskState.CANCELLING)

    assert leases.finish(lease, TaskState.SUCCESS) == TaskState.CANCELED
    task.refresh_from_db()
    assert (task.state, task.holds_tag, task.lease_until) == ("Canceled", False, None)


def test_a_renewal_tells_that_the_task_was_cancelled_or_is_to_be_handed_over(space, settings):
    task = make_task(space)
    lease = leases.claim()
    ServerTask.objects.move(task.pk, TaskState.EXECUTING, TaskState.CANCELLING)
    leases.ask_hand_over(settings.NODE)

    assert leases.renew(lease) == leases.Wishes(is_cancelled=True, must_hand_over=True)


def test_a_task_in_good_hands_is_left_alone_by_the_reaper(space):
    task = make_task(space)
    lease = leases.claim()

    reaper.reap()

    task.refresh_from_db()
    assert (task.lease_owner, task.crashes) == (lease.owner, 0)


@pytest.mark.promise("R4")
def test_a_doorbell_nobody_heard_is_rung_again(space):
    make_task(space)
    make_task(space, queue_time=Now() + timedelta(hours=1))

    assert reaper.ring_again() == 1
    assert reaper.ring_again() == 0  # that ring still waits to be heard


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("R2")
def test_many_workers_at_once_take_each_task_once(space, settings):
    settings.TASK_CAP = 100
    wanted = {make_task(space).pk for _ in range(12)}
    found: list[int] = []

    def work() -> None:
        while lease := leases.claim():
            found.append(lease.task_id)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == sorted(wanted)


def ask(task: ServerTask, *, is_pending: bool = True) -> Interruption:
    return Interruption.objects.create(
        space_id=task.space_id or 0,
        task=task,
        kind=Interruption.Kind.MANUAL,
        title="Approve",
        choices=["Proceed", "Abort"],
        is_pending=is_pending,
    )


@pytest.mark.promise("R13")
def test_a_first_task_elsewhere_does_not_wait_for_a_long_queue(space, other_space, settings):
    settings.TASK_CAP = 3
    crowd = {make_task(space).pk for _ in range(50)}
    first = [leases.claim() for _ in range(3)]
    assert [bool(lease) for lease in first] == [True, True, False]  # a slot is left for others

    alone = make_task(other_space)

    assert {lease.task_id for lease in first if lease} <= crowd
    assert leases.claim().task_id == alone.pk


@pytest.mark.promise("R13")
def test_spaces_take_turns_and_within_one_the_oldest_goes_first(space, other_space, settings):
    settings.TASK_CAP = 1
    ours = [make_task(space).pk for _ in range(3)]
    theirs = [make_task(other_space).pk for _ in range(3)]

    found = taken_in_turns()

    assert [pk for pk in found if pk in ours] == ours
    assert [pk for pk in found if pk in theirs] == theirs
    assert all((a in ours) != (b in ours) for a, b in pairwise(found))


@pytest.mark.promise("R13")
def test_short_tasks_of_the_system_have_slots_of_their_own(space, settings):
    settings.TASK_CAP = 1
    for _ in range(2):
        make_task(space)
    assert leases.claim()

    check = make_task(space, kind=ServerTask.Kind.HEALTH)

    assert leases.claim().task_id == check.pk
    assert leases.claim() is None


@pytest.mark.promise("R13")
@pytest.mark.parametrize("cap", ["SPACE_TASK_CAP", "PROJECT_TASK_CAP"])
def test_no_space_and_no_project_runs_more_than_its_cap(space, settings, cap):
    setattr(settings, cap, 2)
    project = make_project(space)
    for _ in range(3):
        make_task(space, project=project)

    assert [bool(leases.claim()) for _ in range(3)] == [True, True, False]


def taken_in_turns() -> list[int]:
    """As `taken`, with a clock that goes on between starts."""
    found = []
    while lease := leases.claim():
        found.append(lease.task_id)
        at = Now() - timedelta(hours=1) + timedelta(seconds=len(found))
        ServerTask.objects.filter(pk=lease.task_id).update(started_at=at)
        leases.finish(lease, TaskState.SUCCESS)
    return found


def test_among_tasks_in_a_hurry_projects_share_the_slots(space, settings):
    settings.TASK_CAP = 4
    many, few = make_project(space), make_project(space)
    for _ in range(4):
        make_task(space, project=many, priority=1)
    urgent = make_task(space, project=few, priority=1)

    found = [leases.claim().task_id for _ in range(3)]

    assert found[2] == urgent.pk

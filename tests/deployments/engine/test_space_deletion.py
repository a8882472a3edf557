"""Deleting a space is a task of the system. domain.md 2, security-and-reliability.md P9, R1."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from deployments import blobs
from deployments.core.states import TaskState
from deployments.engine import leases, reaper
from deployments.models import Deployment, Lifecycle, ServerTask, TaskLogLine
from deployments.services.space_deletion import delete_again
from deployments.services.tasks import cancel_task, rerun_task
from deployments.tasks import run_server_task
from spaces.actors import Actor
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Event, Space, Team, User
from spaces.services.grants import rights_changed
from spaces.services.space_contents import remove_contents
from spaces.services.spaces import create_space, request_deletion
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_package,
    make_project,
    make_release,
    make_task,
)
from tests.factories.spaces import actor_for, make_administrator, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def administrator() -> Actor:
    return actor_for(make_administrator())


@pytest.fixture
def doomed() -> Space:
    """A space with history, whose queue is stopped."""
    space = create_space(actor=SYSTEM, name="Doomed", manager_users=[make_user()])
    make_deployment(make_release(make_project(space)), make_environment(space))
    Space.objects.filter(pk=space.pk).update(task_queue_stopped=True)
    return Space.objects.get(pk=space.pk)


def requested(administrator: Actor, space: Space) -> ServerTask:
    request_deletion(actor=administrator, space=space, typed_name=space.name)
    return ServerTask.objects.get(space=None)


def test_the_task_removes_everything_and_outlives_the_space(administrator, doomed):
    task = requested(administrator, doomed)

    run_server_task(task.pk)

    task.refresh_from_db()
    assert task.state == TaskState.SUCCESS.value
    assert not Space.objects.filter(pk=doomed.pk).exists()
    assert not Deployment.objects.exists()
    assert not Lifecycle.objects.exists()
    assert not Team.objects.filter(space__isnull=False).exists()
    assert "Removed 1 deployments." in list(
        TaskLogLine.objects.filter(task=task).values_list("text", flat=True)
    )
    last = Event.objects.filter(space=None).latest("sequence")
    assert (last.category, last.cause) == (
        "Deleted",
        f"{task.wire_id}, requested by {administrator.name}",
    )


def test_bytes_that_only_this_space_had_go_with_it(administrator, doomed, space):
    own, shared = make_package(doomed, "Own", own="1"), make_package(doomed, "Shared")
    ours = make_package(space, "Shared")
    assert shared.sha256 == ours.sha256 != own.sha256
    task = requested(administrator, doomed)

    run_server_task(task.pk)

    assert not blobs.store().exists(own.sha256)
    assert blobs.store().exists(ours.sha256)


def test_another_worker_finishes_what_a_lost_one_has_begun(administrator, doomed):
    task = requested(administrator, doomed)
    lease = leases.claim()
    assert lease is not None
    batches = remove_contents(doomed, lambda sha256: None)
    next(batches)
    ServerTask.objects.filter(pk=task.pk).update(lease_until=Now() - timedelta(seconds=1))
    reaper.reap()

    run_server_task(task.pk)

    task.refresh_from_db()
    assert (task.state, task.crashes) == (TaskState.SUCCESS.value, 1)
    assert not Space.objects.filter(pk=doomed.pk).exists()


def test_a_node_that_stops_leaves_the_rest_to_another(administrator, doomed):
    task = requested(administrator, doomed)
    lease = leases.claim()
    assert lease is not None
    ServerTask.objects.filter(pk=task.pk).update(must_hand_over=True)

    run_server_task(task.pk)  # nothing: it is held
    assert Space.objects.filter(pk=doomed.pk).exists()
    leases.hand_over(lease)
    run_server_task(task.pk)

    assert not Space.objects.filter(pk=doomed.pk).exists()


@pytest.mark.promise("P9")
def test_who_may_no_longer_delete_spaces_when_it_starts_deletes_none(administrator, doomed):
    task = requested(administrator, doomed)
    User.objects.filter(pk=administrator.user.pk).update(is_active=False)
    Team.objects.get(builtin=Team.ADMINISTRATORS).members.clear()
    rights_changed()

    run_server_task(task.pk)

    task.refresh_from_db()
    assert (task.state, task.error_message) == ("Failed", "requester no longer permitted")
    doomed.refresh_from_db()
    assert doomed.deletion_requested_at is None
    assert Lifecycle.objects.in_space(doomed).exists()


@pytest.mark.parametrize("state", [TaskState.EXECUTING, TaskState.CANCELLING])
def test_a_space_with_an_unfinished_task_is_not_deleted(administrator, doomed, state):
    task = make_task(doomed, state=state)

    with pytest.raises(Conflict, match=task.wire_id):
        requested(administrator, doomed)


def test_what_is_only_queued_goes_with_the_space(administrator, doomed):
    make_task(doomed)

    run_server_task(requested(administrator, doomed).pk)

    assert not ServerTask.objects.filter(space__isnull=False).exists()


def test_a_deletion_cannot_be_cancelled(administrator, doomed):
    task = requested(administrator, doomed)

    with pytest.raises(Conflict, match="cannot be cancelled"):
        cancel_task(actor=administrator, task=task)


def test_a_deletion_that_failed_on_the_way_is_done_again(administrator, doomed):
    task = requested(administrator, doomed)
    ServerTask.objects.filter(pk=task.pk).update(
        state=TaskState.FAILED.value, finished_at=Now(), lease_epoch=3
    )
    task.refresh_from_db()

    again = rerun_task(actor=administrator, task=task)
    run_server_task(again.pk)

    assert not Space.objects.filter(pk=doomed.pk).exists()
    with pytest.raises(Invalid):
        delete_again(actor=administrator, task=task)


@pytest.mark.promise("P8")
def test_who_may_not_delete_spaces_does_not_do_it_again_either(administrator, doomed):
    task = requested(administrator, doomed)

    with pytest.raises(PermissionRefused):
        delete_again(actor=actor_for(make_user()), task=task)

"""Giving up a cancelled task that does not end. domain.md 19.1, R8."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.engine import leases
from deployments.engine.control import LeaseLost
from deployments.models import ServerTask
from deployments.services.tasks import PATIENCE, abandon_task, cancel_task
from spaces.errors import Conflict, NotFound, PermissionRefused
from tests.factories.deployments import SYSTEM, make_furnished_space, make_task
from tests.factories.spaces import actor_for, grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    return make_furnished_space()


@pytest.fixture
def lease(space):
    make_task(space)
    return leases.claim()


@pytest.fixture
def stuck(lease):
    """A task whose worker does not come to an end with its cancellation."""
    task = ServerTask.objects.get(pk=lease.task_id)
    cancel_task(actor=SYSTEM, task=task)
    long_ago = timezone.now() - PATIENCE - timedelta(seconds=1)
    ServerTask.objects.filter(pk=task.pk).update(cancel_requested_at=long_ago)
    task.refresh_from_db()
    return task


@pytest.mark.promise("R8")
def test_an_abandoned_task_says_what_may_go_on_and_its_worker_writes_nothing_more(stuck, lease):
    task = abandon_task(actor=SYSTEM, task=stuck)

    assert task.state == TaskState.CANCELED.value
    assert task.error_message.endswith("remote work may go on.")
    with pytest.raises(LeaseLost):
        leases.finish(lease, TaskState.SUCCESS)


def test_before_ten_minutes_are_over_nothing_is_abandoned(stuck):
    ServerTask.objects.filter(pk=stuck.pk).update(cancel_requested_at=timezone.now())

    with pytest.raises(Conflict, match="ten minutes"):
        abandon_task(actor=SYSTEM, task=stuck)


def test_what_is_not_being_cancelled_is_not_abandoned(space):
    with pytest.raises(Conflict, match="not being cancelled"):
        abandon_task(actor=SYSTEM, task=make_task(space))


def test_only_who_may_cancel_may_abandon(space, stuck):
    viewer = make_user()
    grant(viewer, "projectviewer", space)

    with pytest.raises(PermissionRefused):
        abandon_task(actor=actor_for(viewer), task=stuck)
    with pytest.raises((NotFound, PermissionRefused)):
        abandon_task(actor=actor_for(make_user()), task=stuck)

    assert ServerTask.objects.get(pk=stuck.pk).state == TaskState.CANCELLING.value

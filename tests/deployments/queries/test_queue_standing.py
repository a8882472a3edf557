"""Where a queued task stands and why, without telling of tasks the reader may not see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.engine import leases
from deployments.queries.queue_standing import UNSEEN, standing
from spaces.models import Space
from tests.factories.deployments import SYSTEM, make_furnished_space, make_project, make_task
from tests.factories.spaces import actor_for, grant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    return make_furnished_space()


def codes(task) -> list[str]:
    return [reason.code for reason in standing(SYSTEM, task).reasons]


def test_the_position_counts_those_of_the_space_that_go_first(space):
    first, second, third = (make_task(space) for _ in range(3))
    make_task(space, queue_time=timezone.now() + timedelta(hours=1))
    make_task(make_furnished_space())
    urgent = make_task(space, priority=1)

    found = [standing(SYSTEM, task).position for task in (urgent, first, second, third)]

    assert found == [1, 2, 3, 4]


def test_what_is_not_queued_stands_nowhere(space):
    assert standing(SYSTEM, make_task(space, TaskState.EXECUTING)) is None


def test_a_scheduled_task_waits_for_its_time(space):
    assert codes(make_task(space, queue_time=timezone.now() + timedelta(hours=1))) == ["scheduled"]


def test_a_stopped_queue_is_a_reason(space):
    Space.objects.filter(pk=space.pk).update(task_queue_stopped=True)

    assert codes(make_task(space)) == ["stopped"]


def test_the_holder_of_the_lock_is_named_to_those_who_may_see_it(space):
    ours = make_project(space)
    holder = make_task(space, concurrency_tag="db", project=ours)
    leases.claim()
    theirs = make_project(space)
    waiting = make_task(space, concurrency_tag="db", project=theirs)
    user = make_user()
    grant(user, "projectviewer", space, projects=[theirs.pk])

    (known,) = standing(SYSTEM, waiting).reasons
    (hidden,) = standing(actor_for(user), waiting).reasons

    assert (known.code, known.task) == ("lock", holder)
    assert (hidden.text, hidden.task) == (UNSEEN, None)

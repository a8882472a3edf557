"""Reports count what finished, only what the reader may see, and never ask more for more rows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import Deployment, Interruption, Release, ServerTask
from deployments.queries.metrics import Range, finished_deployments, scheduled, shipped
from spaces.permissions import Permission
from tests.factories.deployments import make_deployment, make_project, make_release
from tests.factories.spaces import actor_for, grant, make_user

NOW = timezone.now()
WEEK = Range(NOW - timedelta(days=7))
HOUR = timedelta(hours=1)


def ended(release: Release, environment, state=TaskState.SUCCESS, **columns) -> Deployment:
    """A deployment that was due two hours ago, started one hour ago, and ends now."""
    deployment = make_deployment(release, environment, state)
    times = {"created_at": NOW - 3 * HOUR, "queue_time": NOW - 2 * HOUR, "started_at": NOW - HOUR}
    ServerTask.objects.filter(pk=deployment.task_id).update(finished_at=NOW, **times | columns)
    return deployment


@pytest.fixture
def release(space, dev) -> Release:
    return make_release(make_project(space, name="Shop"), "1.0.0")


def test_times_come_from_the_rows(manager, space, dev, release):
    deployment = ended(release, dev)
    asked = Interruption.objects.create(
        space=space, task=deployment.task, title="Go?", choices=["Proceed"], is_pending=False
    )
    Interruption.objects.filter(pk=asked.pk).update(
        created_at=NOW - HOUR, submitted_at=NOW - HOUR / 2
    )
    Release.objects.filter(pk=release.pk).update(assembled_at=NOW - 5 * HOUR)

    (found,) = finished_deployments(manager, space, WEEK)

    assert (found.duration, found.waited, found.queued) == (HOUR, HOUR / 2, HOUR)
    assert found.began == found.at - 5 * HOUR
    assert not found.is_failure


def test_lead_time_begins_with_the_earliest_release_that_is_brought(manager, space, dev, release):
    later = make_release(release.project, "1.1.0")
    Release.objects.filter(pk=release.pk).update(assembled_at=NOW - 9 * HOUR)
    deployment = ended(later, dev)
    brought = [{"Version": "1.1.0"}, {"Version": "1.0.0"}, {"Version": "0.9", "IsReverted": True}]
    Deployment.objects.filter(pk=deployment.pk).update(changes=brought)

    (found,) = finished_deployments(manager, space, WEEK)

    assert found.began == found.at - 9 * HOUR


def test_what_was_cancelled_runs_or_is_older_is_not_counted(manager, space, dev, release):
    ended(release, dev, TaskState.FAILED)
    make_deployment(release, dev, TaskState.CANCELED)
    make_deployment(release, dev, TaskState.EXECUTING)
    old = ended(release, dev)
    ServerTask.objects.filter(pk=old.task_id).update(finished_at=NOW - timedelta(days=8))

    found = finished_deployments(manager, space, WEEK)

    assert [row.is_failure for row in found] == [True]


def test_only_one_environment_when_asked(manager, space, dev, production, release):
    ended(release, dev)
    ended(release, production)

    found = finished_deployments(manager, space, Range(WEEK.since, production))

    assert [row.place[1] for row in found] == [production.pk]


@pytest.mark.promise("P7")
def test_numbers_cover_only_what_the_reader_may_see(space, other_space, dev, production, release):
    ended(release, dev)
    ended(release, production)
    reader = make_user()
    grant(reader, Permission.DEPLOYMENT_VIEW, space, environments=[dev.pk])
    stranger = make_user()
    grant(stranger, "spacemanager", other_space)

    seen = finished_deployments(actor_for(reader), space, WEEK)

    assert [row.place[1] for row in seen] == [dev.pk]
    assert finished_deployments(actor_for(stranger), space, WEEK) == []
    assert not shipped(actor_for(stranger), space, WEEK).exists()


def test_what_shipped_is_what_went_well(manager, space, dev, release):
    good = ended(release, dev)
    ended(release, dev, TaskState.FAILED)
    bumpy = ended(release, dev)
    Deployment.objects.filter(pk=bumpy.pk).update(failure_encountered=True)

    assert list(shipped(manager, space, WEEK)) == [good]


def test_the_schedule_shows_what_starts_later(manager, space, dev, release):
    make_deployment(release, dev, TaskState.QUEUED)
    later = make_deployment(release, dev, TaskState.QUEUED)
    ServerTask.objects.filter(pk=later.task_id).update(queue_time=NOW + HOUR)

    assert list(scheduled(manager, space)) == [later]


def test_more_rows_ask_no_more(manager, space, dev, release, django_assert_num_queries):
    def read() -> None:
        finished_deployments(manager, space, WEEK)
        [row.project.name for row in shipped(manager, space, WEEK)]

    ended(release, dev)
    read()
    with django_assert_num_queries(3):
        read()
    for number in range(5):
        ended(make_release(make_project(space), f"2.{number}"), dev)
    with django_assert_num_queries(3):
        read()

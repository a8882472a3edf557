"""A newer deployment to the same place replaces queued older ones. domain.md 17.7, 19.6."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.models import Deployment, ServerTask, Target
from deployments.queries.plan_inputs import RunOptions
from deployments.services.deployments import deploy_release
from deployments.services.variables import VariableRow, save_variables
from spaces.models import Event
from tests.factories.deployments import (
    SYSTEM,
    make_environment,
    make_furnished_space,
    make_project,
    make_release,
    make_target,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    return make_furnished_space()


@pytest.fixture
def dev(space):
    environment = make_environment(space, name="Development")
    make_target(space, environment)
    return environment


@pytest.fixture
def project(space):
    return make_project(space)


@pytest.fixture
def deploy(project, dev):
    def queued(environment=dev, **options) -> ServerTask:
        release = make_release(project)
        given = RunOptions(**options)
        return deploy_release(
            actor=SYSTEM, release=release, environment=environment, options=given
        ).task

    return queued


def states(*tasks: ServerTask) -> list[str]:
    return [ServerTask.objects.get(pk=task.pk).state for task in tasks]


def test_older_queued_ones_are_cancelled_and_the_newer_takes_their_place(deploy):
    first, second = deploy(), deploy()
    begun_at = timezone.now() - timedelta(minutes=5)
    ServerTask.objects.filter(pk=second.pk).update(queue_time=begun_at)

    third = deploy()

    assert states(first, second, third) == ["Canceled", "Canceled", "Queued"]
    third.refresh_from_db()
    assert third.queue_time == begun_at
    second.refresh_from_db()
    assert second.error_message == f"Replaced by {third.wire_id}: {third.description}."
    assert Event.objects.filter(category="TaskSuperseded").count() == 2


def test_it_stops_at_the_first_that_does_less_than_everything(deploy, space):
    only = frozenset({Target.objects.in_space(space).get().pk})
    first, partial = deploy(), deploy(specific_machines=only)

    whole = deploy()

    assert states(first, partial, whole) == ["Queued"] * 3


def test_one_that_does_less_replaces_nothing(deploy, space):
    whole = deploy()

    deploy(specific_machines=frozenset({Target.objects.in_space(space).get().pk}))

    assert states(whole) == ["Queued"]


def test_scheduled_ones_replace_nothing_and_are_not_replaced(deploy):
    later = timezone.now() + timedelta(hours=2)
    scheduled, at_once = deploy(queue_time=later), deploy()
    deploy(queue_time=later)

    assert states(scheduled, at_once) == ["Queued", "Queued"]


def test_what_runs_or_is_of_another_project_is_left_alone(deploy, space, dev):
    other = deploy_release(
        actor=SYSTEM, release=make_release(make_project(space)), environment=dev
    ).task
    running = deploy()
    ServerTask.objects.filter(pk=running.pk).update(state="Executing")

    deploy()

    assert states(running, other) == ["Executing", "Queued"]


def test_a_variable_says_which_deployments_run_one_after_another(deploy, project, dev):
    assert deploy().concurrency_tag == f"{project.wire_id}/{dev.wire_id}"

    tag = VariableRow(name="Octopus.Task.ConcurrencyTag", value="db-#{Octopus.Environment.Name}")
    save_variables(actor=SYSTEM, variable_set=project.variable_set, rows=[tag])

    assert deploy().concurrency_tag == "db-Development"
    assert Deployment.objects.count() == 2

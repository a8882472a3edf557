"""Automatic promotion: once per environment, after success, never past a blocker. domain.md 8.4."""

import pytest

from deployments.core.states import TaskState
from deployments.models import Deployment, Phase, PhaseEnvironment
from deployments.services.promotion import promote, sweep
from deployments.services.releases import block_release
from spaces.models import Event
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_furnished_space,
    make_lifecycle,
    make_project,
    make_release,
    make_target,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def space():
    return make_furnished_space()


def make_world(space, *, optional=False):
    """Dev by hand, then Test by itself."""
    lifecycle = make_lifecycle(space)
    environments = []
    for order, automatic in enumerate((False, True)):
        environment = make_environment(space)
        make_target(space, environment)
        phase = Phase.objects.create(
            space=space,
            lifecycle=lifecycle,
            name=f"Phase {order}",
            sort_order=order,
            is_optional=automatic and optional,
        )
        PhaseEnvironment.objects.create(
            space=space, phase=phase, environment=environment, is_automatic=automatic
        )
        environments.append(environment)
    return make_release(make_project(space, lifecycle=lifecycle)), *environments


def test_success_starts_the_next_automatic_environment_once(space):
    release, dev, test = make_world(space)
    make_deployment(release, dev)

    assert [d.environment for d in promote(release, cause="test")] == [test]
    assert promote(release, cause="test") == []
    assert sweep() == []


def test_nothing_starts_before_the_phase_is_open(space):
    release, dev, _ = make_world(space)
    make_deployment(release, dev, TaskState.FAILED)

    assert promote(release, cause="test") == []


def test_a_failed_attempt_is_not_tried_again(space):
    release, dev, test = make_world(space)
    make_deployment(release, dev)
    make_deployment(release, test, TaskState.FAILED)

    assert promote(release, cause="test") == []


def test_optional_phases_never_start_by_themselves(space):
    release, dev, _ = make_world(space, optional=True)
    make_deployment(release, dev)

    assert promote(release, cause="test") == []


def test_a_blocked_release_stays(space):
    release, dev, _ = make_world(space)
    make_deployment(release, dev)
    block_release(actor=SYSTEM, release=release, description="Crashes")

    assert promote(release, cause="test") == []


def test_what_stands_in_the_way_is_audited_and_holds_up_nobody(space):
    release, dev, test = make_world(space)
    make_deployment(release, dev)
    test.targets.all().delete()

    assert promote(release, cause="test") == []
    assert sweep() == []
    assert Event.objects.filter(category="AutoDeployBlocked").count() == 1


def test_the_sweep_finds_what_a_dead_node_left(space):
    release, dev, test = make_world(space)
    make_deployment(release, dev)

    assert [d.environment for d in sweep()] == [test]


def test_an_automatic_first_phase_starts_with_the_release(
    space, django_capture_on_commit_callbacks
):
    lifecycle = make_lifecycle(space)
    environment = make_environment(space)
    make_target(space, environment)
    phase = Phase.objects.create(space=space, lifecycle=lifecycle, name="Dev")
    PhaseEnvironment.objects.create(
        space=space, phase=phase, environment=environment, is_automatic=True
    )
    project = make_project(space, lifecycle=lifecycle)

    with django_capture_on_commit_callbacks(execute=True):
        release = make_release(project)

    assert Deployment.objects.get().release == release

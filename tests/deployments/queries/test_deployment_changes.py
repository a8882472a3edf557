"""What a deployment brings. domain.md 15."""

import pytest

from deployments.core.states import TaskState
from deployments.queries.deployment_changes import ReleaseChanges, running_versions
from deployments.services.deployments import deploy_release
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
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
def project(space):
    return make_project(space)


def test_a_deployment_keeps_what_it_brought_when_it_was_made(space, project):
    environment = make_environment(space)
    make_target(space, environment)
    old, skipped, new = [
        make_release(project, version, notes=f"About {version}")
        for version in ("1.0", "1.1", "1.2")
    ]
    make_deployment(old, environment, TaskState.SUCCESS)
    make_deployment(skipped, environment, TaskState.FAILED)

    deployment = deploy_release(actor=SYSTEM, release=new, environment=environment)
    make_deployment(skipped, environment, TaskState.SUCCESS)
    deployment.refresh_from_db()

    assert [change["Version"] for change in deployment.changes] == ["1.2", "1.1"]
    assert deployment.changes_markdown == "**1.2**\n\nAbout 1.2\n\n**1.1**\n\nAbout 1.1"


def test_each_environment_is_told_what_is_new_to_it(space, project):
    test, live = make_environment(space), make_environment(space)
    releases = [make_release(project, version) for version in ("1.0", "1.1", "1.2")]
    make_deployment(releases[0], live, TaskState.SUCCESS)
    make_deployment(releases[1], test, TaskState.SUCCESS)

    running = running_versions(releases[2], [test, live])

    assert running == {test.pk: "1.1", live.pk: "1.0"}


def test_what_changes_cost_does_not_grow_with_the_environments(
    space, project, django_assert_num_queries
):
    release = make_release(project, "1.2")
    make_release(project, "1.1")
    changes = ReleaseChanges(release)
    changes.since("1.0")

    with django_assert_num_queries(0):
        for _ in range(50):
            changes.since("1.0")

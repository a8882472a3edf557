"""What a person could deploy next. ui.md 6."""

import pytest

from deployments.core.states import TaskState
from deployments.models import Defect
from deployments.queries.ready import deploys_in_some_environments, ready_to_deploy
from spaces.actors import Actor
from tests.factories.deployments import make_deployment, make_project, make_release
from tests.factories.spaces import actor_for, grant, make_user


def deploying(space, *environments) -> Actor:
    """domain.md 4.6: sees projects, deploys to these environments."""
    user = make_user()
    grant(user, "projectviewer", space)
    grant(user, "deploymentcreator", space, environments=[row.pk for row in environments])
    return actor_for(user)


@pytest.fixture
def project(space, dev, production):
    return make_project(space, name="Shop")


def shown(actor, space):
    return [
        (ready.release.version, ready.environment.name) for ready in ready_to_deploy(actor, space)
    ]


def test_a_developer_gets_the_newest_release_for_development(space, dev, production, project):
    make_release(project, "1.0.0")
    make_release(project, "1.1.0")

    assert shown(deploying(space, dev), space) == [("1.1.0", "Development")]
    assert shown(deploying(space, production), space) == []


def test_a_tester_gets_what_succeeded_before_and_is_newer_than_what_runs(
    space, dev, production, project
):
    old, good = make_release(project, "1.0.0"), make_release(project, "1.1.0")
    for release in (old, good):
        make_deployment(release, dev)
    make_deployment(old, production)
    make_release(project, "1.2.0")

    (ready,) = ready_to_deploy(deploying(space, production), space)

    assert (ready.release.version, ready.running.release.version) == ("1.1.0", "1.0.0")


def test_what_runs_there_goes_there_now_or_is_blocked_is_not_offered(
    space, dev, production, project
):
    developer, tester = deploying(space, dev), deploying(space, production)
    release = make_release(project, "1.0.0")
    make_deployment(release, dev)
    assert shown(developer, space) == []

    Defect.objects.create(space=space, release=release, description="It leaks.")
    assert shown(tester, space) == []
    Defect.objects.all().delete()
    make_deployment(release, production, TaskState.EXECUTING)
    assert shown(tester, space) == []


def test_an_older_release_is_not_offered_over_a_newer_one(space, dev, project):
    older, newer = make_release(project, "1.0.0"), make_release(project, "2.0.0")
    make_deployment(newer, dev)

    assert older.assembled_at < newer.assembled_at
    assert shown(deploying(space, dev), space) == []


def test_who_deploys_everywhere_is_no_developer(space, dev, manager, viewer, project):
    assert deploys_in_some_environments(deploying(space, dev), space)
    assert not deploys_in_some_environments(manager, space)
    assert not deploys_in_some_environments(viewer, space)


def test_more_projects_ask_no_more(space, dev, django_assert_num_queries):
    developer = deploying(space, dev)
    make_release(make_project(space), "1.0.0")
    ready_to_deploy(developer, space)
    with django_assert_num_queries(10) as few:
        ready_to_deploy(developer, space)
    for _ in range(4):
        make_release(make_project(space), "1.0.0")

    with django_assert_num_queries(len(few)):
        assert len(ready_to_deploy(developer, space)) == 5

"""What a new space begins with. domain.md 2."""

import pytest

from deployments.models import Feed, Lifecycle, MachinePolicy, ProjectGroup, WorkerPool
from spaces.services.spaces import create_space, delete_space, update_space
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_project,
    make_release,
)
from tests.factories.spaces import make_user


@pytest.fixture
def fresh(db):
    return create_space(actor=SYSTEM, name="Fresh", manager_users=[make_user()])


def test_a_new_space_has_what_a_first_project_needs(fresh):
    assert ProjectGroup.objects.in_space(fresh).count() == 1
    assert Lifecycle.objects.in_space(fresh).get().is_default
    assert MachinePolicy.objects.in_space(fresh).get().is_default
    assert WorkerPool.objects.in_space(fresh).get().is_default
    assert Feed.objects.in_space(fresh).get().is_builtin
    assert make_project(fresh).lifecycle.is_default


def test_a_deleted_space_takes_everything_along(fresh):
    environment = make_environment(fresh)
    make_deployment(make_release(make_project(fresh)), environment)
    update_space(actor=SYSTEM, space=fresh, task_queue_stopped=True)
    fresh.refresh_from_db()

    delete_space(actor=SYSTEM, space=fresh)

    assert not Lifecycle.objects.exists()

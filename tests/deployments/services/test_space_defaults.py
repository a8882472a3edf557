"""What a new space begins with. domain.md 2."""

import pytest

from deployments.models import Feed, Lifecycle, MachinePolicy, ProjectGroup, WorkerPool
from spaces.services.spaces import create_space
from tests.factories.deployments import SYSTEM, make_project
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

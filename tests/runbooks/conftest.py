"""The cast of the tests of deployments, with people around runbooks."""

import pytest

from deployments.models import Environment, Project
from deployments.services.space_defaults import furnish_space
from spaces.actors import Actor
from spaces.models import Space
from tests.factories.deployments import SYSTEM, make_environment, make_project
from tests.factories.spaces import actor_for, grant, make_user


@pytest.fixture
def space(space: Space) -> Space:
    furnish_space(SYSTEM, space)
    return space


@pytest.fixture
def dev(space: Space) -> Environment:
    return make_environment(space, name="Development")


@pytest.fixture
def production(dev: Environment) -> Environment:
    """Comes after `dev`."""
    return make_environment(dev.space, name="Production", is_production=True)


@pytest.fixture
def project(space: Space) -> Project:
    return make_project(space, name="Shop")


@pytest.fixture
def consumer(space: Space) -> Actor:
    """Runs what is published, everywhere in `space`."""
    user = make_user(username="consumer", display_name="Carl Consumer")
    grant(user, "runbookconsumer", space)
    return actor_for(user)


@pytest.fixture
def producer(space: Space) -> Actor:
    """Writes runbooks and runs their drafts, everywhere in `space`."""
    user = make_user(username="producer", display_name="Pia Producer")
    grant(user, "runbookproducer", space)
    return actor_for(user)

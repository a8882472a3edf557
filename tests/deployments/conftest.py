"""The cast's spaces, furnished as every new space is."""

import pytest

from deployments.models import Environment
from deployments.services.space_defaults import furnish_space
from spaces.models import Space
from tests.factories.deployments import SYSTEM, make_environment


@pytest.fixture
def space(space: Space) -> Space:
    furnish_space(SYSTEM, space)
    return space


@pytest.fixture
def other_space(other_space: Space) -> Space:
    furnish_space(SYSTEM, other_space)
    return other_space


@pytest.fixture
def dev(space: Space) -> Environment:
    return make_environment(space, name="Development")


@pytest.fixture
def production(dev: Environment) -> Environment:
    """Comes after `dev`."""
    return make_environment(dev.space, name="Production", is_production=True)

"""The cast everybody knows: two spaces, and four people in or around the first one."""

from typing import Any

import pytest

from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission
from tests.factories.spaces import actor_for, grant, make_space, make_user


@pytest.fixture
def space(db: Any) -> Space:
    return make_space(name="Main", slug="main", is_default=True)


@pytest.fixture
def other_space(db: Any) -> Space:
    return make_space(name="Other", slug="other")


@pytest.fixture
def manager(space: Space) -> Actor:
    """May do everything in `space`, and nothing at system level."""
    user = make_user(username="manager", display_name="Mia Manager")
    grant(user, "spacemanager", space)
    return actor_for(user)


@pytest.fixture
def deployer(space: Space) -> Actor:
    """Edits projects, creates releases and deploys them everywhere in `space`."""
    user = make_user(username="deployer", display_name="Dora Deployer")
    grant(user, "projectdeployer", space)
    grant(user, [Permission.RELEASE_CREATE, Permission.FEED_VIEW], space)
    return actor_for(user)


@pytest.fixture
def viewer(space: Space) -> Actor:
    """Sees `space` and changes nothing."""
    user = make_user(username="viewer", display_name="Vera Viewer")
    grant(user, "projectviewer", space)
    return actor_for(user)


@pytest.fixture
def outsider(other_space: Space) -> Actor:
    """May do everything in `other_space`, and nothing in `space`."""
    user = make_user(username="outsider", display_name="Otto Outsider")
    grant(user, "spacemanager", other_space)
    return actor_for(user)

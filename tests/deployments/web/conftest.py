"""A browser for each of the cast, without a browser."""

from collections.abc import Callable

import pytest
from django.test import Client

from deployments.models import Environment, Project, Release
from spaces.actors import Actor
from spaces.models import Space
from tests.factories.deployments import make_project, make_release, make_target

Browse = Callable[[Actor], Client]


@pytest.fixture
def browse() -> Browse:
    """A client that is signed in as this actor's user."""

    def signed_in(actor: Actor) -> Client:
        assert actor.user is not None
        client = Client()
        client.force_login(actor.user)
        return client

    return signed_in


@pytest.fixture
def project(space: Space, dev: Environment, production: Environment) -> Project:
    """A shop with one step, deployable to Development and Production."""
    for environment in (dev, production):
        make_target(space, environment)
    return make_project(space, name="Shop")


@pytest.fixture
def release(project: Project) -> Release:
    return make_release(project, "1.0.0")


@pytest.fixture
def home(space: Space) -> str:
    """Where the addresses of the space begin."""
    return f"/app/spaces/{space.slug}"

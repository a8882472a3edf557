"""HTTP as our clients speak it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from spaces.actors import Actor
from spaces.models import User
from tests.factories.spaces import make_api_key


class ApiClient(Client):
    """Sends an API key and JSON; with `json` in place of `data`."""

    def __init__(self, key: str = "", **given: Any) -> None:
        super().__init__(raise_request_exception=False, **given)
        self.key = key

    def generic(self, method: str, path: Any, *args: Any, **given: Any) -> Any:
        if self.key:
            given["headers"] = {"X-Octopus-ApiKey": self.key} | (given.get("headers") or {})
        return super().generic(method, path, *args, **given)

    def send(self, method: str, path: str, body: Any = None, **given: Any) -> Any:
        """Any method with a JSON body."""
        act = getattr(self, method.lower())
        if body is None:
            return act(path, **given)
        return act(path, body, content_type="application/json", **given)


@pytest.fixture
def api(db: Any) -> Callable[..., ApiClient]:
    """`api(manager)`: a client with a new key of this person; `api()`: one without any."""

    def client(who: Actor | User | None = None, **key: Any) -> ApiClient:
        user = who.user if isinstance(who, Actor) else who
        return ApiClient(make_api_key(user, **key)[1] if user else "")

    return client

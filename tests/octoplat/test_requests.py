"""What happens to every request before its view. Promise S7, api-dialect.md 1."""

import time

import pytest

from octoplat.requests import LONGEST_SESSION
from tests.factories.spaces import PASSWORD, make_user
from tests.plugins.clients import ApiClient


@pytest.fixture
def client(db):
    make_user(username="vera")
    client = ApiClient()
    client.send("POST", "/api/users/login", {"Username": "vera", "Password": PASSWORD})
    return client


def test_every_answer_names_its_request(client):
    first, second = (client.get("/api")["X-Request-Id"] for _ in range(2))

    assert len(first) == 32
    assert first != second


@pytest.mark.promise("S7")
def test_a_session_ends_after_a_week_however_busy(client):
    session = client.session
    session["started"] = int(time.time()) - LONGEST_SESSION - 1
    session.save()

    assert client.get("/api/users/me").status_code == 401
    assert client.get("/api/users/me").status_code == 401


@pytest.mark.promise("S7")
def test_a_session_in_use_is_kept_alive(client):
    session = client.session
    session["seen"] = 0
    session.save()

    response = client.get("/api/users/me")

    assert response.status_code == 200
    assert client.session["seen"] > 0
    assert response.cookies["octoplat_session"]["max-age"] == 8 * 3600


@pytest.mark.parametrize("method", ["PUT", "delete"])
def test_only_posts_to_the_api_stand_for_other_methods(client, method):
    override = {"X-HTTP-Method-Override": method}

    assert client.get("/api/users/me", headers=override).status_code == 200
    assert client.post("/api/users/me", headers=override).status_code == 405

"""The API's limits. Promise S23, security-and-reliability.md 7.3."""

import pytest

from spaces import rates
from tests.factories.spaces import make_user

pytestmark = pytest.mark.promise("S23")


@pytest.fixture(autouse=True)
def strict(settings):
    """Six requests by whoever is known, four by an address."""
    settings.API_RATE = 3
    settings.ANONYMOUS_RATE = 2
    rates.forget_hands()
    yield
    rates.forget_hands()


def statuses(client, times, path="/api/users/me"):
    return [client.get(path).status_code for _ in range(times)]


def test_the_limit_is_exact_and_the_refusal_says_when(api, db):
    client = api(make_user())

    assert statuses(client, 6) == [200] * 6
    refused = client.get("/api/users/me")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 21
    assert refused.json()["ErrorMessage"] == "Too many requests."
    assert refused.json()["Errors"] == []


def test_every_key_has_a_limit_of_its_own(api, db):
    user = make_user()
    first, second = api(user), api(user)

    assert statuses(first, 7)[-1] == 429
    assert statuses(second, 1) == [200]


@pytest.mark.parametrize("key", ["", "API-" + "A" * 40, "a.b.c"], ids=["none", "key", "token"])
def test_an_address_without_good_credentials_is_slowed_down(api, db, key):
    stranger = api()
    stranger.key = key

    assert statuses(stranger, 5) == [401] * 4 + [429]


def test_somebody_with_a_good_key_is_not_locked_out_by_a_neighbour(api, db):
    stranger = api()
    stranger.key = "API-" + "A" * 40
    statuses(stranger, 6)

    assert statuses(api(make_user()), 1) == [200]


@pytest.mark.parametrize("path", ["/api", "/.well-known/openid-configuration"])
def test_what_anybody_may_ask_is_limited_too(api, db, path):
    assert statuses(api(), 5, path) == [200] * 4 + [429]


def test_token_exchange_is_limited(api, db):
    client = api()
    answers = [client.send("POST", "/token/v1", {}).status_code for _ in range(5)]

    assert answers == [400] * 4 + [429]


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/docs"])
def test_the_description_of_the_api_is_limited_like_the_api(api, db, path):
    assert statuses(api(), 5, path) == [401] * 4 + [429]


def test_no_header_lifts_the_limit(api, db):
    client = api(make_user())
    headers = {"octoplat.unlimited": "1", "Octoplat-Unlimited": "1", "X-Forwarded-For": "1.2.3.4"}

    assert [client.get("/api/users/me", headers=headers).status_code for _ in range(7)][-1] == 429

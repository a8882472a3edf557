"""Who is behind a request, and from where. domain.md 27."""

import pytest
from django.test import RequestFactory

from spaces.callers import caller, client_address
from tests.factories.spaces import make_api_key, make_user


@pytest.mark.promise("S11")
@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "10.9.9.9", "203.0.113.9"),  # no proxy of ours: the header is a claim
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("", "1.1.1.1", None),
    ],
)
def test_the_address_is_the_last_one_that_is_no_proxy_of_ours(settings, peer, forwarded, address):
    settings.TRUSTED_PROXIES = ["10.0.0.0/24"]
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == address


def test_a_stranger_is_nobody_and_not_octoplat_itself():
    actor = caller(RequestFactory().get("/"))

    assert not actor.is_system
    assert actor.name == "anonymous"


def test_a_key_is_named_as_what_established_the_identity(db):
    user = make_user()
    key, _ = make_api_key(user, purpose="CI")

    assert caller(RequestFactory().get("/"), user, key).identity == "API key 'CI'"

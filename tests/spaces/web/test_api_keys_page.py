"""The page of a person's API keys. domain.md 3.3, promise S4."""

import re

import pytest

from spaces.models import ApiKey
from spaces.services.api_keys import authenticate
from tests.factories.spaces import PASSWORD, make_api_key, make_user

URL = "/app/account/keys"
WANTED = {"purpose": "Build server", "expires": "180"}


@pytest.fixture
def page(client, viewer):
    client.post("/app/sign-in", {"username": "viewer", "password": PASSWORD})
    return client


@pytest.mark.promise("S4")
def test_a_new_key_is_shown_once(page, viewer):
    shown = page.post(f"{URL}/new", WANTED)

    text = re.search(r"API-[A-Z0-9]{40}", shown.text)[0]
    assert authenticate(text, address=None).user == viewer.user
    assert "no-store" in shown.headers["Cache-Control"]
    assert text not in page.get(URL).text
    assert ApiKey.objects.get().hint in page.get(URL).text


def test_a_key_can_be_limited(page, space):
    page.post(
        f"{URL}/new",
        WANTED
        | {
            "read_only": "on",
            "spaces": [space.pk],
            "permissions": ["ProjectView"],
            "addresses": "10.0.0.0/8\n192.168.0.0/16",
        },
    )

    key = ApiKey.objects.get()
    assert (key.read_only, key.space_ids, key.permissions) == (True, [space.pk], ["ProjectView"])
    assert key.allowed_cidrs == ["10.0.0.0/8", "192.168.0.0/16"]
    listed = page.get(URL).text
    for limit in ("Read only", f"In {space.name}", "From 10.0.0.0/8"):
        assert limit in listed


def test_a_key_may_live_for_ever_or_for_a_while(page):
    for life in ("never", "7"):
        page.post(f"{URL}/new", WANTED | {"expires": life})

    eternal, brief = ApiKey.objects.order_by("pk")
    assert eternal.expires_at is None
    assert brief.expires_at is not None


@pytest.mark.parametrize(
    "wrong", [{"purpose": ""}, {"addresses": "everywhere"}, {"spaces": [0]}, {"expires": "0"}]
)
def test_what_makes_no_sense_comes_back(page, wrong):
    answer = page.post(f"{URL}/new", WANTED | wrong)

    assert answer.status_code == 422
    assert not ApiKey.objects.exists()


def test_revoking_ends_a_key_but_none_of_others(page, viewer):
    own, _ = make_api_key(viewer.user)
    foreign, _ = make_api_key(make_user())

    for key in (own, foreign):
        page.post(f"{URL}/revoke", {"id": key.pk})

    assert list(ApiKey.objects.all()) == [foreign]


def test_making_a_key_asks_again_who_it_is(page):
    session = page.session
    session["proved"] = 0
    session.save()

    assert page.post(f"{URL}/new", WANTED)["Location"].startswith("/app/account/confirm")
    assert not ApiKey.objects.exists()


def test_more_keys_ask_no_more_queries(page, viewer, django_assert_num_queries):
    for _ in range(4):
        make_api_key(viewer.user)

    page.get(URL)
    with django_assert_num_queries(6):
        page.get(URL)

"""Signing in by the page: who gets in, what is told to others, and where it leads."""

from urllib.parse import urljoin

import pytest

from tests.factories.spaces import PASSWORD, make_user

URL = "/app/sign-in"
ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/%2f%2fevil.example/..//evil.example",
    "https://testserver@evil.example/",
    "javascript:alert(1)",
    "\thttps://evil.example",
]


@pytest.fixture
def kim(db):
    return make_user(username="kim")


def test_the_right_password_leads_where_one_wanted_to_go(client, kim):
    answer = client.post(URL, {"username": "Kim", "password": PASSWORD, "next": "/app/account/"})

    assert (answer.status_code, answer["Location"]) == (302, "/app/account/")
    assert client.get("/app/account/").status_code == 200


@pytest.mark.promise("S5")
@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_a_wrong_password_and_an_unknown_name_read_the_same(client, kim, name):
    answer = client.post(URL, {"username": name, "password": "wrong"})

    assert answer.status_code == 401
    assert "Invalid username or password." in answer.text
    assert "wrong" not in answer.text


@pytest.mark.promise("S11")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_led_to_another_site(client, kim, target):
    answer = client.post(URL, {"username": "kim", "password": PASSWORD, "next": target})

    assert urljoin("http://testserver/app/sign-in", answer["Location"]).startswith(
        "http://testserver/"
    )


def test_signing_out_ends_the_session(client, kim):
    client.force_login(kim)

    client.post("/app/sign-out")

    assert client.get("/app/account/").status_code == 302


def test_pages_ask_to_sign_in_and_remember_the_address(client, kim):
    assert client.get("/app/account/")["Location"] == "/app/sign-in?next=%2Fapp%2Faccount%2F"


def test_a_fragment_of_an_ended_session_leads_the_whole_page_to_sign_in(client, kim):
    answer = client.get("/app/account/", headers={"HX-Request": "true"})

    assert answer["HX-Redirect"].startswith("/app/sign-in")

"""The account page: three forms, each saved by itself."""

import pytest

from tests.factories.spaces import PASSWORD

URL = "/app/account/"


@pytest.fixture
def page(client, viewer):
    client.force_login(viewer.user)
    return client


def test_preferences_are_kept_in_cookies(page):
    answer = page.post(
        URL, {"form": "preferences", "theme": "dark", "density": "compact", "zone": "Europe/Oslo"}
    )

    assert answer.status_code == 302
    assert answer.cookies["octoplat_theme"].value == "dark"
    assert answer.cookies["octoplat_theme"]["httponly"]


def test_a_profile_is_saved(page, viewer):
    page.post(URL, {"form": "profile", "display_name": "Vera V.", "email": "vera@example.org"})

    viewer.user.refresh_from_db()
    assert (viewer.user.display_name, viewer.user.email) == ("Vera V.", "vera@example.org")


def test_a_password_changes_only_for_who_knows_the_old_one(page, viewer):
    new = "another long password 42"
    refused = page.post(URL, {"form": "password", "current": "wrong", "password": new})
    accepted = page.post(URL, {"form": "password", "current": PASSWORD, "password": new})

    viewer.user.refresh_from_db()
    assert (refused.status_code, accepted.status_code) == (422, 302)
    assert viewer.user.check_password(new)
    assert page.get(URL).status_code == 200, "this session goes on"


def test_a_weak_password_is_refused_with_its_reasons(page, viewer):
    answer = page.post(URL, {"form": "password", "current": PASSWORD, "password": "short"})

    viewer.user.refresh_from_db()
    assert answer.status_code == 422
    assert viewer.user.check_password(PASSWORD)

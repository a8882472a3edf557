"""Theme, density and zone come from cookies; anything else in them is ignored."""

import pytest
from django.test import RequestFactory

from octoplat.ui.preferences import Preferences


@pytest.mark.parametrize(
    "cookies",
    [
        {"octoplat_theme": "dark", "octoplat_zone": "Europe%2FOslo"},
        {"octoplat_theme": "dark", "octoplat_zone": "Europe/Oslo", "octoplat_density": "<b>"},
    ],
)
def test_choices_are_read(cookies):
    assert Preferences.of(_request(cookies)) == Preferences(theme="dark", zone="Europe/Oslo")


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Mars/Olympus", "", "\0"])
def test_what_is_no_choice_counts_as_not_said(zone):
    cookies = {"octoplat_theme": '"><script>', "octoplat_zone": zone}

    assert Preferences.of(_request(cookies)) == Preferences()


@pytest.mark.django_db
def test_the_page_is_painted_in_the_chosen_theme(client):
    client.cookies["octoplat_theme"] = "dark"

    assert 'data-theme="dark"' in client.get("/app/sign-in").text


def _request(cookies):
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies)
    return request

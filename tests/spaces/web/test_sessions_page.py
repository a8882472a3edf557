"""The page of a person's sessions. Promise S7."""

import pytest
from django.test import Client

from spaces.models import BrowserSession
from spaces.web.devices import device_name
from tests.factories.spaces import PASSWORD, make_user

pytestmark = pytest.mark.django_db

URL = "/app/account/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"


def browser(user_agent=FIREFOX):
    client = Client(headers={"User-Agent": user_agent})
    client.post("/app/sign-in", {"username": "ada", "password": PASSWORD})
    return client


@pytest.fixture
def ada():
    return make_user(username="ada")


def test_it_shows_every_browser_and_marks_this_one(ada):
    browser(SAFARI)

    text = browser().get(URL).text

    assert "Firefox on Linux" in text
    assert "Safari on iPhone" in text
    assert text.count("This one") == 1


@pytest.mark.promise("S7")
def test_ending_one_signs_that_browser_out(ada):
    lost, here = browser(SAFARI), browser()
    row = BrowserSession.objects.get(user_agent=SAFARI)

    here.post(f"{URL}/end", {"id": row.pk})

    assert lost.get(URL).status_code == 302
    assert here.get(URL).status_code == 200


@pytest.mark.promise("S7")
def test_ending_all_others_leaves_this_one(ada):
    others, here = [browser(SAFARI), browser()], browser()

    here.post(f"{URL}/end-others")

    assert [other.get(URL).status_code for other in others] == [302, 302]
    assert here.get(URL).status_code == 200


def test_ending_this_one_signs_out(ada):
    here = browser()

    answer = here.post(f"{URL}/end", {"id": BrowserSession.objects.get().pk})

    assert answer["Location"] == "/app/sign-in"
    assert here.get(URL).status_code == 302


@pytest.mark.parametrize("number", ["", "x", "999999", None])
def test_sessions_of_others_and_unknown_ones_stay(ada, number):
    make_user(username="eve")
    hers, mine = Client(), browser()
    hers.post("/app/sign-in", {"username": "eve", "password": PASSWORD})
    number = BrowserSession.objects.get(user__username="eve").pk if number is None else number

    mine.post(f"{URL}/end", {"id": number})

    assert hers.get(URL).status_code == 200


@pytest.mark.promise("S7")
def test_disabling_a_person_signs_them_out_everywhere(ada):
    page = browser()
    ada.is_active = False
    ada.save()

    assert page.get(URL).status_code == 302


def test_more_sessions_ask_no_more_queries(ada, django_assert_num_queries):
    page = browser()
    for _ in range(5):
        browser()

    with django_assert_num_queries(4):
        assert page.get(URL).status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("curl/8.0", "curl"),
        ("", "Unknown browser"),
        ("x" * 90, "x" * 40),
    ],
)
def test_browsers_are_called_as_people_know_them(user_agent, name):
    assert device_name(user_agent) == name

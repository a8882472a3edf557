"""Inviting by a page, and joining by its link."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from spaces.models import Invitation, User
from spaces.permissions import Permission
from tests.factories.spaces import PASSWORD, assign, grant, make_invitation, make_team, make_user

pytestmark = pytest.mark.django_db

URL = "/app/system/invitations"
KIM = {"username": "kim", "display_name": "Kim", "password": PASSWORD}


@pytest.fixture
def page(client, space):
    user = make_user(username="host")
    grant(user, "spacemanager", space)
    grant(user, Permission.USER_INVITE, None)
    client.force_login(user)
    return client


@pytest.fixture
def team(space):
    team = make_team(space, name="Deployers")
    assign(team, "projectdeployer", space)
    return team


def link(page, team):
    """Address and query of the link that the page shows, without the host."""
    shown = page.post(f"{URL}/new", {"teams": [team.pk]})
    assert "no-store" in shown.headers["Cache-Control"]
    found = re.search(r'data-copy="([^"]+/app/join\?code=[^"]+)"', shown.text)
    parts = urlsplit(found[1])
    return f"{parts.path}?{parts.query}"


def test_an_invitation_leads_from_link_to_user(page, team):
    address = link(page, team)
    newcomer = Client()

    assert newcomer.get(address).status_code == 200
    code = address.partition("code=")[2]
    joined = newcomer.post("/app/join", KIM | {"code": code})

    assert joined["Location"] == "/app/"
    assert list(User.objects.get(username="kim").teams.all()) == [team]
    assert newcomer.get("/app/account/").status_code == 200
    assert Client().get(address).status_code == 401


def test_what_cannot_be_a_user_comes_back_with_what_was_typed(page, team):
    code = link(page, team).partition("code=")[2]

    answer = Client().post("/app/join", KIM | {"code": code, "password": "short"})

    assert answer.status_code == 422
    assert 'value="Kim"' in answer.text
    assert not User.objects.filter(username="kim").exists()


@pytest.mark.parametrize("code", ["", "nonsense", "é" * 40])
def test_a_bad_code_says_so(client, code):
    answer = client.get("/app/join", {"code": code})

    assert answer.status_code == 401
    assert "not valid" in answer.text


def test_open_invitations_are_listed_and_withdrawn(page, team):
    link(page, team)
    assert "Deployers" in page.get(URL).text

    page.post(f"{URL}/withdraw", {"id": Invitation.objects.get().pk})

    assert "No open invitations" in page.get(URL).text


def test_a_stronger_team_is_refused_on_the_form(page, space):
    stronger = make_team(None, name="Strong")
    assign(stronger, Permission.SPACE_DELETE, None)

    answer = page.post(f"{URL}/new", {"teams": [stronger.pk]})

    assert answer.status_code == 422
    assert "SpaceDelete" in answer.text


def test_without_the_permission_the_pages_are_refused(client, manager):
    client.force_login(manager.user)

    assert client.get(URL).status_code == 403
    assert client.post(f"{URL}/new").status_code == 403


def test_more_invitations_ask_no_more_queries(page, team, django_assert_num_queries):
    for _ in range(4):
        make_invitation(team)

    page.get(URL)
    with django_assert_num_queries(6):
        page.get(URL)

"""Inviting and registering over HTTP. api-dialect.md 3.3, 7."""

import pytest

from spaces.models import Invitation, User
from spaces.permissions import Permission
from tests.factories.spaces import PASSWORD, assign, grant, make_invitation, make_team, make_user

URL = "/api/users/invitations"


@pytest.fixture
def host(space):
    user = make_user(username="host")
    grant(user, "spacemanager", space)
    grant(user, Permission.USER_INVITE, None)
    return user


@pytest.fixture
def team(space):
    team = make_team(space)
    assign(team, "projectviewer", space)
    return team


def test_an_invitation_is_made_and_accepted(api, host, team, space):
    made = api(host).send("POST", URL, {"AddToTeamIds": [team.wire_id]}).json()
    assert made["AddToTeamIds"] == [team.wire_id]
    assert made["SpaceId"] == space.wire_id

    body = {
        "Username": "kim",
        "DisplayName": "Kim",
        "Password": PASSWORD,
        "InvitationCode": made["InvitationCode"],
    }
    answer = api().send("POST", "/api/users/register", body)

    assert answer.status_code == 201
    assert answer.json()["Username"] == "kim"
    assert "Password" not in answer.json()
    assert list(User.objects.get(username="kim").teams.all()) == [team]


def test_a_code_is_shown_once(api, host, team):
    api(host).send("POST", URL, {"AddToTeamIds": [team.wire_id]})

    [listed] = api(host).get(URL).json()["Items"]
    one = api(host).get(listed["Links"]["Self"]).json()

    assert "InvitationCode" not in listed | one


@pytest.mark.parametrize("body", [{}, {"InvitationCode": "guess"}, {"Username": "kim"}])
def test_without_a_good_code_nobody_registers(api, body):
    answer = api().send("POST", "/api/users/register", body)

    assert answer.status_code == 401
    assert not User.objects.exists()


def test_a_withdrawn_invitation_is_gone(api, host, team):
    invitation = make_invitation(team)
    client = api(host)

    assert client.send("DELETE", f"{URL}/{invitation.wire_id}").status_code == 200
    assert client.get(f"{URL}/{invitation.wire_id}").status_code == 404


def test_without_the_permission_there_are_no_invitations(api, manager, team):
    invitation = make_invitation(team)
    client = api(manager)

    assert client.get(URL).json()["Items"] == []
    assert client.get(f"{URL}/{invitation.wire_id}").status_code == 404
    assert client.send("POST", URL, {"AddToTeamIds": [team.wire_id]}).status_code == 403
    assert Invitation.objects.count() == 1


def test_more_invitations_ask_no_more_queries(api, host, team, django_assert_num_queries):
    client = api(host)
    for _ in range(4):
        make_invitation(team)

    client.get(URL)
    with django_assert_num_queries(3):
        client.get(URL)

"""Invitations: who may give which, and that each is worth one user. domain.md 3.1, promise P4."""

from datetime import timedelta

import pytest
from django.utils import timezone

from spaces.actors import Actor
from spaces.errors import Conflict, Invalid, NotAuthenticated, PermissionRefused, TooManyRequests
from spaces.models import Event, Invitation, Team, User
from spaces.permissions import Permission
from spaces.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    open_invitations,
    withdraw_invitation,
)
from tests.factories.spaces import (
    PASSWORD,
    actor_for,
    assign,
    grant,
    make_administrator,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db

NOBODY = Actor(user=None, identity="Nobody", ip_address="10.0.0.1")


@pytest.fixture
def host(space):
    """Manages the space and may invite people."""
    user = make_user(username="host")
    grant(user, "spacemanager", space)
    grant(user, Permission.USER_INVITE, None)
    return actor_for(user)


@pytest.fixture
def team(space):
    team = make_team(space, name="Deployers")
    assign(team, "projectdeployer", space)
    return team


def accept(code, username="kim", **given):
    return accept_invitation(
        actor=NOBODY, code=code, **{"username": username, "password": PASSWORD} | given
    )


def test_who_accepts_becomes_a_member(host, team):
    _, code = invite(actor=host, teams=[team])

    user = accept(code, display_name="Kim")

    assert list(user.teams.all()) == [team]
    assert user.check_password(PASSWORD)
    assert list(open_invitations()) == []


@pytest.mark.promise("S20")
def test_inviting_and_accepting_are_audited(host, team):
    _, code = invite(actor=host, teams=[team])
    user = accept(code)

    made, created = Event.objects.filter(space=None).order_by("sequence")
    assert made.message == f"{host.user} invited somebody into Deployers"
    assert created.identity == "Invitation by host"
    assert Event.objects.get(space=team.space).message == f"{user} joined Deployers"


@pytest.mark.promise("S3")
def test_the_code_cannot_be_read_from_the_table(host, team):
    invitation, code = invite(actor=host, teams=[team])

    assert len(code) >= 32
    assert code not in "".join(map(str, vars(invitation).values()))


def test_a_code_is_good_once(host, team):
    _, code = invite(actor=host, teams=[team])
    accept(code)

    with pytest.raises(NotAuthenticated):
        accept(code, username="eve")

    assert not User.objects.filter(username="eve").exists()


def test_a_code_is_good_for_48_hours(host, team):
    invitation, code = invite(actor=host, teams=[team])
    life = invitation.expires_at - timezone.now()
    assert timedelta(hours=47, minutes=59) < life <= timedelta(hours=48)
    Invitation.objects.update(expires_at=timezone.now())

    with pytest.raises(NotAuthenticated):
        accept(code)


def test_a_bad_user_leaves_the_code_good(host, team):
    _, code = invite(actor=host, teams=[team])

    for bad in ({"password": "short"}, {"username": "host"}, {"username": " "}):
        with pytest.raises((Invalid, Conflict)):
            accept(code, **bad)

    assert accept(code)


@pytest.mark.promise("P4")
def test_nobody_invites_into_a_team_that_holds_more_than_they(host, other_space):
    foreign = make_team(other_space)
    assign(foreign, "projectviewer", other_space)
    administrators = Team.objects.get(builtin=Team.ADMINISTRATORS)

    for stronger in (foreign, administrators):
        with pytest.raises(PermissionRefused):
            invite(actor=host, teams=[stronger])

    assert not Invitation.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.promise("P4")
def test_what_the_inviter_has_lost_meanwhile_is_not_given(host, team, space):
    _, code = invite(actor=host, teams=[team])
    assign(team, "spacemanager", space)
    host.user.teams.clear()
    grant(host.user, Permission.USER_INVITE, None)

    with pytest.raises(NotAuthenticated):
        accept(code)


@pytest.mark.promise("P4")
def test_the_invitations_of_a_disabled_person_end(host, team):
    _, code = invite(actor=host, teams=[team])
    User.objects.filter(pk=host.user.pk).update(is_active=False)

    with pytest.raises(NotAuthenticated):
        accept(code)


def test_inviting_takes_its_permission_and_a_team(manager, host, team):
    with pytest.raises(PermissionRefused, match="UserInvite"):
        invite(actor=manager, teams=[team])
    with pytest.raises(Invalid):
        invite(actor=host, teams=[])
    with pytest.raises(Conflict):
        invite(actor=host, teams=[Team.objects.get(builtin=Team.EVERYONE)])


def test_an_invited_administrator_is_one_for_the_admin_too():
    boss = actor_for(make_administrator())
    _, code = invite(actor=boss, teams=[Team.objects.get(builtin=Team.ADMINISTRATORS)])

    user = accept(code)

    user.refresh_from_db()
    assert user.is_superuser


def test_a_withdrawn_invitation_is_worth_nothing(host, team, viewer):
    invitation, code = invite(actor=host, teams=[team])
    with pytest.raises(PermissionRefused):
        withdraw_invitation(actor=viewer, invitation=invitation)

    withdraw_invitation(actor=host, invitation=invitation)

    with pytest.raises(NotAuthenticated):
        accept(code)


def test_guessing_codes_has_to_wait():
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            find_invitation(actor=NOBODY, code="guess")

    with pytest.raises(TooManyRequests):
        find_invitation(actor=NOBODY, code="guess")

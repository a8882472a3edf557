"""Inviting people: a code gives whoever shows it a user in some teams, once. domain.md 3.1, promise P4.

Nobody gives away by an invitation what they do not hold, neither when they invite nor, if they have lost it
meanwhile, when somebody accepts.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from spaces.access import allowed_system, authorize_system
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid, NotAuthenticated, PermissionRefused
from spaces.models import Invitation, Team, User
from spaces.permissions import Permission
from spaces.services.attempts import INVITATION, count_failure, refuse_too_many
from spaces.services.escalation import refuse_to_share
from spaces.services.teams import join_team
from spaces.services.users import make_user

LIFE = timedelta(hours=48)
CODE_BYTES = 24
REFUSED = "The invitation is not valid: it is unknown, used or older than 48 hours."


def open_invitations() -> QuerySet[Invitation]:
    """Those that somebody can still accept."""
    return Invitation.objects.filter(accepted_by=None, expires_at__gt=timezone.now())


@transaction.atomic
def invite(*, actor: Actor, teams: Sequence[Team]) -> tuple[Invitation, str]:
    """A new invitation into these teams, and its code, which nobody can read again.

    Raises PermissionRefused, also for teams that hold more than the actor; Invalid without a team;
    Conflict for Everyone.
    """
    authorize_system(actor, Permission.USER_INVITE)
    if actor.user is None:
        raise Invalid("Only a user can invite.")
    if not teams:
        raise Invalid("Choose at least one team.")
    for team in teams:
        _refuse_team(actor, team)
    code = secrets.token_urlsafe(CODE_BYTES)
    invitation = Invitation.objects.create(
        digest=_digest(code), inviter=actor.user, expires_at=timezone.now() + LIFE
    )
    invitation.teams.set(teams)
    names = ", ".join(sorted(team.name for team in teams))
    message = f"{actor.user} invited somebody into {names}"
    record(actor, "Created", invitation, message=message, related=[t.wire_id for t in teams])
    return invitation, code


@transaction.atomic
def withdraw_invitation(*, actor: Actor, invitation: Invitation) -> None:
    """End an invitation. Raises PermissionRefused."""
    authorize_system(actor, Permission.USER_INVITE)
    record(actor, "Deleted", invitation, message=f"Withdrew an invitation by {invitation.inviter}")
    invitation.delete()


def find_invitation(*, actor: Actor, code: str) -> Invitation:
    """The open invitation with this code. actor: nobody yet, only where the request comes from.

    Raises TooManyRequests, or NotAuthenticated in the same words whatever is wrong.
    """
    if not code.strip():
        raise NotAuthenticated(REFUSED)  # no guess, so nothing to count
    address = actor.ip_address or ""
    refuse_too_many(INVITATION, "", address)
    if found := open_invitations().filter(digest=_digest(code)).first():
        return found
    with transaction.atomic():
        count_failure(INVITATION, "", address)
        record(
            actor, "LoginFailed", None, message="Somebody showed an invitation that is not valid"
        )
    raise NotAuthenticated(REFUSED)


def accept_invitation(
    *,
    actor: Actor,
    code: str,
    username: str,
    password: str,
    display_name: str = "",
    email: str = "",
) -> User:
    """Make the user whom the invitation is for, as a member of its teams. The code is used up then.

    actor: nobody yet, only where the request comes from. Raises TooManyRequests, NotAuthenticated, and
    Invalid or Conflict for what cannot be a user; then the code is still good.
    """
    invitation = find_invitation(actor=actor, code=code)
    with transaction.atomic():
        return _accepted(
            replace(actor, identity=f"Invitation by {invitation.inviter.username}"),
            invitation,
            username=username,
            password=password,
            display_name=display_name,
            email=email,
        )


def _accepted(actor: Actor, invitation: Invitation, **given: Any) -> User:
    """Of two who show the code at once, the lock lets one pass."""
    locked = open_invitations().select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    if locked is None or not _may_still_invite(locked):
        raise NotAuthenticated(REFUSED)
    user = make_user(actor=actor, **given)
    for team in locked.teams.all():
        join_team(actor=actor, team=team, user=user)
    Invitation.objects.filter(pk=locked.pk).update(accepted_by=user)
    return user


def _may_still_invite(invitation: Invitation) -> bool:
    inviter = Actor(user=invitation.inviter)
    if not invitation.inviter.is_active or not allowed_system(inviter, Permission.USER_INVITE):
        return False
    try:
        for team in invitation.teams.all():
            _refuse_team(inviter, team)
    except (PermissionRefused, Conflict):
        return False
    return True


def _refuse_team(actor: Actor, team: Team) -> None:
    if not team.can_change_members:
        raise Conflict(f"Everybody is in the built-in team {team}.")
    refuse_to_share(actor, team.scoped_roles.select_related("role"))


def _digest(code: str) -> str:
    """192 random bits need no slow hash."""
    return hashlib.sha256(code.strip().encode()).hexdigest()

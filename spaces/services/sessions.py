"""Sessions of browsers: seeing them, and ending them. Promise S7, domain.md 3.1."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from spaces.access import authorize_system
from spaces.actors import Actor
from spaces.audit import record
from spaces.models import BrowserSession, User
from spaces.permissions import Permission


def living_sessions(user: User) -> QuerySet[BrowserSession]:
    """The browsers in which the user is signed in, the last used first."""
    return BrowserSession.objects.filter(user=user, expires_at__gt=timezone.now())


@transaction.atomic
def end_session(*, actor: Actor, session: BrowserSession) -> None:
    """Sign one browser out. Another user's takes UserEdit. Raises PermissionRefused."""
    user = session.user
    if user is None:
        raise LookupError("Nobody is signed in there.")
    _authorize(actor, user)
    record(actor, "Deleted", session, message=f"Ended a session of {user}", related=[user.wire_id])
    session.delete()


@transaction.atomic
def end_sessions(*, actor: Actor, user: User) -> int:
    """Sign the user out everywhere but in the browser that asks; how many that were.

    Raises PermissionRefused.
    """
    _authorize(actor, user)
    ended = sign_out_everywhere(user, but=actor.session)
    if ended:
        message = f"Ended {ended} session{'s' * (ended > 1)} of {user}"
        record(actor, "Deleted", user.sessions.model(), message=message, related=[user.wire_id])
    return ended


def sign_out_everywhere(user: User, *, but: str = "") -> int:
    """End the user's sessions without asking, as part of a change that must; how many that were.

    but: digest of the one that goes on, `Actor.session`.
    """
    sessions = living_sessions(user).exclude(digest=but)
    ended = sessions.count()
    sessions.delete()
    return ended


def _authorize(actor: Actor, user: User) -> None:
    if actor.user != user:
        authorize_system(actor, Permission.USER_EDIT)

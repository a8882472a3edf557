"""Opening a space to an operator, for a while and for a reason, and closing it. domain.md 4.7.

Each act is told twice: in the space, whose people may see who looked at their things, and at system
level, where it outlives the space.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from spaces.access import authorize_system
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Elevation, Space, User
from spaces.permissions import Permission
from spaces.queries.elevations import elevations_of

LASTS = timedelta(minutes=30)
SHORTEST_REASON = 10  # characters
LONGEST_REASON = 1000


@transaction.atomic
def elevate(*, actor: Actor, space: Space, reason: str) -> Elevation:
    """Let the actor look at the content of the space for `LASTS`.

    Only a person with a session can: a key has nobody who could be asked why. Raises PermissionRefused,
    Invalid, or Conflict while the space is open to the actor already.
    """
    authorize_system(actor, Permission.ADMINISTER_SYSTEM)
    user = _person(actor)
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid(
            f"Say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters; the people of the "
            "space can read it."
        )
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one at a time
    if elevations_of(user).filter(space=space).exists():
        raise Conflict(f"The space {space} is open to you already.")
    elevation = Elevation.objects.create(
        user=user, space=space, reason=reason, expires_at=Now() + LASTS
    )
    elevation.refresh_from_db()
    _tell(actor, "ElevationStarted", elevation, f"Opened the space {space} for 30 minutes")
    return elevation


@transaction.atomic
def end_elevation(*, actor: Actor, elevation: Elevation) -> None:
    """Close the space again, before its time is over. Ending twice changes nothing.

    Raises PermissionRefused.
    """
    if actor.user != elevation.user:
        authorize_system(actor, Permission.ADMINISTER_SYSTEM)
    held = Elevation.objects.filter(pk=elevation.pk, ended_at=None, expires_at__gt=Now())
    if held.update(ended_at=Now()):
        message = f"Closed the space {elevation.space} to {elevation.user}"
        _tell(actor, "ElevationEnded", elevation, message)


def _person(actor: Actor) -> User:
    if actor.user is None or actor.api_key is not None:
        raise PermissionRefused(
            Permission.ADMINISTER_SYSTEM.value, "Only a person who has signed in can open a space."
        )
    return actor.user


def _tell(actor: Actor, category: str, elevation: Elevation, message: str) -> None:
    details = {"reason": [None, elevation.reason]}
    record(actor, category, elevation, message=message, details=details)
    record(actor, category, elevation.space, message=message, details=details)

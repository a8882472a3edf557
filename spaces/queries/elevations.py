"""Which spaces an operator has opened for now. domain.md 4.7."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from spaces.models import Elevation, User


def elevations_of(user: User) -> QuerySet[Elevation]:
    """Those that hold now, the oldest first."""
    held = Elevation.objects.filter(user=user, ended_at=None, expires_at__gt=Now())
    return held.filter(space__deletion_requested_at=None).select_related("space").order_by("id")

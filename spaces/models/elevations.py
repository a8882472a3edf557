"""Breaking the glass: an operator looks into a space they hold no role in. domain.md 4.7."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from spaces.models.spaces import Space
from spaces.models.users import User


class Elevation(models.Model):
    """For a while and for a reason Django's admin shows this person the content of this space.

    It opens nothing else: pages and API go on asking for the person's own roles.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="elevations")
    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField()
    started_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="elevation_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="elevation_ends_after_its_start", condition=Q(expires_at__gt=F("started_at"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["user", "expires_at"],
                condition=Q(ended_at__isnull=True),
                name="elevation_of_user",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.space}"

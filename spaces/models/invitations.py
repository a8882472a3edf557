"""Invitations: codes with which somebody new makes their own user. domain.md 3.1."""

from django.db import models

from spaces.models.base import WireIdentified
from spaces.models.teams import Team
from spaces.models.users import User


class Invitation(WireIdentified, models.Model):
    """A place in some teams for whoever shows the code first, while it lasts.

    digest: SHA-256 of the code, hexadecimal; the code itself was shown once.
    accepted_by: who made their user with it; after that it is worth nothing.
    """

    wire_prefix = "Invitations"

    digest = models.CharField(max_length=64, unique=True)
    teams = models.ManyToManyField(Team, related_name="+")
    inviter = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_by = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Invitation by {self.inviter}"

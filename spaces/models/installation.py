"""The one row about this installation as a whole."""

from uuid import uuid4

from django.db import models
from django.db.models import Q


class Installation(models.Model):
    """Its identity, and the stamp that tells every process whether cached rights are still good.

    access_stamp: a new random value with every change of teams, roles, assignments or members, written
    in the same transaction. Random, because a counter would repeat itself after a rollback.
    second_factor_for: whose rights take a second factor, beside those in spaces that ask for one.
    """

    class SecondFactorFor(models.TextChoices):
        NOBODY = "", "Nobody"
        ADMINISTRATORS = "administrators", "Octopus Administrators and Octopus Managers"
        EVERYBODY = "everybody", "Everybody"

    guid = models.UUIDField(default=uuid4, editable=False)
    access_stamp = models.UUIDField(default=uuid4, editable=False)
    second_factor_for = models.CharField(max_length=20, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(name="installation_only_one", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.guid)

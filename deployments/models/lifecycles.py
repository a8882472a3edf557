"""Lifecycles: the order in which releases move through environments."""

from django.db import models

from deployments.models.environments import Environment
from deployments.models.named import Named
from spaces.models import SpaceOwned


def keep_forever() -> dict[str, object]:
    """A retention policy that deletes nothing."""
    return {"strategy": "Forever"}


class Lifecycle(Named):
    """Phases in order. Without phases: one per environment of the space, live. domain.md 8.

    Retention policies: {"strategy": "Default" | "Forever" | "Count", "unit": "Days" | "Items",
    "quantity": int}.
    """

    wire_prefix = "Lifecycles"

    is_default = models.BooleanField(default=False)
    release_retention = models.JSONField(default=keep_forever)
    files_retention = models.JSONField(default=keep_forever)


class Phase(SpaceOwned):
    """One stage. A phase without environments takes all that no other phase names."""

    lifecycle = models.ForeignKey(Lifecycle, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(max_length=200)
    sort_order = models.IntegerField(default=0)
    minimum_environments = models.PositiveIntegerField(default=0)
    is_optional = models.BooleanField(default=False)
    is_priority = models.BooleanField(default=False)
    release_retention = models.JSONField(null=True, blank=True)
    files_retention = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["sort_order", "id"]

    def __str__(self) -> str:
        return self.name


class PhaseEnvironment(SpaceOwned):
    """An environment of a phase; automatic ones are deployed to as soon as the phase opens."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="environments")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="phases")
    is_automatic = models.BooleanField(default=False)
    sort_order = models.IntegerField(default=0)

    class Meta:
        ordering = ["sort_order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["phase", "environment"], name="phaseenvironment_once")
        ]

    def __str__(self) -> str:
        return f"{self.environment} in {self.phase}"

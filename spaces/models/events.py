"""The audit trail: append-only rows in one chain per space and one for the system. domain.md 27."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from spaces.models.base import Dimensions, SpaceOwnedQuerySet, WireIdentified
from spaces.models.spaces import Space
from spaces.models.users import User


class Event(WireIdentified, models.Model):
    """Something that happened, written once, in the transaction of what happened.

    sequence: without gaps, in commit order, per chain (the space's, or the system's when it is NULL).
    hash: chains the row to the one before; see `spaces.audit`. A trigger refuses changes.
    project_id ... tenant_id: where it happened, for EventView; not foreign keys, for events outlive
    what they tell about.
    """

    dimensions = Dimensions(
        project="project_id",
        group="project_group_id",
        environment="environment_id",
        tenant="tenant_id",
    )
    wire_prefix = "Events"

    space = models.ForeignKey(
        Space, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    sequence = models.BigIntegerField()
    category = models.CharField(max_length=60)
    occurred = models.DateTimeField()
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    username = models.CharField(max_length=150)
    identity = models.CharField(max_length=250, blank=True, default="")
    cause = models.TextField(blank=True, default="")
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=400, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    message = models.TextField()
    subject_type = models.CharField(max_length=60, blank=True, default="")
    related = ArrayField(models.CharField(max_length=100), default=list)
    details = models.JSONField(default=dict)
    project_id = models.BigIntegerField(null=True, blank=True)
    project_group_id = models.BigIntegerField(null=True, blank=True)
    environment_id = models.BigIntegerField(null=True, blank=True)
    tenant_id = models.BigIntegerField(null=True, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = SpaceOwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["space", "sequence"], nulls_distinct=False, name="event_sequence_unique"
            )
        ]
        indexes = [
            models.Index(fields=["space", "-occurred"], name="event_recent"),
            GinIndex(fields=["related"], name="event_related"),
        ]

    def __str__(self) -> str:
        return self.message


class EventHead(models.Model):
    """The end of a chain. Locking it gives events their order; a missing tail shows against it."""

    space = models.ForeignKey(
        Space, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["space"], nulls_distinct=False, name="eventhead_one_per_chain"
            )
        ]

    def __str__(self) -> str:
        return f"{self.space or 'system'}: {self.sequence}"

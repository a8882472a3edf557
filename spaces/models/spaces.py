"""Spaces: hard walls between groups of teams."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from spaces.models.base import WireIdentified


class Space(WireIdentified, models.Model):
    """Everything of one organisation or department; nothing crosses into another. domain.md 2.

    requires_second_factor: rights in the space hold only in sessions with a second factor.
    deletion_requested_at: from then on nobody sees the space; a server task removes its content.
    """

    wire_prefix = "Spaces"

    name = models.CharField(max_length=50)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.TextField(blank=True, default="")
    is_default = models.BooleanField(default=False)
    is_private = models.BooleanField(default=False)
    requires_second_factor = models.BooleanField(default=False, db_default=False)
    task_queue_stopped = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    deletion_requested_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="space_name_unique"),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="space_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

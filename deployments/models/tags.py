"""Tag sets and their tags: words of a space by which tenants and others are grouped. domain.md 23.2."""

import re

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from deployments.core.tags import canonical_name
from deployments.models.named import Named
from spaces.models import SpaceOwned


class TagSet(Named):
    """An ordered set of tags. scopes: the kinds of things that may carry them."""

    wire_prefix = "TagSets"

    class Type(models.TextChoices):
        MULTI = "MultiSelect", "Several of the listed tags"
        SINGLE = "SingleSelect", "One of the listed tags"
        FREE = "FreeText", "Any text"

    class Scope(models.TextChoices):
        TENANT = "Tenant", "Tenants"
        ENVIRONMENT = "Environment", "Environments"
        PROJECT = "Project", "Projects"
        RUNBOOK = "Runbook", "Runbooks"
        TARGET = "Target", "Deployment targets"

    sort_order = models.IntegerField(default=0)
    type = models.CharField(max_length=20, choices=Type.choices, default=Type.MULTI)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), default=list)

    class Meta(Named.Meta):
        ordering = ["sort_order", "id"]


class Tag(SpaceOwned):
    """One tag. Those of a free text set come and go with the tenants that carry them.

    What is chosen by tags (channels, steps, targets, variables) names them canonically, `Set/Tag`.
    """

    wire_prefix = "Tags"

    tag_set = models.ForeignKey(TagSet, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    color = models.CharField(max_length=7, default="#333333")
    sort_order = models.IntegerField(default=0)

    class Meta:
        ordering = ["tag_set__sort_order", "tag_set_id", "sort_order", "id"]
        constraints = [
            models.UniqueConstraint("tag_set", Lower("name"), name="tag_name_unique"),
        ]

    def __str__(self) -> str:
        return self.canonical_name

    @property
    def canonical_name(self) -> str:
        """What the tag is called outside of its set; needs `tag_set`."""
        return canonical_name(self.tag_set.name, self.name)

    @property
    def wire_id(self) -> str:
        return f"TagSets-{self.tag_set_id}/tags-{self.pk}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(r"TagSets-([0-9]{1,18})/tags-([0-9]{1,18})", text, re.IGNORECASE)
        return Q(tag_set_id=int(match[1]), pk=int(match[2])) if match else None

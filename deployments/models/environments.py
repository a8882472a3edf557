"""Environments: where releases go, in the order they go there."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from deployments.models.named import Named
from spaces.models import Dimensions


class Environment(Named):
    """Development, Test, Production: a group of targets and a column of the dashboard. domain.md 5."""

    dimensions = Dimensions(environment="id")
    wire_prefix = "Environments"

    sort_order = models.IntegerField(default=0)
    use_guided_failure = models.BooleanField(default=False)
    allow_dynamic_infrastructure = models.BooleanField(default=True)
    is_production = models.BooleanField(default=False)
    tags = ArrayField(models.CharField(max_length=200), default=list, blank=True)

    class Meta(Named.Meta):
        ordering = ["sort_order", "id"]

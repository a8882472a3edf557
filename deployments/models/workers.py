"""Worker pools: where steps run that are tied to no target."""

from django.db import models
from django.db.models import Q

from deployments.models.named import Named


class WorkerPool(Named):
    """Workers to choose from. The default pool of a space, while it holds no worker, is served by the
    server node itself where the installation allows that. domain.md 7."""

    wire_prefix = "WorkerPools"
    view_permission = "WorkerView"

    is_default = models.BooleanField(default=False)
    sort_order = models.IntegerField(default=0)

    class Meta(Named.Meta):
        ordering = ["sort_order", "id"]
        constraints = [
            *Named.Meta.constraints,
            models.UniqueConstraint(
                fields=["space"], condition=Q(is_default=True), name="workerpool_one_default"
            ),
        ]

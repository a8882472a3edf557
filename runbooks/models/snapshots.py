"""Runbook snapshots: a runbook's process, variables and package versions frozen together."""

from django.db import models
from django.db.models.functions import Lower

from deployments.core.process import Step
from deployments.models import Assembly
from runbooks.models.processes import RunbookProcessSnapshot
from runbooks.models.runbooks import Runbook


class RunbookSnapshot(Assembly):
    """A runbook as it was, under a name. One of a runbook's may be published. domain.md 24."""

    wire_prefix = "RunbookSnapshots"
    view_permission = "RunbookView"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="snapshots")
    name = models.CharField(max_length=200)
    process = models.ForeignKey(
        RunbookProcessSnapshot, on_delete=models.RESTRICT, related_name="snapshots"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("runbook", Lower("name"), name="runbooksnapshot_name_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.runbook}"

    @property
    def is_published(self) -> bool:
        return self.pk is not None and self.runbook.published_id == self.pk

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.process.parsed

    @property
    def settings(self) -> Runbook:
        return self.runbook

    @property
    def process_owner(self) -> str:
        return f"runbook:{self.runbook_id}"

    @property
    def names(self) -> dict[str, str]:
        return {
            "Octopus.Runbook.Id": self.runbook.wire_id,
            "Octopus.Runbook.Name": self.runbook.name,
            "Octopus.RunbookSnapshot.Name": self.name,
        }

"""Runbook runs: a snapshot carried out in an environment, once."""

from django.db import models

from deployments.models import ProcessRun
from runbooks.models.runbooks import Runbook
from runbooks.models.snapshots import RunbookSnapshot


class RunbookRun(ProcessRun):
    """One run of a snapshot, for a tenant or for none. domain.md 24."""

    wire_prefix = "RunbookRuns"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="runs")
    snapshot = models.ForeignKey(RunbookSnapshot, on_delete=models.RESTRICT, related_name="runs")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["runbook", "environment", "tenant", "-id"], name="run_place"),
            models.Index(fields=["snapshot"], name="run_of_snapshot"),
            models.Index(fields=["space", "-id"], name="run_recent"),
        ]

    def __str__(self) -> str:
        where = f"{self.environment}{f' for {self.tenant}' if self.tenant else ''}"
        return f"{self.runbook} in {where}"

    @property
    def assembly(self) -> RunbookSnapshot:
        return self.snapshot

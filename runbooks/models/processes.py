"""The steps of runbooks: as they are edited, and as snapshots hold them."""

import re

from django.db import models
from django.db.models import Q

from deployments.models import EditedProcess, FrozenProcess, Project
from runbooks.models.runbooks import Runbook
from spaces.models import Dimensions

PREFIX = "RunbookProcess-Runbooks"


class RunbookProcess(EditedProcess):
    """What a runbook does."""

    dimensions = Dimensions(project="runbook__project_id", group="runbook__project__group_id")
    view_permission = "RunbookView"

    runbook = models.OneToOneField(Runbook, on_delete=models.CASCADE, related_name="process")

    class Meta:
        verbose_name_plural = "runbook processes"

    def __str__(self) -> str:
        return f"Process of {self.runbook} (version {self.version})"

    @property
    def wire_id(self) -> str:
        return f"{PREFIX}-{self.runbook_id}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(rf"{PREFIX}-([0-9]{{1,18}})", text, re.IGNORECASE)
        return Q(runbook_id=int(match[1])) if match else None

    @property
    def owner(self) -> Runbook:
        return self.runbook

    @property
    def home(self) -> Project:
        return self.runbook.project


class RunbookProcessSnapshot(FrozenProcess):
    """A runbook's process as it was."""

    dimensions = Dimensions(project="runbook__project_id", group="runbook__project__group_id")
    view_permission = "RunbookView"

    runbook = models.ForeignKey(Runbook, on_delete=models.CASCADE, related_name="process_snapshots")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["runbook", "version"], name="runbookprocesssnapshot_once"
            )
        ]

    def __str__(self) -> str:
        return f"Process of {self.runbook}, version {self.version}"

    @property
    def wire_id(self) -> str:
        return f"{PREFIX}-{self.runbook_id}-s-{self.version}-{self.pk}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(
            rf"{PREFIX}-([0-9]{{1,18}})-s-[0-9]+-([0-9]{{1,18}})", text, re.IGNORECASE
        )
        return Q(runbook_id=int(match[1]), pk=int(match[2])) if match else None

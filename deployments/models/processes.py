"""Processes: the steps of a project, and the frozen copies that releases hold."""

import re
from functools import cached_property

from django.db import models
from django.db.models import Q

from deployments.core.process import Step, steps_from_json
from deployments.models.projects import Project
from spaces.models import Dimensions, SpaceOwned


class EditedProcess(SpaceOwned):
    """Steps as they are edited. `version` counts saves and guards against lost ones.

    steps: the JSON of `deployments.core.process.Step`, in order.
    """

    version = models.PositiveIntegerField(default=0)
    steps = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        abstract = True

    def parsed(self) -> tuple[Step, ...]:
        """The steps as plain values."""
        return steps_from_json(self.steps)

    @property
    def owner(self) -> SpaceOwned:
        """The project or runbook whose steps these are."""
        raise NotImplementedError

    @property
    def home(self) -> Project:
        """The project that the owner is or belongs to."""
        raise NotImplementedError


class FrozenProcess(SpaceOwned):
    """Steps as they were, shared by every assembly made of that version. Never changed."""

    version = models.PositiveIntegerField()
    steps = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    @cached_property
    def parsed(self) -> tuple[Step, ...]:
        """The steps as plain values."""
        return steps_from_json(self.steps)


class Process(EditedProcess):
    """What deployments of a project do."""

    dimensions = Dimensions(project="project_id", group="project__group_id")

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="process")

    class Meta:
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return f"Process of {self.project} (version {self.version})"

    @property
    def wire_id(self) -> str:
        return f"deploymentprocess-Projects-{self.project_id}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(r"deploymentprocess-Projects-([0-9]{1,18})", text, re.IGNORECASE)
        return Q(project_id=int(match[1])) if match else None

    @property
    def owner(self) -> Project:
        return self.project

    @property
    def home(self) -> Project:
        return self.project


class ProcessSnapshot(FrozenProcess):
    """A deployment process as it was; releases hold it."""

    dimensions = Dimensions(project="project_id", group="project__group_id")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="process_snapshots")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="processsnapshot_once")
        ]

    def __str__(self) -> str:
        return f"Process of {self.project}, version {self.version}"

    @property
    def wire_id(self) -> str:
        return f"deploymentprocess-Projects-{self.project_id}-s-{self.version}-{self.pk}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        match = re.fullmatch(
            r"deploymentprocess-Projects-([0-9]{1,18})-s-[0-9]+-([0-9]{1,18})", text, re.IGNORECASE
        )
        return Q(project_id=int(match[1]), pk=int(match[2])) if match else None

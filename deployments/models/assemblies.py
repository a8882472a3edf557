"""Assemblies: what is frozen together so that it can be carried out later, unchanged."""

from django.db import models

from deployments.core.process import Step
from deployments.models.projects import Project
from deployments.models.run_settings import RunSettings
from deployments.models.variables import VariableSnapshot
from spaces.models import Dimensions, SpaceOwned


class Assembly(SpaceOwned):
    """A process, variables and package versions frozen together: a release or a runbook snapshot.

    packages: [{"action", "action_name", "step_name", "reference", "package_id", "version", "feed",
    "extension", "sha256", "size"}], one for each package reference of the process.
    """

    dimensions = Dimensions(project="project_id", group="project__group_id")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="%(class)ss")
    variables = models.ForeignKey(
        VariableSnapshot, on_delete=models.RESTRICT, related_name="%(class)ss"
    )
    packages = models.JSONField(default=list)
    notes = models.TextField(blank=True, default="")
    assembled_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def steps(self) -> tuple[Step, ...]:
        """What its runs do, in order."""
        raise NotImplementedError

    @property
    def settings(self) -> RunSettings:
        """What its runs go by."""
        raise NotImplementedError

    @property
    def process_owner(self) -> str:
        """What a value is scoped to that applies to runs of this process alone (`VariableScope.processes`)."""
        raise NotImplementedError

    @property
    def names(self) -> dict[str, str]:
        """What system variables call it, as far as it is known before anything runs."""
        raise NotImplementedError

    @property
    def channel_number(self) -> int | None:
        """The id of its channel, where it has one."""
        return None

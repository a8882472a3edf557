"""The steps of runbooks, the edited ones and the frozen ones (api-dialect.md 8.7)."""

from typing import Any

from django.db.models import QuerySet

from deployments.api.fields import Computed
from deployments.api.processes import ProcessResource, StepsViewSet
from deployments.models import EditedProcess
from runbooks.api.references import project_named
from runbooks.models import RunbookProcess, RunbookProcessSnapshot
from runbooks.services.runbooks import save_runbook_process
from spaces.api.documents import api_address
from spaces.permissions import Permission


class RunbookProcessResource(ProcessResource):
    """The steps of a runbook. `Version` guards against overwriting somebody else's save."""

    collection = "runbookProcesses"

    ProjectId = Computed(lambda process: f"Projects-{process.runbook.project_id}")
    RunbookId = Computed(lambda process: f"Runbooks-{process.runbook_id}")

    def links(self, row: RunbookProcess, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        return {
            "Project": f"{space}/projects/Projects-{row.runbook.project_id}",
            "Runbook": f"{space}/runbooks/Runbooks-{row.runbook_id}",
        }


class RunbookProcessViewSet(StepsViewSet):
    """Processes of the space's runbooks, or of the runbooks of the project that the address names."""

    model = RunbookProcess
    frozen = RunbookProcessSnapshot
    view_permission = Permission.RUNBOOK_VIEW
    serializer_class = RunbookProcessResource

    def rows(self) -> QuerySet[Any]:
        return self._of_project(super().rows())

    def frozen_rows(self) -> QuerySet[Any]:
        return self._of_project(super().frozen_rows())

    def save(self, process: RunbookProcess, given: dict[str, Any]) -> EditedProcess:
        return save_runbook_process(
            actor=self.request.actor,
            runbook=process.runbook,
            steps=given["parsed"],
            version=given.get("version"),
        )

    def _of_project(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = rows.select_related("runbook__project")
        if text := self.kwargs.get("project"):
            return rows.filter(runbook__project=project_named(self.request, text))
        return rows

"""Runbook runs (api-dialect.md 8.13)."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.response import Response

from deployments.api.fields import Computed, Constant, Maybe
from deployments.api.runs import RunResource, RunViewSet, options_given
from deployments.queries.blockers import Place
from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from runbooks.queries.snapshots import runnable
from runbooks.services.runs import delete_run, run_runbook
from spaces.access import visible
from spaces.api.documents import api_address
from spaces.api.views import ApiRequest
from spaces.errors import Invalid
from spaces.permissions import Permission


class RunbookRunResource(RunResource):
    """A snapshot carried out in an environment, once."""

    collection = "runbookRuns"

    Name = Computed(lambda run: f"Run in {run.environment.name}")
    RunbookId = Maybe(
        queryset=Runbook.objects.select_related("project", "published"), source="runbook"
    )
    RunbookSnapshotId = Maybe(
        queryset=RunbookSnapshot.objects.select_related("runbook__project"), source="snapshot"
    )
    FrozenRunbookProcessId = Computed(lambda run: run.snapshot.process.wire_id)

    Changes = Constant([])
    ChangesMarkdown = Constant("")

    def links(self, row: RunbookRun, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        return super().links(row, address) | {
            "Runbook": f"{space}/runbooks/Runbooks-{row.runbook_id}",
            "RunbookSnapshot": f"{space}/runbookSnapshots/RunbookSnapshots-{row.snapshot_id}",
        }


class RunbookRunViewSet(RunViewSet):
    model = RunbookRun
    view_permission = Permission.RUNBOOK_RUN_VIEW
    serializer_class = RunbookRunResource
    related = {"runbooks": (Runbook, "runbook")}

    def get_queryset(self) -> QuerySet[Any]:
        return runs_in(self.request)

    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Runs as older clients do, naming everything by id; without a snapshot, the published one."""
        given = self.given(RunbookRunResource)
        snapshot: RunbookSnapshot | None = given.get("snapshot")
        runbook: Runbook | None = given.get("runbook")
        if runbook is None and snapshot:
            runbook = snapshot.runbook
        if runbook is None:
            raise Invalid("RunbookId: Name a runbook or one of its snapshots.")
        if snapshot and snapshot.runbook != runbook:
            raise Invalid(f"RunbookSnapshotId: {snapshot} is not of the runbook {runbook}.")
        run = run_runbook(
            actor=request.actor,
            runbook=runbook,
            snapshot=snapshot,
            places=[Place(given["environment"], given.get("tenant"))],
            options=options_given(request, snapshot or runnable(runbook), given),
        )[0]
        return self.shown(run, 201)

    def destroy(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Deletes a finished run with its log."""
        delete_run(actor=request.actor, run=self.row(id))
        return Response({})


def runs_in(request: Any) -> QuerySet[Any]:
    """The runs of the space that the caller may see, with what their documents show."""
    rows: QuerySet[Any] = RunbookRun.objects.in_space(request.space)
    seen = visible(request.actor, Permission.RUNBOOK_RUN_VIEW, rows)
    related = ("task", "environment", "tenant", "runbook", "snapshot__process")
    return seen.select_related(*related).defer("task__plan", "snapshot__process__steps")

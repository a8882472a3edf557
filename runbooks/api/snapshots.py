"""Runbook snapshots (api-dialect.md 8.12)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.fields import Computed, Constant, Text
from deployments.api.releases import SelectedPackage, changed_packages
from deployments.models import Project
from runbooks.api.previews import environment_preview, run_template
from runbooks.api.references import project_named
from runbooks.api.runs import RunbookRunResource, runs_in
from runbooks.models import Runbook, RunbookSnapshot
from runbooks.services.snapshots import (
    SnapshotRequest,
    delete_snapshot,
    edit_snapshot,
    publish_snapshot,
    take_snapshot,
    update_snapshot_variables,
)
from spaces.access import authorize, visible
from spaces.api.documents import SpaceResource, Timestamp, api_address
from spaces.api.fields import InSpace
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.errors import Invalid
from spaces.permissions import Permission

PUBLISH = OpenApiParameter("publish", bool, description="Let people run this one from now on.")


def _variables(snapshot: RunbookSnapshot) -> str:
    return f"variableset-Projects-{snapshot.project_id}-s-{snapshot.variables_id}"


class SnapshotResource(SpaceResource):
    """A runbook's process, variables and package versions, frozen together."""

    collection = "runbookSnapshots"

    Name = Text(source="name")
    Notes = Text(source="notes")
    ProjectId = InSpace(queryset=Project.objects.all(), source="project", required=False)
    RunbookId = InSpace(queryset=Runbook.objects.select_related("project"), source="runbook")
    Assembled = Timestamp(source="assembled_at", read_only=True)
    FrozenRunbookProcessId = Computed(lambda snapshot: snapshot.process.wire_id)
    FrozenProjectVariableSetId = Computed(_variables)
    ProjectVariableSetSnapshotId = Computed(_variables)
    LibraryVariableSetSnapshotIds = Constant([])
    SelectedPackages = SelectedPackage(
        many=True, required=False, allow_null=True, source="packages"
    )
    SelectedGitResources = Constant([])

    def links(self, row: RunbookSnapshot, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        return {
            "Project": f"{space}/projects/Projects-{row.project_id}",
            "Runbook": f"{space}/runbooks/Runbooks-{row.runbook_id}",
            "RunbookRuns": f"{address}/runbookRuns{{?skip,take}}",
            "RunbookRunTemplate": f"{address}/runbookRuns/template",
            "SnapshotVariables": f"{address}/snapshot-variables",
            "ProjectVariableSnapshot": f"{space}/variables/{_variables(row)}",
            "RunbookProcessSnapshot": f"{space}/runbookProcesses/{row.process.wire_id}",
            "Web": f"/app#/Spaces-{row.space_id}/runbookSnapshots/{row.wire_id}",
        }


class SnapshotViewSet(SpaceViewSet):
    """Snapshots of the space's runbooks, or of the runbooks of the project that the address names."""

    model = RunbookSnapshot
    view_permission = Permission.RUNBOOK_VIEW
    serializer_class = SnapshotResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def get_queryset(self) -> QuerySet[Any]:
        rows = snapshots_in(self.request)
        if text := self.kwargs.get("project"):
            return rows.filter(project=project_named(self.request, text))
        return rows

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if part := self.parameters.one("searchByName"):
            rows = rows.filter(name__icontains=part)
        return rows

    @extend_schema(parameters=[PUBLISH])
    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Freezes a runbook as it is now, and publishes that with `publish=true`."""
        given = self.given(SnapshotResource)
        runbook = given["runbook"]
        text = self.kwargs.get("project")
        project = (
            project_named(self.request, text) if text else given.get("project", runbook.project)
        )
        if runbook.project != project:
            raise Invalid(f"RunbookId: {runbook} is no runbook of {project}.")
        snapshot = take_snapshot(
            actor=request.actor,
            runbook=runbook,
            request=SnapshotRequest(
                name=given.get("name", ""),
                notes=given.get("notes", ""),
                selected=given.get("packages") or [],
            ),
            publish=self.parameters.flag("publish"),
        )
        return self.shown(snapshot, 201)

    @extend_schema(parameters=[PUBLISH])
    def update(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Changes name and notes; what is frozen stays. Publishes it with `publish=true`."""
        snapshot = self.row(id)
        authorize(request.actor, Permission.RUNBOOK_EDIT, snapshot)
        given = self.given(SnapshotResource, partial=True)
        if given.get("runbook", snapshot.runbook) != snapshot.runbook:
            raise Invalid("RunbookId: A snapshot stays with its runbook.")
        if changed_packages(snapshot, given.get("packages") or []):
            raise Invalid("SelectedPackages: These are frozen. Take another snapshot.")
        name, notes = given.get("name") or snapshot.name, given.get("notes", snapshot.notes)
        changed = edit_snapshot(actor=request.actor, snapshot=snapshot, name=name, notes=notes)
        if self.parameters.flag("publish"):
            publish_snapshot(actor=request.actor, snapshot=changed)
        return self.shown(changed)

    def destroy(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Deletes a snapshot that is not published and has no runs."""
        delete_snapshot(actor=request.actor, snapshot=self.row(id))
        return Response({})

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="snapshot-variables", pagination_class=None)
    def snapshot_variables(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Takes the variables of now into the snapshot."""
        return self.shown(update_snapshot_variables(actor=request.actor, snapshot=self.row(id)))

    @extend_schema(responses=RunbookRunResource(many=True))
    @action(detail=True, url_path="runbookRuns", serializer_class=RunbookRunResource)
    def runs(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The snapshot's runs, newest first."""
        self.item_type = "RunbookRun"
        page = self.paginate_queryset(runs_in(request).filter(snapshot=self.row(id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="runbookRuns/template", pagination_class=None)
    def template(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Where the snapshot can run now."""
        snapshot = self.row(id)
        address = f"{SnapshotResource().address(snapshot)}/runbookRuns"
        return Response(run_template(request.actor, snapshot, address))

    @extend_schema(
        parameters=[OpenApiParameter("includeDisabledSteps", bool)], responses={200: dict}
    )
    @action(detail=True, url_path="runbookRuns/preview/<str:environment>", pagination_class=None)
    def preview(self, request: ApiRequest, id: str, environment: str, **_: Any) -> Response:
        """What running it in an environment would do, step by step."""
        include = self.parameters.flag("includeDisabledSteps")
        return Response(environment_preview(request, self.row(id), environment, include))


def snapshots_in(request: Any) -> QuerySet[Any]:
    """The snapshots of the space that the caller may see, with what their documents show."""
    rows: QuerySet[Any] = RunbookSnapshot.objects.in_space(request.space)
    seen = visible(request.actor, Permission.RUNBOOK_VIEW, rows)
    return seen.select_related("project", "runbook__project", "process", "variables").defer(
        "variables__entries", "process__steps"
    )

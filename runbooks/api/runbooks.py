"""Runbooks and their settings (api-dialect.md 8.11)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Computed, Maybe, MemberEnvironments, OptionalList, Text
from deployments.api.processes import package_documents
from deployments.api.projects import ConnectivityPolicy
from deployments.models import Project
from deployments.queries.release_packages import needed_packages
from runbooks.api.previews import environment_preview, run_template
from runbooks.api.references import project_named
from runbooks.api.snapshots import SnapshotResource, snapshots_in
from runbooks.models import Runbook, RunbookSnapshot
from runbooks.models.runbooks import DEFAULT_RUNS_KEPT
from runbooks.queries.snapshots import proposed_name, runnable
from runbooks.services.runbooks import (
    clone_runbook,
    create_runbook,
    delete_runbook,
    update_runbook,
)
from runbooks.services.snapshots import publish_snapshot, unpublish
from spaces.access import UNKNOWN
from spaces.api.documents import Document, SpaceResource, api_address
from spaces.api.fields import InSpace
from spaces.api.views import ApiRequest
from spaces.errors import Invalid, NotFound
from spaces.models import Space
from spaces.permissions import Permission
from spaces.queries.references import find, with_ids


class RunRetention(Document):
    """How many runs stay, for each environment and tenant."""

    QuantityToKeep = serializers.IntegerField(required=False, min_value=0, max_value=100_000)
    ShouldKeepForever = serializers.BooleanField(required=False)
    Unit = serializers.ChoiceField(["Items"], required=False)
    Strategy = serializers.ChoiceField(["Default", "Count", "Forever"], required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("Strategy") == "Default":
            return {"runs_kept": DEFAULT_RUNS_KEPT}
        forever = attrs.get("ShouldKeepForever") or attrs.get("Strategy") == "Forever"
        return {"runs_kept": None if forever else attrs.get("QuantityToKeep", DEFAULT_RUNS_KEPT)}

    def to_representation(self, instance: Runbook) -> dict[str, Any]:
        forever = instance.runs_kept is None
        return {
            "QuantityToKeep": instance.runs_kept or 0,
            "ShouldKeepForever": forever,
            "Unit": "Items",
            "Strategy": "Forever" if forever else "Count",
        }


class RunbookResource(SpaceResource):
    """What a project has to be done now and then, beside being deployed."""

    collection = "runbooks"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    ProjectId = InSpace(queryset=Project.objects.all(), source="project", required=False)
    RunbookProcessId = Computed(lambda runbook: f"RunbookProcess-{runbook.wire_id}")
    PublishedRunbookSnapshotId = Maybe(
        queryset=RunbookSnapshot.objects.select_related("runbook"), source="published"
    )
    MultiTenancyMode = serializers.CharField(source="tenanted_mode", required=False)
    EnvironmentScope = serializers.CharField(source="environment_scope", required=False)
    Environments = MemberEnvironments(required=False)
    DefaultGuidedFailureMode = serializers.CharField(source="guided_failure", required=False)
    ConnectivityPolicy = ConnectivityPolicy(source="*", required=False)
    RunRetentionPolicy = RunRetention(source="*", required=False)
    ForcePackageDownload = serializers.BooleanField(source="force_package_download", required=False)
    RunbookTags = OptionalList(child=serializers.CharField(), source="tags")

    def links(self, row: Runbook, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        return {
            "Project": f"{space}/projects/Projects-{row.project_id}",
            "RunbookProcesses": f"{space}/runbookProcesses/RunbookProcess-{row.wire_id}",
            "RunbookSnapshots": f"{address}/runbookSnapshots{{/name}}{{?skip,take,searchByName}}",
            "RunbookSnapshotTemplate": f"{address}/runbookSnapshotTemplate",
            "RunbookRunTemplate": f"{address}/runbookRunTemplate",
            "CreateRunbookRun": f"{address}/run",
            "Web": f"/app#/Spaces-{row.space_id}/runbooks/{row.wire_id}",
        }


class RunbookViewSet(CrudViewSet):
    """Runbooks of the space, or of the project that the address names."""

    model = Runbook
    view_permission = Permission.RUNBOOK_VIEW
    edit_permission = Permission.RUNBOOK_EDIT
    serializer_class = RunbookResource

    def rows(self) -> QuerySet[Any]:
        rows = runbooks_in(self.request.space)
        if text := self.kwargs.get("project"):
            return rows.filter(project=project_named(self.request, text))
        if ids := self.parameters.many("projectIds"):
            rows = rows.filter(project__in=with_ids(Project.objects.all(), ids))
        return rows

    @extend_schema(parameters=[OpenApiParameter("clone", str, description="The runbook to copy.")])
    def create(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().create(request, **kwargs)

    def add(self, given: dict[str, Any]) -> Runbook:
        given.pop("published", None)  # of the original, where clients send back what they got
        actor = self.request.actor
        given["project"] = self._home(given)
        if text := self.parameters.one("clone"):
            original = self.row(text)
            if given["project"] != original.project:
                raise Invalid("ProjectId: A runbook is copied within its project.")
            copy = clone_runbook(actor=actor, original=original, name=given["name"])
            told = {"description": given["description"]} if "description" in given else {}
            return update_runbook(actor=actor, runbook=copy, **told)
        return create_runbook(actor=actor, **given)

    def _home(self, given: dict[str, Any]) -> Project:
        """The project of the address, else the one that the body names."""
        text = self.kwargs.get("project")
        home: Project | None = project_named(self.request, text) if text else given.get("project")
        if home is None:
            raise Invalid("ProjectId: Name the project that the runbook is for.")
        if given.get("project", home) != home:
            raise Invalid(f"ProjectId: The address names {home}.")
        return home

    def change(self, row: Runbook, given: dict[str, Any]) -> Runbook:
        if given.pop("project", row.project) != row.project:
            raise Invalid("ProjectId: A runbook stays in its project.")
        published = given.pop("published", row.published)
        if published and published.runbook_id != row.pk:
            raise Invalid(f"PublishedRunbookSnapshotId: {published} is not of this runbook.")
        changed = update_runbook(actor=self.request.actor, runbook=row, **given)
        if published:
            return publish_snapshot(actor=self.request.actor, snapshot=published)
        return unpublish(actor=self.request.actor, runbook=changed)

    def remove(self, row: Runbook) -> None:
        delete_runbook(actor=self.request.actor, runbook=row)

    @extend_schema(responses=SnapshotResource(many=True))
    @action(detail=True, url_path="runbookSnapshots", serializer_class=SnapshotResource)
    def snapshots(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The runbook's snapshots, newest first."""
        self.item_type = "RunbookSnapshot"
        rows = snapshots_in(request).filter(runbook=self.row(id))
        if part := self.parameters.one("searchByName"):
            rows = rows.filter(name__icontains=part)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses=SnapshotResource)
    @action(detail=True, url_path="runbookSnapshots/<str:name>", serializer_class=SnapshotResource)
    def snapshot(self, request: ApiRequest, id: str, name: str, **_: Any) -> Response:
        """One snapshot by its name, or by its id."""
        if row := find(snapshots_in(request).filter(runbook=self.row(id)), name):
            return self.shown(row)
        raise NotFound(UNKNOWN)

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="runbookSnapshotTemplate", pagination_class=None)
    def snapshot_template(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """What a new snapshot needs: its packages, and the next name."""
        runbook = self.row(id)
        last = runbook.snapshots.order_by("-pk").first()
        needed = needed_packages(runbook.process.parsed())
        return Response(
            {
                "RunbookId": runbook.wire_id,
                "RunbookProcessId": runbook.process.wire_id,
                "NextNameIncrement": proposed_name(runbook),
                "Packages": package_documents(
                    runbook.project, needed, last.packages if last else []
                ),
                "GitResources": [],
                "Links": {"Self": f"{RunbookResource().address(runbook)}/runbookSnapshotTemplate"},
            }
        )

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="runbookRunTemplate", pagination_class=None)
    def run_template(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Where the published snapshot can run now, or the draft where nothing is published."""
        runbook = self.row(id)
        address = f"{RunbookResource().address(runbook)}/runbookRuns"
        return Response(run_template(request.actor, runnable(runbook), address))

    @extend_schema(
        parameters=[OpenApiParameter("includeDisabledSteps", bool)], responses={200: dict}
    )
    @action(detail=True, url_path="runbookRuns/preview/<str:environment>", pagination_class=None)
    def preview(self, request: ApiRequest, id: str, environment: str, **_: Any) -> Response:
        """What running it in an environment would do, step by step."""
        include = self.parameters.flag("includeDisabledSteps")
        return Response(environment_preview(request, runnable(self.row(id)), environment, include))


def runbooks_in(space: Space) -> QuerySet[Any]:
    """The runbooks of a space with what their documents show."""
    rows: QuerySet[Any] = Runbook.objects.in_space(space)
    return rows.select_related("project", "published__runbook").prefetch_related("environments")

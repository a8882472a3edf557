"""Deployment processes, the edited ones and the frozen ones (api-dialect.md 8.7)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.fields import Computed, Constant
from deployments.api.process_documents import StepDocument
from deployments.models import Channel, Process, ProcessSnapshot, Project, Release
from deployments.queries.release_packages import (
    NeededPackage,
    Selection,
    feeds_of,
    needed_packages,
)
from deployments.queries.release_versions import proposed_version
from deployments.services.processes import save_process
from spaces.access import UNKNOWN, visible
from spaces.api.documents import SpaceResource, api_address
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.errors import NotFound
from spaces.permissions import Permission
from spaces.queries.references import find


class ProcessResource(SpaceResource):
    """The steps of a project. `Version` guards against overwriting somebody else's save."""

    collection = "deploymentprocesses"

    ProjectId = Computed(lambda process: f"Projects-{process.project_id}")
    Version = serializers.IntegerField(source="version", required=False)
    LastSnapshotId = Constant(None)
    Steps = StepDocument(many=True, source="parsed")

    def links(self, row: Process, address: str) -> dict[str, str]:
        project = api_address(f"Spaces-{row.space_id}/projects/Projects-{row.project_id}")
        return {"Project": project, "Template": f"{address}/template{{?channel,releaseId}}"}


class ProcessViewSet(SpaceViewSet):
    model = Process
    item_type = "DeploymentProcess"
    name_field = ""
    view_permission = Permission.PROCESS_VIEW
    serializer_class = ProcessResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def row(self, text: str) -> Process | ProcessSnapshot:
        """A process by its id, or a frozen one that a release holds."""
        snapshots = ProcessSnapshot.objects.in_space(self.request.space)
        seen = visible(self.request.actor, self.view_permission, snapshots)
        if snapshot := find(seen, text, name="pk"):
            return snapshot
        return super().row(text)

    def update(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Replaces all steps. Steps, actions and packages without an id are new."""
        process = self._edited(id)
        given = self.given(ProcessResource)
        saved = save_process(
            actor=request.actor,
            project=process.project,
            steps=given["parsed"],
            version=given.get("version"),
        )
        return self.shown(saved)

    @extend_schema(
        parameters=[OpenApiParameter("channel", str), OpenApiParameter("releaseId", str)],
        responses={200: dict},
    )
    @action(detail=True, url_path="template", pagination_class=None)
    def template(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """What a new release needs: its packages, and the next version."""
        process = self._edited(id)
        project = process.project
        channel = self._channel(project)
        needed = needed_packages(process.parsed(), channel)
        last = project.releases.order_by("-assembled_at", "-id").first()
        donor = project.version_donor or {}
        return Response(
            {
                "DeploymentProcessId": process.wire_id,
                "LastReleaseVersion": last.version if last else None,
                "NextVersionIncrement": _next_version(project, channel),
                "VersioningPackageStepName": donor.get("action"),
                "VersioningPackageReferenceName": donor.get("reference"),
                "Packages": _packages(project, needed, last),
                "GitResources": [],
                "Links": {"Self": f"{ProcessResource().address(process)}/template"},
            }
        )

    def _edited(self, text: str) -> Process:
        """A process that can be edited; frozen ones answer as unknown ids do."""
        row = self.row(text)
        if isinstance(row, ProcessSnapshot):
            raise NotFound(UNKNOWN)
        return row

    def _channel(self, project: Project) -> Channel:
        channels: QuerySet[Any] = Channel.objects.filter(project=project)
        text = self.parameters.one("channel")
        return (find(channels, text) if text else None) or channels.get(is_default=True)


def _next_version(project: Project, channel: Channel) -> str:
    """The version by the project's template; "" where a package gives it."""
    try:
        return proposed_version(project, channel, Selection())
    except ValueError:
        return ""


def _packages(
    project: Project, needed: list[NeededPackage], last: Release | None
) -> list[dict[str, Any]]:
    feeds = feeds_of(project.space_id)
    held = {
        (item["action_name"], item["reference"]): item["version"]
        for item in (last.packages if last else [])
    }
    return [
        {
            "StepName": package.step.name,
            "ActionName": package.action.name,
            "PackageReferenceName": package.reference.name,
            "PackageId": package.reference.package_id,
            "NuGetPackageId": package.reference.package_id,
            "FeedId": feed.wire_id if feed else "",
            "FeedName": feed.name if feed else "",
            "ProjectName": project.name,
            "VersionSelectedLastRelease": held.get((package.action.name, package.reference.name)),
            "IsResolvable": "#{" not in package.reference.package_id,
        }
        for package in needed
        for feed in [feeds.get(package.reference.feed or 0)]
    ]

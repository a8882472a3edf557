"""Deployment processes, the edited ones and the frozen ones (api-dialect.md 8.7)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.fields import Computed, Constant
from deployments.api.process_documents import StepDocument
from deployments.models import (
    Channel,
    EditedProcess,
    FrozenProcess,
    Process,
    ProcessSnapshot,
    Project,
)
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

    def links(self, row: Any, address: str) -> dict[str, str]:
        project = api_address(f"Spaces-{row.space_id}/projects/Projects-{row.project_id}")
        return {"Project": project, "Template": f"{address}/template{{?channel,releaseId}}"}


class StepsViewSet(SpaceViewSet):
    """Processes by the id of what is edited or of what was frozen. frozen: the model of the latter."""

    frozen: type[FrozenProcess]
    name_field = ""
    all = None  # type: ignore[assignment]  # it would grow without end

    def save(self, process: Any, given: dict[str, Any]) -> EditedProcess:
        """The process with the steps of a validated document."""
        raise NotImplementedError

    def frozen_rows(self) -> QuerySet[Any]:
        """Where the frozen ones begin, whoever asks."""
        rows: QuerySet[Any] = self.frozen.objects.in_space(self.request.space)
        return rows

    def row(self, text: str) -> EditedProcess | FrozenProcess:
        seen = visible(self.request.actor, self.view_permission, self.frozen_rows())
        snapshot: FrozenProcess | None = find(seen, text, name="pk")
        edited: EditedProcess | FrozenProcess = snapshot or super().row(text)
        return edited

    def update(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Replaces all steps. Steps, actions and packages without an id are new."""
        process = self.edited(id)
        return self.shown(self.save(process, self.given(self.serializer_class)))

    def edited(self, text: str) -> Any:
        """A process that can be edited; frozen ones answer as unknown ids do."""
        row = self.row(text)
        if isinstance(row, FrozenProcess):
            raise NotFound(UNKNOWN)
        return row


class ProcessViewSet(StepsViewSet):
    model = Process
    frozen = ProcessSnapshot
    item_type = "DeploymentProcess"
    view_permission = Permission.PROCESS_VIEW
    serializer_class = ProcessResource

    def save(self, process: Process, given: dict[str, Any]) -> Process:
        return save_process(
            actor=self.request.actor,
            project=process.project,
            steps=given["parsed"],
            version=given.get("version"),
        )

    @extend_schema(
        parameters=[OpenApiParameter("channel", str), OpenApiParameter("releaseId", str)],
        responses={200: dict},
    )
    @action(detail=True, url_path="template", pagination_class=None)
    def template(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """What a new release needs: its packages, and the next version."""
        process = self.edited(id)
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
                "Packages": package_documents(project, needed, last.packages if last else []),
                "GitResources": [],
                "Links": {"Self": f"{ProcessResource().address(process)}/template"},
            }
        )

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


def package_documents(
    project: Project, needed: list[NeededPackage], last: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The packages that need a version. last: what the last assembly froze."""
    feeds = feeds_of(project.space_id)
    held = {(item["action_name"], item["reference"]): item["version"] for item in last}
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

"""Artifacts: files that steps collected (api-dialect.md 8.19)."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments import blobs
from deployments.api.fields import Computed
from deployments.api.interruptions import regarding
from deployments.models import Artifact
from spaces.access import UNKNOWN
from spaces.api.documents import SpaceResource, Timestamp
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.errors import NotFound
from spaces.permissions import Permission


class ArtifactResource(SpaceResource):
    """A file with where it came from."""

    collection = "artifacts"

    Filename = serializers.CharField(source="file_name")
    Source = serializers.CharField(source="source")
    ServerTaskId = Computed(lambda artifact: f"ServerTasks-{artifact.task_id}")
    Created = Timestamp(source="created_at")
    LogCorrelationId = Computed(
        lambda artifact: f"ServerTasks-{artifact.task_id}_{artifact.node_key}"
    )

    def links(self, row: Artifact, address: str) -> dict[str, str]:
        return {"Content": f"{address}/content"}


class ArtifactViewSet(SpaceViewSet):
    model = Artifact
    name_field = "file_name"
    view_permission = Permission.ARTIFACT_VIEW
    serializer_class = ArtifactResource
    all = None  # type: ignore[assignment]  # it would grow without end

    @extend_schema(parameters=[OpenApiParameter("regarding", str)])
    def list(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().list(request, **kwargs)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        text = self.parameters.one("regarding")
        return rows.filter(regarding(text)) if text else rows

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="content", pagination_class=None)
    def content(self, request: ApiRequest, id: str, **_: Any) -> FileResponse:
        """The file itself, always as an attachment."""
        artifact = self.row(id)
        return attachment(artifact.sha256, artifact.file_name)


def attachment(sha256: str, file_name: str) -> FileResponse:
    """A blob as a download that no browser opens as a page. Raises NotFound when its bytes are gone."""
    try:
        content = blobs.store().open(sha256)
    except FileNotFoundError as exc:
        raise NotFound(UNKNOWN) from exc
    return FileResponse(
        content, as_attachment=True, filename=file_name, content_type="application/octet-stream"
    )

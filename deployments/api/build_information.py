"""Build information (api-dialect.md 7.7, 8.17)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.build_documents import BuildInformationCommand
from deployments.api.packages import MODES, overwrite_mode, versions_asked_for
from deployments.core.release_notes import build_document
from deployments.models import BuildInformation
from deployments.services.build_information import (
    delete_build_information,
    push_build_information,
)
from spaces.api.documents import SpaceResource, Timestamp
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.permissions import Permission


class BuildInformationResource(SpaceResource):
    """What the build server told about a package version."""

    collection = "build-information"

    PackageId = serializers.CharField(source="package_id")
    Version = serializers.CharField(source="version")
    Created = Timestamp(source="created_at")

    def to_representation(self, instance: BuildInformation) -> dict[str, Any]:
        return {**super().to_representation(instance), **build_document(instance.details)}


class BuildInformationViewSet(SpaceViewSet):
    model = BuildInformation
    name_field = ""
    view_permission = Permission.FEED_VIEW
    serializer_class = BuildInformationResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def rows(self) -> QuerySet[Any]:
        return super().rows().order_by("package_id", "-version_key")

    @extend_schema(
        parameters=[
            OpenApiParameter("packageId", str),
            OpenApiParameter("filter", str),
            OpenApiParameter("latest", bool),
        ]
    )
    def list(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().list(request, **kwargs)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return versions_asked_for(super().filtered(rows), self.parameters, "packageId")

    @extend_schema(request=BuildInformationCommand, parameters=MODES[:1])
    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Keeps what a build told; the package may come later. The mode may be in the query or the body."""
        given = self.given(BuildInformationCommand)
        mode = self.parameters.one("overwriteMode") or given.get("OverwriteMode", "")
        build, is_new = push_build_information(
            actor=request.actor,
            space=request.space,
            package_id=given["PackageId"],
            version=given["Version"],
            details=given["OctopusBuildInformation"],
            overwrite=overwrite_mode(mode),
        )
        return self.shown(build, 201 if is_new else 200)

    def destroy(self, request: ApiRequest, id: str, **_: Any) -> Response:
        delete_build_information(actor=request.actor, build=self.row(id))
        return Response({})

    @extend_schema(
        parameters=[OpenApiParameter("ids", str)], responses=BuildInformationResource(many=True)
    )
    @action(detail=False, url_path="bulk", pagination_class=None)
    def bulk(self, request: ApiRequest, **_: Any) -> Response:
        """The rows with these ids, as a bare array."""
        rows = self._named()
        return Response(self.get_serializer(rows, many=True).data)

    @extend_schema(parameters=[OpenApiParameter("ids", str)], responses={200: dict})
    @bulk.mapping.delete
    def delete_bulk(self, request: ApiRequest, **_: Any) -> Response:
        for build in self._named():
            delete_build_information(actor=request.actor, build=build)
        return Response({})

    def _named(self) -> QuerySet[Any]:
        """What `ids` names; nothing without it, so that a forgotten parameter deletes nothing."""
        ids = self.parameters.many("ids")
        return self.filtered(self.get_queryset()) if ids else self.get_queryset().none()

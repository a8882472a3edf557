"""Packages of the built-in feed: pushing, listing, fetching, deleting (api-dialect.md 7.7, 8.17)."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments import blobs
from deployments.api.artifacts import attachment
from deployments.api.fields import Computed, remembered
from deployments.api.uploads import receive
from deployments.core.release_notes import build_document
from deployments.feeds import FeedPackage
from deployments.models import BuildInformation, Feed, Package
from deployments.services.packages import (
    OverwriteMode,
    authorize_for_package,
    delete_packages,
    push_package,
)
from spaces.access import anywhere
from spaces.api.documents import SpaceResource, Timestamp, api_address
from spaces.api.parameters import Parameters
from spaces.api.views import ApiRequest, SpaceCommandViewSet, SpaceViewSet
from spaces.errors import Invalid, PermissionRefused
from spaces.permissions import Permission
from spaces.queries.references import with_ids

UPLOAD = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"fileToUpload": {"type": "string", "format": "binary"}},
    }
}
MODES = [
    OpenApiParameter("overwriteMode", str, enum=[mode.value for mode in OverwriteMode]),
    OpenApiParameter("replace", bool, description="The older form of overwriteMode."),
]


def overwrite_mode(text: str, *, replace: bool = False) -> OverwriteMode:
    """The mode in any case; "" is FailIfExists. Raises Invalid."""
    if not text:
        return OverwriteMode.OVERWRITE if replace else OverwriteMode.FAIL
    found = next((mode for mode in OverwriteMode if mode.value.lower() == text.lower()), None)
    if found is None:
        known = ", ".join(OverwriteMode)
        raise Invalid(f"overwriteMode: {text[:60]!r} is not one of {known}.")
    return found


class PackageResource(SpaceResource):
    """One version of one package."""

    collection = "packages"

    PackageId = serializers.CharField(source="package_id")
    NuGetPackageId = serializers.CharField(source="package_id")
    FeedId = serializers.SerializerMethodField()
    NuGetFeedId = serializers.SerializerMethodField()
    Version = serializers.CharField(source="version")
    Title = Computed(lambda package: package.title or package.package_id)
    Summary = serializers.CharField(source="summary")
    Description = serializers.CharField(source="description")
    ReleaseNotes = serializers.CharField(source="release_notes")
    Published = Timestamp(source="published_at")
    FileExtension = serializers.CharField(source="extension")
    PackageSizeBytes = serializers.IntegerField(source="size")
    Hash = serializers.CharField(source="sha1")
    Sha256 = serializers.CharField(source="sha256")
    PackageVersionBuildInformation = serializers.SerializerMethodField()

    def get_FeedId(self, package: Package) -> str:
        return self._feed()

    def get_NuGetFeedId(self, package: Package) -> str:
        return self._feed()

    def get_PackageVersionBuildInformation(self, package: Package) -> dict[str, Any] | None:
        details = getattr(package, "build", None)
        if details is None:
            return None
        return {
            "PackageId": package.package_id,
            "Version": package.version,
            **build_document(details),
        }

    def _feed(self) -> str:
        """The id of the space's built-in feed."""

        def find() -> str:
            feeds = Feed.objects.in_space(self.context["request"].space).select_related("space")
            feed = feeds.filter(feed_type=Feed.BUILT_IN).first()
            return feed.wire_id if feed else ""

        return remembered(self.context, "builtin", find)

    def links(self, row: Package, address: str) -> dict[str, str]:
        packages = api_address(f"Spaces-{row.space_id}/packages")
        return {
            "Raw": f"{address}/raw",
            "AllVersions": f"{packages}?nuGetPackageId={row.package_id}",
        }


def feed_package(feed: Feed, package: FeedPackage) -> dict[str, Any]:
    """A package as its feed knows it, in the words of `PackageResource`."""
    published = package.published_at
    return {
        "Id": f"packages-{package.package_id}.{package.version}",
        "PackageId": package.package_id,
        "NuGetPackageId": package.package_id,
        "FeedId": feed.wire_id,
        "NuGetFeedId": feed.wire_id,
        "Version": package.version,
        "Title": package.package_id,
        "Summary": "",
        "Description": "",
        "ReleaseNotes": "",
        "Published": Timestamp().to_representation(published) if published else None,
        "FileExtension": package.extension,
        "PackageSizeBytes": package.size,
        "Hash": None,
        "PackageVersionBuildInformation": None,
        "Links": {},
    }


def versions_asked_for(
    rows: QuerySet[Any], parameters: Parameters, id_parameter: str
) -> QuerySet[Any]:
    """The rows of one package, of ids with a part in them, or only each id's newest version.

    For what is known by package id and version: packages, and what builds told about them.
    """
    if package_id := parameters.one(id_parameter):
        rows = rows.filter(package_id__iexact=package_id)
    if part := parameters.one("filter"):
        rows = rows.filter(package_id__icontains=part)
    if parameters.flag("latest"):
        newest = rows.model.objects.filter(
            space=OuterRef("space"), package_id__iexact=OuterRef("package_id")
        ).order_by("-version_key")
        rows = rows.filter(pk=Subquery(newest.values("pk")[:1]))
    return rows


class PackageViewSet(SpaceViewSet):
    model = Package
    name_field = ""
    view_permission = Permission.FEED_VIEW
    serializer_class = PackageResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def rows(self) -> QuerySet[Any]:
        told = BuildInformation.objects.filter(
            space=OuterRef("space"),
            package_id__iexact=OuterRef("package_id"),
            version_key=OuterRef("version_key"),
        )
        return super().rows().annotate(build=Subquery(told.values("details")[:1]))

    @extend_schema(
        parameters=[
            OpenApiParameter("nuGetPackageId", str),
            OpenApiParameter("filter", str),
            OpenApiParameter("latest", bool),
        ]
    )
    def list(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().list(request, **kwargs)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return versions_asked_for(super().filtered(rows), self.parameters, "nuGetPackageId")

    @extend_schema(request=UPLOAD, parameters=MODES, responses={201: PackageResource})
    @action(detail=False, methods=["post"], url_path="raw", pagination_class=None)
    def upload(self, request: ApiRequest, **_: Any) -> Response:
        """Takes a package in. Id and version come from its file name: `Id.Version.ext`."""
        mode = overwrite_mode(
            self.parameters.one("overwriteMode"), replace=self.parameters.flag("replace")
        )
        package, is_new = take_in(request, mode)
        return self.shown(self.rows().get(pk=package.pk), 201 if is_new else 200)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], url_path="raw", pagination_class=None)
    def raw(self, request: ApiRequest, id: str, **_: Any) -> FileResponse:
        """The package itself."""
        package = self.row(id)
        authorize_for_package(
            request.actor,
            Permission.BUILT_IN_FEED_DOWNLOAD,
            request.space,
            package.package_id,
        )
        return attachment(package.sha256, package.file_name)

    def destroy(self, request: ApiRequest, id: str, **_: Any) -> Response:
        delete_packages(actor=request.actor, packages=[self.row(id)])
        return Response({})

    @extend_schema(parameters=[OpenApiParameter("ids", str)], responses=PackageResource(many=True))
    @action(detail=False, url_path="bulk", pagination_class=None)
    def bulk(self, request: ApiRequest, **_: Any) -> Response:
        """The packages with these ids, as a bare array."""
        return Response(self.get_serializer(self._named(), many=True).data)

    @extend_schema(parameters=[OpenApiParameter("ids", str)], responses={200: dict})
    @bulk.mapping.delete
    def delete_bulk(self, request: ApiRequest, **_: Any) -> Response:
        """Deletes all of them, or none."""
        delete_packages(actor=request.actor, packages=list(self._named()))
        return Response({})

    @extend_schema(parameters=[OpenApiParameter("packageIds", str)], responses={200: dict})
    @action(detail=False, url_path="notes", pagination_class=None)
    def notes(self, request: ApiRequest, **_: Any) -> Response:
        """The release notes of packages."""
        rows = with_ids(self.get_queryset(), self.parameters.many("packageIds"))
        return Response(
            {"Packages": [{"PackageId": row.wire_id, "Notes": row.release_notes} for row in rows]}
        )

    def _named(self) -> QuerySet[Any]:
        return with_ids(self.get_queryset(), self.parameters.many("ids"))


class NuGetPushViewSet(SpaceCommandViewSet):
    """`PUT /nuget/packages`: pushing as NuGet clients do."""

    serializer_class = PackageResource

    @extend_schema(request=UPLOAD, parameters=MODES, responses={201: PackageResource})
    def push(self, request: ApiRequest, **_: Any) -> Response:
        mode = overwrite_mode(
            self.parameters.one("overwriteMode"), replace=self.parameters.flag("replace")
        )
        package, is_new = take_in(request, mode)
        return self.shown(package, 201 if is_new else 200)


def take_in(request: ApiRequest, overwrite: OverwriteMode) -> tuple[Package, bool]:
    """Receives the file of the request and keeps it. Who may push nothing does not even send it."""
    if not anywhere(request.actor, Permission.BUILT_IN_FEED_PUSH, request.space):
        raise PermissionRefused(Permission.BUILT_IN_FEED_PUSH.value)
    with blobs.store().receive() as incoming:
        name = receive(request._request, incoming)
        return push_package(
            actor=request.actor,
            space=request.space,
            incoming=incoming,
            file_name=name,
            overwrite=overwrite,
        )

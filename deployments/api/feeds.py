"""Feeds, and asking them for packages (api-dialect.md 8.17)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Computed, Constant, Sensitive, Text
from deployments.api.packages import feed_package
from deployments.core.versions import channel_rules
from deployments.feeds import FeedPackage, FeedUnreachable, client_for
from deployments.models import Feed, Package
from deployments.services.feeds import create_feed, delete_feed, update_feed
from spaces.api.documents import SpaceResource
from spaces.api.pagination import EVERYTHING
from spaces.api.views import ApiRequest
from spaces.errors import Invalid
from spaces.permissions import Permission

ACQUISITION = ["Server", "ExecutionTarget"]


class FeedResource(SpaceResource):
    """A place packages come from."""

    collection = "feeds"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    FeedType = serializers.CharField(source="feed_type")
    FeedUri = Text(source="uri")
    Username = Text(source="username")
    Password = Sensitive(source="password")
    PackageAcquisitionLocationOptions = Constant(ACQUISITION)
    EnhancedMode = Constant(False)
    DownloadAttempts = serializers.IntegerField(
        source="download_attempts", required=False, min_value=1, max_value=100
    )
    DownloadRetryBackoffSeconds = serializers.IntegerField(
        source="download_backoff_seconds", required=False, min_value=0, max_value=3600
    )
    DeleteUnreleasedPackagesAfterDays = Constant(None)
    IsBuiltInRepoSyncEnabled = Constant(False)
    ApiVersion = Computed(lambda feed: "v2" if feed.feed_type == "Docker" else None)
    RegistryPath = Computed(lambda feed: "" if feed.feed_type == "Docker" else None)

    def links(self, row: Feed, address: str) -> dict[str, str]:
        packages = f"{address}/packages"
        return {
            "SearchTemplate": (
                f"{packages}{{?packageId,partialMatch,includeMultipleVersions,includeNotes,"
                "includePreRelease,versionRange,preReleaseTag,take}"
            ),
            "SearchPackagesTemplate": f"{packages}/search{{?term,take,skip}}",
            "SearchPackageVersionsTemplate": (
                f"{packages}/versions{{?packageId,take,skip,includePreRelease,versionRange,"
                "preReleaseTag,includeReleaseNotes}"
            ),
            "Items": packages,
        }


class FeedViewSet(CrudViewSet):
    model = Feed
    view_permission = Permission.FEED_VIEW
    serializer_class = FeedResource

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("space")

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        kinds = self.parameters.many("feedType")
        return rows.filter(feed_type__in=kinds) if kinds else rows

    def add(self, given: dict[str, Any]) -> Feed:
        return create_feed(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: Feed, given: dict[str, Any]) -> Feed:
        if given.pop("feed_type", row.feed_type) != row.feed_type:
            raise Invalid("The type of a feed cannot be changed. Create another feed.")
        return update_feed(actor=self.request.actor, feed=row, **given)

    def remove(self, row: Feed) -> None:
        delete_feed(actor=self.request.actor, feed=row)

    @extend_schema(
        parameters=[OpenApiParameter("packageId", str), OpenApiParameter("take", int)],
        responses={200: list[dict[str, Any]]},
    )
    @action(detail=True, url_path="packages", pagination_class=None)
    def packages(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Packages as a bare array, newest first."""
        feed = self.row(id)
        found = self._versions(feed)
        if self.parameters.one("includeMultipleVersions").lower() != "true":
            found = found[:1]
        return Response([feed_package(feed, package) for package in self._page(found)])

    @extend_schema(
        parameters=[OpenApiParameter("packageId", str), OpenApiParameter("take", int)],
        responses={200: dict},
    )
    @action(detail=True, url_path="packages/versions", pagination_class=None)
    def versions(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The versions of one package, highest first."""
        feed = self.row(id)
        found = self._versions(feed)
        items = [
            {
                "Id": f"packages-{package.package_id}.{package.version}",
                "PackageId": package.package_id,
                "FeedId": feed.wire_id,
                "Version": package.version,
                "Published": feed_package(feed, package)["Published"],
                "SizeBytes": package.size,
                "Title": package.package_id,
                "ReleaseNotes": None,
                "Links": {},
            }
            for package in self._page(found)
        ]
        return Response(self._as_page("PackageVersion", items, len(found)))

    @extend_schema(
        parameters=[OpenApiParameter("term", str), OpenApiParameter("take", int)],
        responses={200: dict},
    )
    @action(detail=True, url_path="packages/search", pagination_class=None)
    def search(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Package ids that contain the term, each with its highest version."""
        feed = self.row(id)
        if not feed.is_builtin:
            client_for_or_refuse(feed)
        rows = Package.objects.in_space(request.space).filter(
            package_id__icontains=self.parameters.one("term")
        )
        latest: dict[str, Package] = {}
        for row in rows.order_by("package_id", "-version_key"):
            latest.setdefault(row.package_id.lower(), row)
        items = [
            {
                "Id": row.package_id,
                "Name": row.package_id,
                "LatestVersion": row.version,
                "Description": row.description,
                "Links": {},
            }
            for row in latest.values()
        ]
        return Response(self._as_page("PackageDescription", self._page(items), len(items)))

    def _versions(self, feed: Feed) -> list[FeedPackage]:
        """The versions of `packageId` that the query's range and pattern allow."""
        package_id = self.parameters.one("packageId")
        if not package_id:
            return []
        try:
            found = client_for(feed).versions(package_id)
        except FeedUnreachable as problem:
            raise Invalid(str(problem)) from problem
        wanted, tag = self.parameters.one("versionRange"), self.parameters.one("preReleaseTag")
        if self.parameters.one("includePreRelease").lower() == "false":
            tag = tag or "^$"
        verdicts = (channel_rules.passes(p.version, wanted, tag, feed.feed_type) for p in found)
        return [
            package
            for package, verdict in zip(found, verdicts, strict=True)
            if verdict.satisfies_range and verdict.satisfies_tag
        ]

    def _page(self, items: list[Any]) -> list[Any]:
        """The part of the items that `skip` and `take` ask for."""
        first = self.parameters.number("skip", 0, most=EVERYTHING)
        return items[first : first + self.parameters.number("take", EVERYTHING, most=EVERYTHING)]

    def _as_page(self, item_type: str, items: list[Any], total: int) -> dict[str, Any]:
        return {
            "ItemType": item_type,
            "TotalResults": total,
            "ItemsPerPage": len(items),
            "NumberOfPages": 1,
            "LastPageNumber": 0,
            "Items": items,
            "Links": {"Self": self.request.get_full_path()},
        }


def client_for_or_refuse(feed: Feed) -> None:
    """Raises Invalid for kinds of feeds that nobody can search yet."""
    try:
        client_for(feed)
    except FeedUnreachable as problem:
        raise Invalid(str(problem)) from problem

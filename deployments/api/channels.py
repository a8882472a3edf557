"""Channels (api-dialect.md 8.6)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, Maybe, OptionalList, Text
from deployments.api.releases import ReleaseResource, releases_in
from deployments.core.versions import channel_rules
from deployments.models import Channel, Lifecycle, Project
from deployments.services.channels import create_channel, delete_channel, update_channel
from spaces.api.documents import Document, SpaceResource
from spaces.api.fields import InSpace
from spaces.api.views import ApiRequest
from spaces.errors import Invalid
from spaces.permissions import Permission


class RulePackage(Document):
    """A package reference of a step."""

    DeploymentAction = serializers.CharField(source="action")
    PackageReference = Text(source="reference")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"reference": "", **attrs}


class ChannelRule(Document):
    """Which versions of some packages a release of the channel may hold."""

    Id = Text(source="id")
    VersionRange = Text(source="version_range")
    Tag = Text(source="tag")
    ActionPackages = RulePackage(many=True, required=False, source="packages")
    Actions = OptionalList(child=serializers.CharField())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Older clients name only the actions, and mean their primary packages."""
        named = [{"action": name, "reference": ""} for name in attrs.pop("Actions", [])]
        return {"version_range": "", "tag": "", **attrs, "packages": attrs.get("packages") or named}

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        packages = instance.get("packages", [])
        return {
            "Id": instance.get("id"),
            "VersionRange": instance.get("version_range", ""),
            "Tag": instance.get("tag", ""),
            "ActionPackages": [
                {"DeploymentAction": p["action"], "PackageReference": p.get("reference", "")}
                for p in packages
            ],
            "Actions": [package["action"] for package in packages],
        }


class ChannelResource(SpaceResource):
    """A stream of releases of one project."""

    collection = "channels"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    ProjectId = InSpace(queryset=Project.objects.all(), source="project")
    LifecycleId = Maybe(queryset=Lifecycle.objects.all(), source="lifecycle")
    IsDefault = serializers.BooleanField(source="is_default", required=False)
    Rules = ChannelRule(many=True, required=False, source="rules")
    TenantTags = OptionalList(child=serializers.CharField(), source="tenant_tags")
    GitReferenceRules = Constant([])
    GitResourceRules = Constant([])
    CustomFieldDefinitions = Constant([])
    Type = Constant("Lifecycle")

    def links(self, row: Channel, address: str) -> dict[str, str]:
        project = f"Projects-{row.project_id}"
        return {
            "Releases": f"{address}/releases{{?skip,take,searchByVersion}}",
            "Project": address.replace(f"channels/{row.wire_id}", f"projects/{project}"),
        }


class RuleTest(Document):
    """A version against a range and a pattern for its pre-release part."""

    Version = serializers.CharField(source="version")
    VersionRange = Text(source="versionRange")
    PreReleaseTag = Text(source="preReleaseTag")
    FeedType = Text(source="feedType")


class ChannelViewSet(CrudViewSet):
    model = Channel
    view_permission = Permission.PROCESS_VIEW
    serializer_class = ChannelResource

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("lifecycle", "project")

    def add(self, given: dict[str, Any]) -> Channel:
        return create_channel(actor=self.request.actor, **given)

    def change(self, row: Channel, given: dict[str, Any]) -> Channel:
        if given.pop("project", row.project) != row.project:
            raise Invalid("A channel cannot be moved to another project.")
        return update_channel(actor=self.request.actor, channel=row, **given)

    def remove(self, row: Channel) -> None:
        delete_channel(actor=self.request.actor, channel=row)

    @extend_schema(responses=ReleaseResource(many=True))
    @action(detail=True, url_path="releases", serializer_class=ReleaseResource)
    def releases(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The channel's releases, newest first."""
        self.item_type = "Release"
        rows = releases_in(request).filter(channel=self.row(id))
        if part := self.parameters.one("searchByVersion"):
            rows = rows.filter(version__icontains=part)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str)
            for name in ("version", "versionRange", "preReleaseTag", "feedType")
        ],
        responses={200: dict},
    )
    @action(detail=False, url_path="rule-test", pagination_class=None)
    def rule_test(self, request: ApiRequest, **_: Any) -> Response:
        """Whether a version satisfies a rule."""
        names = ("version", "versionRange", "preReleaseTag", "feedType")
        return Response(_verdict({name: self.parameters.one(name) for name in names}))

    @extend_schema(request=RuleTest, responses={200: dict})
    @rule_test.mapping.post
    def post_rule_test(self, request: ApiRequest, **_: Any) -> Response:
        return Response(_verdict(self.given(RuleTest)))


def _verdict(given: dict[str, Any]) -> dict[str, Any]:
    verdict = channel_rules.passes(
        given.get("version", ""),
        given.get("versionRange", ""),
        given.get("preReleaseTag", ""),
        given.get("feedType") or "BuiltIn",
    )
    return {
        "SatisfiesVersionRange": verdict.satisfies_range,
        "SatisfiesPreReleaseTag": verdict.satisfies_tag,
        "Errors": list(verdict.errors),
    }

"""Deployments (api-dialect.md 8.10)."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from deployments.api.fields import Computed
from deployments.api.runs import RunResource, RunViewSet, options_given
from deployments.models import Channel, Deployment, Release
from deployments.services.deployments import deploy_release
from spaces.access import visible
from spaces.api.documents import api_address
from spaces.api.fields import InSpace
from spaces.api.views import ApiRequest
from spaces.permissions import Permission


class DeploymentResource(RunResource):
    """A release in an environment, once."""

    collection = "deployments"

    Name = Computed(lambda deployment: f"Deploy to {deployment.environment.name}")
    ReleaseId = InSpace(
        queryset=Release.objects.select_related("project", "channel", "process", "variables"),
        source="release",
    )
    ChannelId = Computed(lambda deployment: f"Channels-{deployment.channel_id}")
    DeploymentProcessId = Computed(lambda deployment: deployment.release.process.wire_id)
    Changes = serializers.JSONField(source="changes", read_only=True)
    ChangesMarkdown = serializers.CharField(source="changes_markdown", read_only=True)

    def links(self, row: Deployment, address: str) -> dict[str, str]:
        release = api_address(f"Spaces-{row.space_id}/releases/Releases-{row.release_id}")
        return super().links(row, address) | {"Release": release}


class DeploymentViewSet(RunViewSet):
    model = Deployment
    view_permission = Permission.DEPLOYMENT_VIEW
    serializer_class = DeploymentResource
    related = {"channels": (Channel, "channel")}

    def get_queryset(self) -> QuerySet[Any]:
        return deployments_in(self.request)

    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Deploys as older clients do, naming everything by id."""
        given = self.given(DeploymentResource)
        release = given["release"]
        deployment = deploy_release(
            actor=request.actor,
            release=release,
            environment=given["environment"],
            tenant=given.get("tenant"),
            options=options_given(request, release, given),
        )
        return self.shown(deployment, 201)


def deployments_in(request: Any) -> QuerySet[Any]:
    """The deployments of the space that the caller may see, with what their documents show."""
    rows: QuerySet[Any] = Deployment.objects.in_space(request.space)
    seen = visible(request.actor, Permission.DEPLOYMENT_VIEW, rows)
    return seen.select_related("task", "environment", "tenant", "release__process").defer(
        "task__plan", "release__process__steps"
    )

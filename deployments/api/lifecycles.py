"""Lifecycles (api-dialect.md 8.3)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import OptionalList, Text
from deployments.api.projects import ProjectResource, projects_in
from deployments.api.retention import RetentionPolicy
from deployments.core import lifecycles as core
from deployments.models import Environment, Lifecycle, Phase
from deployments.queries.progression import phases_of
from deployments.services.lifecycles import (
    PhaseRequest,
    create_lifecycle,
    delete_lifecycle,
    update_lifecycle,
)
from spaces.access import visible
from spaces.api.documents import Document, SpaceResource
from spaces.api.fields import InSpace, WireNumber
from spaces.api.views import ApiRequest
from spaces.permissions import Permission


class PhaseDocument(Document):
    """One stage. Without environments it takes all that no other phase names."""

    Id = Text()
    Name = serializers.CharField()
    AutomaticDeploymentTargets = OptionalList(child=InSpace(queryset=Environment.objects.all()))
    OptionalDeploymentTargets = OptionalList(child=InSpace(queryset=Environment.objects.all()))
    MinimumEnvironmentsBeforePromotion = serializers.IntegerField(required=False, min_value=0)
    IsOptionalPhase = serializers.BooleanField(required=False)
    IsPriorityPhase = serializers.BooleanField(required=False)
    ReleaseRetentionPolicy = RetentionPolicy(allow_null=True)
    TentacleRetentionPolicy = RetentionPolicy(allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> PhaseRequest:
        known = attrs.get("Id", "")
        return PhaseRequest(
            id=WireNumber("Phases").to_internal_value(known)
            if known.startswith("Phases-")
            else None,
            name=attrs["Name"],
            automatic=attrs.get("AutomaticDeploymentTargets", ()),
            manual=attrs.get("OptionalDeploymentTargets", ()),
            minimum=attrs.get("MinimumEnvironmentsBeforePromotion", 0),
            is_optional=attrs.get("IsOptionalPhase", False),
            is_priority=attrs.get("IsPriorityPhase", False),
            release_retention=attrs.get("ReleaseRetentionPolicy"),
            files_retention=attrs.get("TentacleRetentionPolicy"),
        )

    def to_representation(self, instance: Phase) -> dict[str, Any]:
        members = list(instance.environments.all())
        retention = RetentionPolicy()
        return {
            "Id": f"Phases-{instance.pk}",
            "Name": instance.name,
            "AutomaticDeploymentTargets": [
                f"Environments-{m.environment_id}" for m in members if m.is_automatic
            ],
            "OptionalDeploymentTargets": [
                f"Environments-{m.environment_id}" for m in members if not m.is_automatic
            ],
            "MinimumEnvironmentsBeforePromotion": instance.minimum_environments,
            "IsOptionalPhase": instance.is_optional,
            "IsPriorityPhase": instance.is_priority,
            "ReleaseRetentionPolicy": instance.release_retention
            and retention.to_representation(instance.release_retention),
            "TentacleRetentionPolicy": instance.files_retention
            and retention.to_representation(instance.files_retention),
        }


class LifecycleResource(SpaceResource):
    """The order in which releases move through environments. No phases: any order there is."""

    collection = "lifecycles"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    Phases = PhaseDocument(many=True, required=False, allow_null=True, source="phases")
    ReleaseRetentionPolicy = RetentionPolicy(source="release_retention")
    TentacleRetentionPolicy = RetentionPolicy(source="files_retention")

    def links(self, row: Lifecycle, address: str) -> dict[str, str]:
        return {"Preview": f"{address}/preview", "Projects": f"{address}/projects"}


class LifecycleViewSet(CrudViewSet):
    model = Lifecycle
    view_permission = Permission.LIFECYCLE_VIEW
    serializer_class = LifecycleResource

    def rows(self) -> QuerySet[Any]:
        return super().rows().prefetch_related("phases__environments")

    def add(self, given: dict[str, Any]) -> Lifecycle:
        given["phases"] = given.get("phases") or []
        return create_lifecycle(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: Lifecycle, given: dict[str, Any]) -> Lifecycle:
        if "phases" in given:
            given["phases"] = given["phases"] or []
        return update_lifecycle(actor=self.request.actor, lifecycle=row, **given)

    def remove(self, row: Lifecycle) -> None:
        delete_lifecycle(actor=self.request.actor, lifecycle=row)

    @extend_schema(responses=LifecycleResource)
    @action(detail=True, url_path="preview")
    def preview(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The lifecycle with its phases as they count today, implied ones included."""
        lifecycle = self.row(id)
        document = self.get_serializer(lifecycle).data
        document["Phases"] = [_effective(phase) for phase in phases_of(lifecycle)]
        return Response(document)

    @extend_schema(responses=ProjectResource(many=True))
    @action(
        detail=True, url_path="projects", serializer_class=ProjectResource, pagination_class=None
    )
    def projects(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The projects that follow it and that the caller may see."""
        rows = projects_in(request.space).filter(lifecycle=self.row(id))
        seen = visible(request.actor, Permission.PROJECT_VIEW, rows)
        return Response(self.get_serializer(seen, many=True).data)


def _effective(phase: core.Phase) -> dict[str, Any]:
    return {
        "Id": phase.id,
        "Name": phase.name,
        "AutomaticDeploymentTargets": [f"Environments-{pk}" for pk in phase.automatic],
        "OptionalDeploymentTargets": [f"Environments-{pk}" for pk in phase.manual],
        "MinimumEnvironmentsBeforePromotion": phase.minimum,
        "IsOptionalPhase": phase.is_optional,
        "IsPriorityPhase": phase.is_priority,
        "ReleaseRetentionPolicy": None,
        "TentacleRetentionPolicy": None,
    }

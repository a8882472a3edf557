"""Environments (api-dialect.md 8.2)."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, OptionalList, Text
from deployments.api.machines import MachineResource
from deployments.models import Environment, Target
from deployments.services.environments import (
    create_environment,
    delete_environment,
    sort_environments,
    update_environment,
)
from spaces.access import visible
from spaces.api.documents import SpaceResource
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.permissions import Permission

# A bare array of ids.
IDS = {"application/json": {"type": "array", "items": {"type": "string"}}}


class EnvironmentResource(SpaceResource):
    """Where releases go. `IsProduction` is octoplat's own: it asks once more before deploying there."""

    collection = "environments"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    SortOrder = serializers.IntegerField(source="sort_order", required=False)
    UseGuidedFailure = serializers.BooleanField(source="use_guided_failure", required=False)
    AllowDynamicInfrastructure = serializers.BooleanField(
        source="allow_dynamic_infrastructure", required=False
    )
    IsProduction = serializers.BooleanField(source="is_production", required=False)
    EnvironmentTags = OptionalList(child=serializers.CharField(), source="tags")
    ExtensionSettings = Constant([])

    def links(self, row: Environment, address: str) -> dict[str, str]:
        return {"Machines": f"{address}/machines{{?skip,take,partialName,roles,isDisabled}}"}


class EnvironmentV2Resource(EnvironmentResource):
    """The same with its kind; every environment is a static one."""

    Type = Constant("Static")
    ParentEnvironmentId = Constant(None)


class EnvironmentViewSet(CrudViewSet):
    model = Environment
    view_permission = Permission.ENVIRONMENT_VIEW
    serializer_class = EnvironmentResource

    def add(self, given: dict[str, Any]) -> Environment:
        given.pop("sort_order", None)
        return create_environment(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: Environment, given: dict[str, Any]) -> Environment:
        return update_environment(actor=self.request.actor, environment=row, **given)

    def remove(self, row: Environment) -> None:
        delete_environment(actor=self.request.actor, environment=row)

    @extend_schema(responses=MachineResource(many=True))
    @action(detail=True, url_path="machines", serializer_class=MachineResource)
    def machines(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The targets in this environment."""
        self.item_type = "Machine"
        rows = visible(
            request.actor,
            Permission.MACHINE_VIEW,
            Target.objects.filter(environments__environment=self.row(id)),
        ).prefetch_related("environments")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=IDS, responses={200: list[str]})
    @action(detail=False, methods=["put"], url_path="sortorder")
    def sortorder(self, request: ApiRequest, **_: Any) -> Response:
        """Puts the environments into the order of a bare array of ids."""
        ids = serializers.ListField(child=WireNumber("Environments")).run_validation(request.data)
        rows = sort_environments(actor=request.actor, space=request.space, order=ids)
        return Response([row.wire_id for row in rows])

    @extend_schema(responses={200: dict})
    @action(detail=False, url_path="summary")
    def summary(self, request: ApiRequest, **_: Any) -> Response:
        """How many targets each environment has, by health."""
        rows = list(self.filtered(self.get_queryset()))
        health = _health_by_environment(
            visible(request.actor, Permission.MACHINE_VIEW, Target.objects.in_space(request.space))
        )
        shown = self.get_serializer(rows, many=True).data
        return Response(
            {
                "EnvironmentSummaries": [
                    {
                        "Environment": document,
                        "TotalMachines": sum(health.get(row.pk, {}).values()),
                        "MachineHealthStatuses": health.get(row.pk, {}),
                    }
                    for row, document in zip(rows, shown, strict=True)
                ]
            }
        )


class EnvironmentV2ViewSet(SpaceViewSet):
    """What newer clients list; `type` may ask for kinds that there are none of."""

    model = Environment
    view_permission = Permission.ENVIRONMENT_VIEW
    serializer_class = EnvironmentV2Resource

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.parameters.many("type")
        return super().filtered(rows if not wanted or "Static" in wanted else rows.none())


def _health_by_environment(targets: QuerySet[Target]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = (
        targets.filter(Q(environments__isnull=False))
        .order_by()
        .values_list("environments__environment_id", "health")
        .annotate(count=Count("pk", distinct=True))
    )
    for environment_id, health, count in rows:
        found.setdefault(environment_id, {})[health] = count
    return found

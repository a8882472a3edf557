"""Tenants (api-dialect.md 8.24)."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Computed, OptionalList, Text, remembered
from deployments.api.logos import logo
from deployments.core.tags import TagFilter, by_set, in_words
from deployments.models import Environment, Project, Tenant, TenantTag
from deployments.queries.tenants import carrying
from deployments.services.tenants import (
    clone_tenant,
    create_tenant,
    delete_tenant,
    update_tenant,
)
from spaces.access import visible
from spaces.api.documents import SpaceResource
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest
from spaces.models import Space
from spaces.permissions import Permission
from spaces.queries.references import with_ids

PROJECT = WireNumber("Projects")
ENVIRONMENTS = serializers.ListField(child=WireNumber("Environments"), allow_null=True)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "array"}})
class ProjectEnvironments(serializers.Field):
    """`{project id: [environment id]}`, of those that the caller can see."""

    def get_attribute(self, instance: Tenant) -> Tenant:
        return instance

    def to_internal_value(self, data: Any) -> dict[int, list[int]]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("This is a map of project ids to environment ids.")
        return {
            PROJECT.run_validation(key): ENVIRONMENTS.run_validation(value) or []
            for key, value in data.items()
        }

    def to_representation(self, value: Tenant) -> dict[str, list[str]]:
        projects, environments = remembered(self.context, "seen places", self._seen)
        return {
            f"Projects-{row.project_id}": [
                f"Environments-{member.environment_id}"
                for member in row.environments.all()
                if member.environment_id in environments
            ]
            for row in value.projects.all()
            if row.project_id in projects
        }

    def _seen(self) -> tuple[set[int], set[int]]:
        request = self.context["request"]
        kinds = ((Project, Permission.PROJECT_VIEW), (Environment, Permission.ENVIRONMENT_VIEW))
        projects, environments = (
            set(
                visible(
                    request.actor, permission, model.objects.in_space(request.space)
                ).values_list("pk", flat=True)
            )
            for model, permission in kinds
        )
        return projects, environments


class TagNames(OptionalList):
    """Canonical names of the tags that somebody carries."""

    def get_attribute(self, instance: Tenant) -> list[str]:
        return [row.tag.canonical_name for row in instance.tags.all()]


class TenantResource(SpaceResource):
    """For whom projects are deployed."""

    collection = "tenants"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    IsDisabled = serializers.BooleanField(source="is_disabled", required=False)
    TenantTags = TagNames(child=serializers.CharField(), source="tags")
    ProjectEnvironments = ProjectEnvironments(source="connections", required=False, allow_null=True)
    ClonedFromTenantId = Computed(
        lambda row: f"Tenants-{row.cloned_from_id}" if row.cloned_from_id else None
    )

    def links(self, row: Tenant, address: str) -> dict[str, str]:
        return {
            "Variables": f"{address}/variables",
            "Logo": f"{address}/logo",
            "Web": f"/app#/Spaces-{row.space_id}/tenants/{row.wire_id}",
        }


class TenantViewSet(CrudViewSet):
    model = Tenant
    view_permission = Permission.TENANT_VIEW
    edit_permission = Permission.TENANT_EDIT
    serializer_class = TenantResource

    def rows(self) -> QuerySet[Any]:
        return tenants_in(self.request.space)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if project := self.parameters.one("projectId"):
            seen = visible(
                self.request.actor,
                Permission.PROJECT_VIEW,
                Project.objects.in_space(self.request.space),
            )
            rows = rows.filter(projects__project__in=with_ids(seen, [project]))
        for alternatives in by_set(self.parameters.many("tags")).values():
            rows = rows.filter(pk__in=carrying(self.request.space, alternatives))
        if self.parameters.one("isDisabled"):
            rows = rows.filter(is_disabled=self.parameters.flag("isDisabled"))
        if original := self.parameters.one("clonedFromTenantId"):
            rows = rows.filter(cloned_from__in=with_ids(Tenant.objects.all(), [original]))
        return rows

    @extend_schema(parameters=[OpenApiParameter("clone", str, description="The tenant to copy.")])
    def create(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().create(request, **kwargs)

    def add(self, given: dict[str, Any]) -> Tenant:
        if original := self.parameters.one("clone"):
            own = {name: given[name] for name in ("name", "slug", "description") if given.get(name)}
            return clone_tenant(actor=self.request.actor, original=self.row(original), **own)
        return create_tenant(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: Tenant, given: dict[str, Any]) -> Tenant:
        return update_tenant(actor=self.request.actor, tenant=row, **given)

    def remove(self, row: Tenant) -> None:
        delete_tenant(actor=self.request.actor, tenant=row)

    @extend_schema(responses={200: dict})
    @action(detail=False, url_path="status", pagination_class=None)
    def status(self, request: ApiRequest, **_: Any) -> Response:
        """Whether the space uses tenants."""
        return Response({"Enabled": self.get_queryset().exists()})

    @extend_schema(responses={200: dict})
    @action(detail=False, url_path="tag-test", pagination_class=None)
    def tag_test(self, request: ApiRequest, **_: Any) -> Response:
        """Whom a list of tags means, tenant by tenant."""
        tags = tuple(self.parameters.many("tags"))
        rows = with_ids(self.get_queryset(), self.parameters.many("tenantIds"))
        return Response({row.wire_id: _tested(row, tags) for row in rows})

    @extend_schema(responses={(200, "image/svg+xml"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="logo", pagination_class=None)
    def logo(self, request: ApiRequest, id: str, **_: Any) -> HttpResponse:
        """The tenant's first letter as a picture."""
        return logo(self.row(id).name)


def tenants_in(space: Space) -> QuerySet[Any]:
    """The tenants of a space with what their documents show."""
    rows: QuerySet[Any] = Tenant.objects.in_space(space)
    tags = TenantTag.objects.select_related("tag__tag_set").order_by("tag")
    return rows.prefetch_related(Prefetch("tags", queryset=tags), "projects__environments")


def _tested(tenant: Tenant, tags: tuple[str, ...]) -> dict[str, Any]:
    carried = [row.tag.canonical_name for row in tenant.tags.all()]
    matched = not tags or TagFilter[int](tags=tags).means(tenant.pk, carried)
    words = in_words(tags) or "any tags"
    return {
        "IsMatched": matched,
        "Reason": f"{tenant} {'carries' if matched else 'does not carry'} {words}.",
        "MatchedTags": [name for name in carried if name.lower() in {t.lower() for t in tags}],
    }

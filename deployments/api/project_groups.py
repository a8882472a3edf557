"""Project groups (api-dialect.md 8.4)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, Text
from deployments.api.projects import ProjectResource, projects_in
from deployments.models import ProjectGroup
from deployments.services.projects import (
    create_project_group,
    delete_project_group,
    update_project_group,
)
from spaces.access import visible
from spaces.api.documents import SpaceResource
from spaces.api.views import ApiRequest
from spaces.permissions import Permission


class ProjectGroupResource(SpaceResource):
    """A heading on the dashboard and a handle for permissions."""

    collection = "projectgroups"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    EnvironmentIds = Constant([])
    RetentionPolicyId = Constant(None)

    def links(self, row: ProjectGroup, address: str) -> dict[str, str]:
        return {"Projects": f"{address}/projects"}


class ProjectGroupViewSet(CrudViewSet):
    model = ProjectGroup
    view_permission = Permission.PROJECT_GROUP_VIEW
    serializer_class = ProjectGroupResource

    def add(self, given: dict[str, Any]) -> ProjectGroup:
        return create_project_group(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: ProjectGroup, given: dict[str, Any]) -> ProjectGroup:
        return update_project_group(actor=self.request.actor, group=row, **given)

    def remove(self, row: ProjectGroup) -> None:
        delete_project_group(actor=self.request.actor, group=row)

    @extend_schema(responses=ProjectResource(many=True))
    @action(detail=True, url_path="projects", serializer_class=ProjectResource)
    def projects(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The projects of the group that the caller may see."""
        self.item_type = "Project"
        rows = projects_in(request.space).filter(group=self.row(id))
        page = self.paginate_queryset(visible(request.actor, Permission.PROJECT_VIEW, rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

"""The dashboard (api-dialect.md 8.33)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from deployments.api.cells import item_document, know_pending
from deployments.api.projects import ProjectResource
from deployments.api.tenants import TenantResource, tenants_in
from deployments.core.tags import by_set
from deployments.models import Deployment, Project
from deployments.queries.dashboard import Dashboard, dashboard
from deployments.queries.tenants import carrying
from spaces.access import visible
from spaces.api.documents import api_address
from spaces.api.views import ApiRequest, SpaceCommandViewSet
from spaces.permissions import Permission
from spaces.queries.references import with_ids

MOST_PROJECTS = 200
Documents = list[dict[str, Any]]


class DashboardViewSet(SpaceCommandViewSet):
    """Which release is where."""

    @extend_schema(
        parameters=[
            OpenApiParameter("projectId", str),
            OpenApiParameter("projects", str),
            OpenApiParameter("environments", str),
            OpenApiParameter("includePrevious", bool),
            OpenApiParameter("selectedTenants", str),
            OpenApiParameter("selectedTags", str),
        ],
        responses={200: dict},
    )
    def list(self, request: ApiRequest, **_: Any) -> Response:
        """The newest deployment of each project in each environment."""
        rows: Any = Project.objects.in_space(request.space)
        named = [*self.parameters.many("projects"), *self.parameters.many("projectId")]
        found = dashboard(
            request.actor,
            request.space,
            projects=with_ids(rows, named) if named else rows,
            limit=MOST_PROJECTS,
        )
        wanted = {text.lower() for text in self.parameters.many("environments")}
        return Response(_document(found, wanted, self._tenants(found)))

    def _tenants(self, found: Dashboard) -> Documents:
        """The tenants of the shown projects; `selectedTenants` and `selectedTags` choose among them."""
        request = self.request
        rows = visible(request.actor, Permission.TENANT_VIEW, tenants_in(request.space))
        rows = rows.filter(projects__project__in=found.projects).distinct()
        if ids := self.parameters.many("selectedTenants"):
            rows = with_ids(rows, ids)
        for alternatives in by_set(self.parameters.many("selectedTags")).values():
            rows = rows.filter(pk__in=carrying(request.space, alternatives))
        shown = ("Id", "Name", "ProjectEnvironments", "TenantTags", "Links")
        documents = TenantResource(rows, many=True, context=self.get_serializer_context()).data
        return [{name: document[name] for name in shown} for document in documents]

    @extend_schema(responses={200: dict})
    def configuration(self, request: ApiRequest, **_: Any) -> Response:
        """What the dashboard is limited to: nothing."""
        return Response(
            {
                "Id": "dashboardconfiguration",
                "IncludedProjectIds": [],
                "IncludedEnvironmentIds": [],
                "IncludedTenantIds": [],
                "IncludedTenantTags": [],
                "ProjectLimit": MOST_PROJECTS,
                "Links": {"Self": api_address(f"{request.space.wire_id}/dashboardconfiguration")},
            }
        )


def _document(found: Dashboard, wanted: set[str], tenants: Documents) -> dict[str, Any]:
    """wanted: ids of environments; none = all."""
    environments = [
        row for row in found.environments if not wanted or row.wire_id.lower() in wanted
    ]
    ids = {row.pk for row in environments}
    told = {tenant["Id"] for tenant in tenants} | {None}
    cells = [
        cell
        for (_, env, tenant), cell in found.places.items()
        if env in ids and (f"Tenants-{tenant}" if tenant else None) in told
    ]
    shown = [cell.shown for cell in cells if cell.shown is not None]
    previous = [cell.current for cell in cells if cell.current is not None]
    know_pending([*shown, *previous])
    return {
        "Projects": [_project(row, found.columns[row.pk] & ids) for row in found.projects],
        "ProjectGroups": _groups(found),
        "Environments": [
            {"Id": row.wire_id, "Name": row.name, "Links": {}} for row in environments
        ],
        "Tenants": tenants,
        "Items": [item_document(row) for row in shown],
        "PreviousItems": [_previous(row) for row in previous],
        "ProjectLimit": MOST_PROJECTS,
        "IsFiltered": bool(wanted),
        "Links": {},
    }


def _previous(deployment: Deployment) -> dict[str, Any]:
    return item_document(deployment, is_current=False, is_previous=True)


def _project(project: Project, environments: set[int] | frozenset[int]) -> dict[str, Any]:
    address = ProjectResource().address(project)
    return {
        "Id": project.wire_id,
        "Name": project.name,
        "Slug": project.slug,
        "ProjectGroupId": f"ProjectGroups-{project.group_id}",
        "EnvironmentIds": [f"Environments-{pk}" for pk in sorted(environments)],
        "IsDisabled": project.is_disabled,
        "TenantedDeploymentMode": project.tenanted_mode,
        "CanPerformUntenantedDeployment": project.tenanted_mode != "Tenanted",
        "Links": {"Self": address, "Logo": f"{address}/logo"},
    }


def _groups(found: Dashboard) -> list[dict[str, Any]]:
    groups = {project.group_id: project.group for project in found.projects}
    return [
        {
            "Id": group.wire_id,
            "Name": group.name,
            "EnvironmentIds": [row.wire_id for row in found.environments],
            "Links": {},
        }
        for group in groups.values()
    ]

"""What clients ask about the server itself before they begin (api-dialect.md 3.5, 7.4)."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from deployments.models import Project
from spaces.access import UNKNOWN
from spaces.api.documents import api_address
from spaces.api.routes import Route, route
from spaces.api.views import ApiRequest, DialectViewSet
from spaces.errors import NotFound


@extend_schema(responses=dict)
class ServerViewSet(DialectViewSet):
    """Facts about this installation."""

    item_type = "OctopusServerNode"

    def status(self, request: ApiRequest) -> Response:
        return Response(
            {
                "IsDatabaseEncrypted": True,
                "IsMajorMinorUpgrade": False,
                "IsInMaintenanceMode": False,
                "MaintenanceExpires": None,
                "Links": {"Self": api_address("serverstatus")},
            }
        )

    def capabilities(self, request: ApiRequest) -> Response:
        """Optional parts of the dialect that clients may use: none so far."""
        return Response({"Capabilities": []})

    def features(self, request: ApiRequest) -> Response:
        return Response(
            {
                "Id": "features-configuration",
                "IsCommunityActionTemplatesEnabled": False,
                "Links": {"Self": api_address("featuresconfiguration")},
            }
        )

    def toggles(self, request: ApiRequest) -> Response:
        return Response({"FeatureToggles": []})

    def nodes(self, request: ApiRequest) -> Response:
        """The node that answers; other nodes share its database and need no address."""
        page: Any = self.paginate_queryset(Project.objects.none())
        answer = self.get_paginated_response(page)
        answer.data |= {"TotalResults": 1, "Items": [_this_node()]}
        return answer

    def node(self, request: ApiRequest, id: str) -> Response:
        if id.lower() != f"octopusservernodes-{settings.NODE}".lower():
            raise NotFound(UNKNOWN)
        return Response(_this_node())


@extend_schema(responses=dict)
class PingViewSet(DialectViewSet):
    """Whether somebody is there. Anybody may ask."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def ping(self, request: ApiRequest) -> Response:
        return Response({"IsOffline": False, "IsInMaintenanceMode": False})


def _this_node() -> dict[str, Any]:
    return {
        "Id": f"OctopusServerNodes-{settings.NODE}",
        "Name": settings.NODE,
        "IsInMaintenanceMode": False,
        "IsOffline": False,
        "MaxConcurrentTasks": settings.WORKERS,
        "Links": {"Self": api_address("octopusservernodes")},
    }


routes: list[Route] = [
    route("serverstatus", ServerViewSet.as_view({"get": "status"})),
    route("capabilities", ServerViewSet.as_view({"get": "capabilities"})),
    route("featuresconfiguration", ServerViewSet.as_view({"get": "features"})),
    route("configuration/feature-toggles", ServerViewSet.as_view({"get": "toggles"})),
    route("octopusservernodes", ServerViewSet.as_view({"get": "nodes"})),
    route("octopusservernodes/ping", PingViewSet.as_view({"get": "ping"})),
    route("octopusservernodes/<str:id>", ServerViewSet.as_view({"get": "node"})),
]

"""Kinds that the dialect has and octoplat does not have yet: there are none of them, whoever asks.

Clients list them on the way to other things, so lists answer an empty page; everything else about them
is an unknown address, as it is for any row that does not exist.
"""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from deployments.models import Project
from spaces.access import UNKNOWN
from spaces.api.routes import Route, route
from spaces.api.views import ApiRequest, SpaceCommandViewSet
from spaces.errors import NotFound

KINDS = {
    "actiontemplates": "ActionTemplate",
    "certificates": "Certificate",
    "communityactiontemplates": "CommunityActionTemplate",
    "git-credentials": "GitCredential",
    "projecttriggers": "ProjectTrigger",
    "proxies": "Proxy",
    "subscriptions": "Subscription",
    "workers": "Worker",
}


# Lists about these kinds that are not collections.
LISTS = (
    "actiontemplates/categories",
    "actiontemplates/search",
)


@extend_schema(responses={200: dict})
class AbsentViewSet(SpaceCommandViewSet):
    """A collection without items."""

    def list(self, request: ApiRequest, **_: Any) -> Response:
        return self.get_paginated_response(self.paginate_queryset(Project.objects.none()))

    def all(self, request: ApiRequest, **_: Any) -> Response:
        return Response([])

    def retrieve(self, request: ApiRequest, id: str, **_: Any) -> Response:
        raise NotFound(UNKNOWN)

    def freezes(self, request: ApiRequest, **_: Any) -> Response:
        """Freezes are listed in a form of their own."""
        return Response({"DeploymentFreezes": [], "Count": 0})


def absent_routes() -> list[Route]:
    """What can be asked about all these kinds."""
    routes: list[Route] = [
        route("deploymentfreezes", AbsentViewSet.as_view({"get": "freezes"})),
        route("deploymentfreezes/<str:id>", AbsentViewSet.as_view({"get": "retrieve"})),
        *(route(path, AbsentViewSet.as_view({"get": "all"})) for path in LISTS),
    ]
    for path, item_type in KINDS.items():
        routes += [
            route(path, AbsentViewSet.as_view({"get": "list"}, item_type=item_type)),
            route(f"{path}/all", AbsentViewSet.as_view({"get": "all"})),
            route(f"{path}/<str:id>", AbsentViewSet.as_view({"get": "retrieve"})),
        ]
    return routes

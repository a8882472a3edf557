"""The API put together: every app's routes in one tree, and its OpenAPI document."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from deployments.api import urls as deployments
from octoplat import server_api
from runbooks.api import urls as runbooks
from spaces.api import urls as spaces
from spaces.api.root import NowhereViewSet, RootViewSet, SpaceRootViewSet
from spaces.api.routes import Route, mount, route

Endpoint = tuple[str, str, str, Callable[..., Any]]

EVERY_METHOD = ("get", "post", "put", "patch", "delete")

# Below /api/{space}, and below /api for the default space.
space_routes: list[Route] = [
    *spaces.space_routes,
    *runbooks.space_routes,
    *deployments.space_routes,
]
system_routes: list[Route] = [
    *spaces.system_routes,
    *server_api.routes,
    *deployments.system_routes,
]

routes: list[Route] = [
    *spaces.root_routes,
    *deployments.root_routes,
    route("api", RootViewSet.as_view({"get": "list"})),
    route("api/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    route("api/docs", SpectacularSwaggerSplitView.as_view(url_name="openapi")),
    mount("api/", [*system_routes, *space_routes]),
    mount("api/<str:space>/", space_routes),
    route("api/<str:space>", SpaceRootViewSet.as_view({"get": "list"})),
    route("api/<path:rest>", NowhereViewSet.as_view(dict.fromkeys(EVERY_METHOD, "nowhere"))),
]


def without_twins(endpoints: list[Endpoint]) -> list[Endpoint]:
    """For the OpenAPI document: what is there with and without a space is described once, with it."""
    twins = {path.replace("/{space}", "") for path, *_ in endpoints if "/{space}" in path}
    return [endpoint for endpoint in endpoints if endpoint[0] not in twins]

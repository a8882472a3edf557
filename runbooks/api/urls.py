"""Routes of `runbooks`. `octoplat.api` mounts them below /api, where they mean the default space, and
below /api/{space}."""

from runbooks.api.commands import RunbookCommandViewSet
from runbooks.api.processes import RunbookProcessViewSet
from runbooks.api.runbooks import RunbookViewSet
from runbooks.api.runs import RunbookRunViewSet
from runbooks.api.snapshots import SnapshotViewSet
from spaces.api.routes import Route, collection, route

space_routes: list[Route] = [
    route("runbook-runs/create/v1", RunbookCommandViewSet.as_view({"post": "create_runs"})),
    route("runbook-runs/git/create/v1", RunbookCommandViewSet.as_view({"post": "create_git_runs"})),
    route("runbooks/<str:id>/run", RunbookCommandViewSet.as_view({"post": "run"})),
    *collection("runbooks", RunbookViewSet),
    *collection("runbookProcesses", RunbookProcessViewSet),
    *collection("runbookSnapshots", SnapshotViewSet),
    *collection("runbookRuns", RunbookRunViewSet),
    route(
        "projects/<str:project>/runbooks", RunbookViewSet.as_view({"get": "list", "post": "create"})
    ),
    route(
        "projects/<str:project>/runbooks/<str:id>",
        RunbookViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    route(
        "projects/<str:project>/runbookSnapshots",
        SnapshotViewSet.as_view({"get": "list", "post": "create"}),
    ),
    route(
        "projects/<str:project>/runbookSnapshots/<str:id>",
        SnapshotViewSet.as_view({"get": "retrieve"}),
    ),
    route(
        "projects/<str:project>/runbookProcesses/<str:id>",
        RunbookProcessViewSet.as_view({"get": "retrieve", "put": "update"}),
    ),
]

"""Routes of `spaces`. Mounted by `octoplat.api`: `root_routes` at the root, `system_routes` below /api,
`space_routes` below /api (for the default space) and below /api/{space}."""

from spaces.api import invitations, oidc_identities, tokens
from spaces.api.access_check import AccessCheckViewSet
from spaces.api.events import EventViewSet
from spaces.api.roles import PermissionViewSet, UserRoleViewSet
from spaces.api.routes import Route, collection, route
from spaces.api.sessions import SessionViewSet
from spaces.api.teams import ScopedUserRoleViewSet, TeamMembershipViewSet, TeamViewSet
from spaces.api.users import UserViewSet

root_routes: list[Route] = tokens.routes

system_routes: list[Route] = [
    route("users/login", SessionViewSet.as_view({"post": "sign_in"})),
    route("users/logout", SessionViewSet.as_view({"post": "sign_out"})),
    route("permissions/all", PermissionViewSet.as_view({"get": "catalogue"})),
    route("teammembership", TeamMembershipViewSet.as_view({"get": "memberships"})),
    *invitations.routes,
    *collection("users", UserViewSet),
    *oidc_identities.routes,
    *collection("userroles", UserRoleViewSet),
    *collection("teams", TeamViewSet),
    *collection("scopeduserroles", ScopedUserRoleViewSet),
    *collection("events", EventViewSet),
]

space_routes: list[Route] = [
    route("access-check", AccessCheckViewSet.as_view({"get": "check"})),
    *collection("teams", TeamViewSet),
    *collection("scopeduserroles", ScopedUserRoleViewSet),
    *collection("events", EventViewSet),
]

"""Teams and what they hold. api-dialect.md 8.22."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.helpers import lazy_serializer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from spaces.access import allowed_system, anywhere, visible_spaces
from spaces.actors import Actor
from spaces.api.documents import Document, Resource
from spaces.api.fields import Reference, WireNumber
from spaces.api.views import ApiRequest, OwnedBySpacesViewSet
from spaces.errors import Invalid
from spaces.models import ScopedUserRole, Team, User, UserRole
from spaces.permissions import Permission
from spaces.queries.references import find
from spaces.queries.teams import seen_teams
from spaces.scopes import WIRE_PREFIXES, Scope
from spaces.services.teams import (
    assign_role,
    change_assignment,
    create_team,
    delete_team,
    remove_assignment,
    update_team,
)


def space_id_of(row: Any) -> str | None:
    """Null for what belongs to the system."""
    return f"Spaces-{row.space_id}" if row.space_id else None


class TeamDocument(Resource):
    """8.22."""

    collection = "teams"

    Name = serializers.CharField(source="name")
    Description = serializers.CharField(source="description")
    MemberUserIds = serializers.SerializerMethodField()
    ExternalSecurityGroups = serializers.JSONField(source="external_groups")
    SpaceId = serializers.SerializerMethodField()
    CanBeDeleted = serializers.BooleanField(source="can_be_deleted")
    CanBeRenamed = serializers.BooleanField(source="can_be_renamed")
    CanChangeRoles = serializers.BooleanField(source="can_change_roles")
    CanChangeMembers = serializers.BooleanField(source="can_change_members")

    def get_MemberUserIds(self, team: Team) -> list[str]:
        return [user.wire_id for user in team.members.all()]

    def get_SpaceId(self, team: Team) -> str | None:
        return space_id_of(team)

    def links(self, row: Team, address: str) -> dict[str, str]:
        return {"ScopedUserRoles": f"{address}/scopeduserroles{{?skip,take,spaces,includeSystem}}"}


class TeamInput(Document):
    Name = serializers.CharField(source="name")
    Description = serializers.CharField(
        source="description", required=False, allow_blank=True, allow_null=True
    )
    MemberUserIds = serializers.ListField(
        child=Reference(queryset=User.objects.filter(anonymised_at=None), name="username"),
        source="members",
        required=False,
        allow_null=True,
    )
    SpaceId = serializers.CharField(source="space", required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Null means that nothing was said."""
        return {name: value for name, value in attrs.items() if value is not None}


class TeamViewSet(OwnedBySpacesViewSet):
    serializer_class = TeamDocument
    input_class = TeamInput

    def get_queryset(self) -> QuerySet[Team]:
        return seen_teams(self.request.actor).prefetch_related("members")

    def create(self, request: ApiRequest) -> Response:
        given = self.given()
        space = self.space_given(given.pop("space", ""))
        return self.shown(create_team(actor=request.actor, space=space, **given), status=201)

    def update(self, request: ApiRequest, id: str) -> Response:
        team = self.row(id)
        given = self.given()
        given.pop("space", None)
        return self.shown(update_team(actor=request.actor, team=team, **given))

    def destroy(self, request: ApiRequest, id: str) -> Response:
        delete_team(actor=request.actor, team=self.row(id))
        return Response({})

    @extend_schema(responses=lazy_serializer(f"{__name__}.ScopedUserRoleDocument")(many=True))
    @action(detail=True, url_path="scopeduserroles")
    def scoped_user_roles(self, request: ApiRequest, id: str) -> Response:
        self.item_type = "ScopedUserRole"
        rows = seen_assignments(request.actor).filter(team=self.row(id))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ScopedUserRoleDocument(page, many=True).data)


def seen_assignments(actor: Actor) -> QuerySet[ScopedUserRole]:
    """Assignments of the teams one sees, in the spaces where one may view teams."""
    rows = ScopedUserRole.objects.filter(team__in=seen_teams(actor)).select_related("team", "role")
    if allowed_system(actor, Permission.TEAM_EDIT):
        return rows
    spaces = [s.pk for s in visible_spaces(actor) if anywhere(actor, Permission.TEAM_VIEW, s)]
    seen = Q(space__in=spaces)
    if allowed_system(actor, Permission.TEAM_VIEW):
        seen |= Q(space=None)
    return rows.filter(seen)


class ScopedUserRoleDocument(Resource):
    collection = "scopeduserroles"

    UserRoleId = serializers.CharField(source="role.wire_id")
    TeamId = serializers.CharField(source="team.wire_id")
    SpaceId = serializers.SerializerMethodField()
    ProjectIds = WireNumber.many(WIRE_PREFIXES["project"], source="project_ids")
    ProjectGroupIds = WireNumber.many(WIRE_PREFIXES["group"], source="project_group_ids")
    EnvironmentIds = WireNumber.many(WIRE_PREFIXES["environment"], source="environment_ids")
    TenantIds = WireNumber.many(WIRE_PREFIXES["tenant"], source="tenant_ids")

    def get_SpaceId(self, row: ScopedUserRole) -> str | None:
        return space_id_of(row)


class ScopedUserRoleInput(Document):
    """`scope` is ready for the services."""

    UserRoleId = Reference(queryset=UserRole.objects.all(), source="role")
    TeamId = serializers.CharField(source="team", required=False)
    SpaceId = serializers.CharField(source="space", required=False, allow_null=True)
    ProjectIds = WireNumber.many(WIRE_PREFIXES["project"], source="projects")
    ProjectGroupIds = WireNumber.many(WIRE_PREFIXES["group"], source="groups")
    EnvironmentIds = WireNumber.many(WIRE_PREFIXES["environment"], source="environments")
    TenantIds = WireNumber.many(WIRE_PREFIXES["tenant"], source="tenants")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = ("projects", "groups", "environments", "tenants")
        limits = {name: attrs.pop(name, None) for name in names}
        return {**attrs, "scope": Scope.of(**limits)}


class ScopedUserRoleViewSet(OwnedBySpacesViewSet):
    serializer_class = ScopedUserRoleDocument
    input_class = ScopedUserRoleInput
    name_field = ""

    def get_queryset(self) -> QuerySet[ScopedUserRole]:
        return seen_assignments(self.request.actor)

    def create(self, request: ApiRequest) -> Response:
        given = self.given()
        named = given.pop("team", "")
        if (team := find(seen_teams(request.actor), named)) is None:
            raise Invalid(f"The team {named[:100]!r} does not exist.")
        space = self.space_given(given.pop("space", ""))
        row = assign_role(actor=request.actor, team=team, space=space, **given)
        return self.shown(row, status=201)

    def update(self, request: ApiRequest, id: str) -> Response:
        row = self.row(id)
        given = self.given()
        changed = change_assignment(
            actor=request.actor, assignment=row, role=given["role"], scope=given["scope"]
        )
        return self.shown(changed)

    def destroy(self, request: ApiRequest, id: str) -> Response:
        remove_assignment(actor=request.actor, assignment=self.row(id))
        return Response({})


class TeamMembershipViewSet(OwnedBySpacesViewSet):
    """`/api/teammembership?userId=`: the teams of one user, a bare array."""

    serializer_class = TeamDocument

    def get_queryset(self) -> QuerySet[Team]:
        return seen_teams(self.request.actor)

    def memberships(self, request: ApiRequest) -> Response:
        user = find(User.objects.all(), self.parameters.one("userId"), name="username")
        teams = (
            self.filtered(self.get_queryset().filter(members=user)) if user else Team.objects.none()
        )
        return Response(
            [
                {
                    "TeamId": team.wire_id,
                    "TeamName": team.name,
                    "UserId": user.wire_id if user else "",
                    "SpaceId": space_id_of(team),
                    "IsDirectlyAssigned": True,
                    "ExternalGroupNames": [],
                }
                for team in teams
            ]
        )

"""Inviting people, and accepting an invitation. api-dialect.md 3.3, 7; domain.md 3.1."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from spaces.access import allowed_system, authorize_system
from spaces.api.documents import Document, Resource, Timestamp
from spaces.api.fields import Reference
from spaces.api.routes import Route, route
from spaces.api.users import UserDocument
from spaces.api.views import ApiRequest, CollectionViewSet, DialectViewSet
from spaces.models import Invitation, Team
from spaces.permissions import Permission
from spaces.queries.teams import seen_teams
from spaces.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    open_invitations,
    withdraw_invitation,
)


class InvitationDocument(Resource):
    """An invitation as it is shown later: never its code."""

    collection = "users/invitations"

    AddToTeamIds = serializers.SerializerMethodField()
    Expires = Timestamp(source="expires_at")
    SpaceId = serializers.SerializerMethodField()

    def get_AddToTeamIds(self, invitation: Invitation) -> list[str]:
        return [team.wire_id for team in invitation.teams.all()]

    def get_SpaceId(self, invitation: Invitation) -> str | None:
        """The space of its teams, where that is one."""
        spaces = {team.space_id for team in invitation.teams.all()}
        only = spaces.pop() if len(spaces) == 1 else None
        return f"Spaces-{only}" if only else None


class SeenTeam(Reference):
    """A team that the caller may see; any other does not exist."""

    def to_internal_value(self, data: Any) -> Any:
        self.queryset = seen_teams(self.context["request"].actor)
        return super().to_internal_value(data)


class InvitationInput(Document):
    AddToTeamIds = serializers.ListField(
        child=SeenTeam(queryset=Team.objects.none()), source="teams"
    )


class Shown(Document):
    """The code, which stands for a key here."""

    InvitationCode = serializers.CharField(
        source="code", required=False, allow_blank=True, default=""
    )


class Registration(Shown):
    """Whoever shows the code chooses who they are."""

    Username = serializers.CharField(source="username")
    Password = serializers.CharField(source="password", trim_whitespace=False, write_only=True)
    DisplayName = serializers.CharField(
        source="display_name", required=False, allow_blank=True, default=""
    )
    EmailAddress = serializers.CharField(
        source="email", required=False, allow_blank=True, default=""
    )


class InvitationViewSet(CollectionViewSet):
    serializer_class = InvitationDocument
    input_class = InvitationInput
    name_field = ""

    def get_queryset(self) -> QuerySet[Invitation]:
        if not allowed_system(self.request.actor, Permission.USER_INVITE):
            return Invitation.objects.none()
        return open_invitations().prefetch_related("teams")

    @extend_schema(request=InvitationInput)
    def create(self, request: ApiRequest) -> Response:
        """The only answer that ever holds the code."""
        authorize_system(request.actor, Permission.USER_INVITE)
        invitation, code = invite(actor=request.actor, **self.given())
        document = {**self.get_serializer(invitation).data, "InvitationCode": code}
        return Response(document, status=201)

    def destroy(self, request: ApiRequest, id: str) -> Response:
        withdraw_invitation(actor=request.actor, invitation=self.row(id))
        return Response({})


class RegistrationViewSet(DialectViewSet):
    """For who has no user yet: the code is what they show instead of a key."""

    serializer_class = UserDocument
    input_class = Registration
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=Registration, responses={201: UserDocument})
    def register(self, request: ApiRequest) -> Response:
        """The code first: without a good one, nothing else is even read."""
        find_invitation(actor=request.actor, code=self._code())
        return self.shown(accept_invitation(actor=request.actor, **self.given()), status=201)

    def _code(self) -> str:
        """A body that cannot be read holds no code."""
        try:
            return str(self.given(Shown)["code"])
        except (UnsupportedMediaType, ParseError):
            return ""


routes: list[Route] = [
    route("users/register", RegistrationViewSet.as_view({"post": "register"})),
    route("users/invitations", InvitationViewSet.as_view({"get": "list", "post": "create"})),
    route(
        "users/invitations/<str:id>",
        InvitationViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
]

"""Users and their API keys. api-dialect.md 8.21."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from spaces.access import (
    UNKNOWN,
    Rights,
    allowed_system,
    authorize_system,
    rights_of_user,
    visible_spaces,
)
from spaces.actors import Actor
from spaces.api.api_keys import ApiKeyDocument, ApiKeyInput
from spaces.api.documents import Document, Resource, api_address
from spaces.api.spaces import SpaceDocument
from spaces.api.teams import TeamDocument
from spaces.api.views import ApiRequest, CollectionViewSet
from spaces.errors import NotFound
from spaces.models import ApiKey, Team, User
from spaces.permissions import Permission
from spaces.queries.references import canonical
from spaces.scopes import WIRE_PREFIXES, Ids
from spaces.services.api_keys import (
    DEFAULT_LIFE,
    Limits,
    create_api_key,
    may_manage_keys_of,
    revoke_api_key,
)
from spaces.services.users import create_user, delete_user, update_user


class UserDocument(Resource):
    """8.21."""

    collection = "users"

    Username = serializers.CharField(source="username")
    DisplayName = serializers.CharField(source="display_name")
    EmailAddress = serializers.CharField(source="email")
    IsActive = serializers.BooleanField(source="is_active")
    IsService = serializers.BooleanField(source="is_service")
    IsRequestor = serializers.SerializerMethodField()
    CanPasswordBeEdited = serializers.SerializerMethodField()
    Identities = serializers.SerializerMethodField()

    def get_IsRequestor(self, user: User) -> bool:
        return bool(self.context["request"].user == user)

    def get_CanPasswordBeEdited(self, user: User) -> bool:
        return not user.is_service

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_Identities(self, user: User) -> list[Any]:
        return []

    def links(self, row: User, address: str) -> dict[str, str]:
        return {
            "ApiKeys": f"{address}/apikeys{{/id}}{{?skip,take}}",
            "Spaces": f"{address}/spaces",
            "Teams": f"{address}/teams",
            "Permissions": f"{address}/permissions",
            "Avatar": f"{address}/avatar",
        }


class UserInput(Document):
    DisplayName = serializers.CharField(source="display_name", required=False, allow_blank=True)
    EmailAddress = serializers.CharField(
        source="email", required=False, allow_blank=True, allow_null=True
    )
    IsActive = serializers.BooleanField(source="is_active", required=False)
    Password = serializers.CharField(
        source="password",
        required=False,
        allow_blank=True,
        allow_null=True,
        trim_whitespace=False,
        write_only=True,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Null means that nothing was said."""
        return {name: value for name, value in attrs.items() if value is not None}


class NewUserInput(UserInput):
    Username = serializers.CharField(source="username")
    IsService = serializers.BooleanField(source="is_service", required=False)


class UserViewSet(CollectionViewSet):
    """`me` is for everybody; other users for those who may view them."""

    serializer_class = UserDocument
    input_class = UserInput
    name_field = "username"

    def get_queryset(self) -> QuerySet[User]:
        actor = self.request.actor
        users = User.objects.filter(anonymised_at=None)
        return users if allowed_system(actor, Permission.USER_VIEW) else users.filter(pk=self.me.pk)

    def filtered(self, rows: QuerySet[User]) -> QuerySet[User]:
        rows = super().filtered(rows)
        if part := canonical(self.parameters.one("filter")):
            rows = rows.filter(Q(username__icontains=part) | Q(display_name__icontains=part))
        return rows

    @property
    def me(self) -> User:
        return self.request.user

    @extend_schema(request=NewUserInput)
    def create(self, request: ApiRequest) -> Response:
        authorize_system(request.actor, Permission.USER_EDIT)
        given = {k: v for k, v in self.given(NewUserInput).items() if k != "is_active"}
        return self.shown(create_user(actor=request.actor, **given), status=201)

    def update(self, request: ApiRequest, id: str) -> Response:
        user = self.row(id)
        given = self.given()
        return self.shown(update_user(actor=request.actor, user=user, **given))

    def destroy(self, request: ApiRequest, id: str) -> Response:
        delete_user(actor=request.actor, user=self.row(id))
        return Response({})

    @action(detail=False, url_path="me")
    def myself(self, request: ApiRequest) -> Response:
        return self.shown(self.me)

    @extend_schema(responses=SpaceDocument(many=True))
    @action(detail=True, url_path="spaces", pagination_class=None)
    def spaces(self, request: ApiRequest, id: str) -> Response:
        """The spaces this user works in: a bare array, by which one client finds the default space."""
        spaces = visible_spaces(Actor(user=self.row(id))) & visible_spaces(request.actor)
        return Response(SpaceDocument(spaces, many=True).data)

    @extend_schema(responses=TeamDocument(many=True))
    @action(detail=True, url_path="teams", pagination_class=None)
    def teams(self, request: ApiRequest, id: str) -> Response:
        teams = Team.objects.filter(Q(members=self.row(id)) | Q(builtin=Team.EVERYONE))
        return Response(TeamDocument(teams.distinct(), many=True).data)

    @extend_schema(responses=dict)
    @action(detail=True, url_path="permissions", pagination_class=None)
    def permissions(self, request: ApiRequest, id: str) -> Response:
        user = self.row(id)
        if user != self.me:
            authorize_system(request.actor, Permission.USER_ROLE_VIEW)
        return Response(_permission_set(user, rights_of_user(user)))

    @extend_schema(responses=ApiKeyDocument(many=True))
    @action(detail=True, url_path="apikeys", serializer_class=ApiKeyDocument)
    def api_keys(self, request: ApiRequest, id: str) -> Response:
        self.item_type = "ApiKey"
        keys = self._keys_of(self._keyholder(id))
        page = self.paginate_queryset(keys)
        return self.get_paginated_response(ApiKeyDocument(page, many=True).data)

    @extend_schema(request=ApiKeyInput, responses={201: ApiKeyDocument})
    @api_keys.mapping.post
    def create_api_key(self, request: ApiRequest, id: str) -> Response:
        """The only answer that ever holds the key."""
        user = self._keyholder(id)
        given = self.given(ApiKeyInput)
        key, text = create_api_key(
            actor=request.actor,
            user=user,
            purpose=given.pop("purpose"),
            expires_at=given.pop("expires_at", timezone.now() + DEFAULT_LIFE),
            limits=Limits(**given),
        )
        return Response({**ApiKeyDocument(key).data, "ApiKey": text}, status=201)

    @extend_schema(responses=ApiKeyDocument)
    @action(detail=True, url_path="apikeys/<str:key_id>", serializer_class=ApiKeyDocument)
    def api_key(self, request: ApiRequest, id: str, key_id: str) -> Response:
        return Response(ApiKeyDocument(self._key(id, key_id)).data)

    @extend_schema(responses=dict)
    @api_key.mapping.delete
    def revoke_api_key(self, request: ApiRequest, id: str, key_id: str) -> Response:
        revoke_api_key(actor=request.actor, key=self._key(id, key_id))
        return Response({})

    def _keyholder(self, text: str) -> User:
        user: User = self.row(text)
        if not may_manage_keys_of(self.request.actor, user):
            authorize_system(self.request.actor, Permission.USER_EDIT)
        return user

    def _key(self, user: str, text: str) -> ApiKey:
        lookup = text.upper().removeprefix("APIKEYS-")
        if key := self._keys_of(self._keyholder(user)).filter(lookup=lookup).first():
            return key
        raise NotFound(UNKNOWN)

    @staticmethod
    def _keys_of(user: User) -> QuerySet[ApiKey]:
        return user.api_keys.select_related("user")


def _permission_set(user: User, rights: Rights) -> dict[str, Any]:
    """Each permission with the places where it is held."""
    held: dict[str, list[dict[str, Any]]] = {}
    for grant in rights.grants:
        if grant.space_id is None:
            continue
        place = {
            "SpaceId": f"Spaces-{grant.space_id}",
            "RestrictedToProjectIds": _wire("project", grant.scope.projects),
            "RestrictedToProjectGroupIds": _wire("group", grant.scope.groups),
            "RestrictedToEnvironmentIds": _wire("environment", grant.scope.environments),
            "RestrictedToTenantIds": _wire("tenant", grant.scope.tenants),
        }
        for name in grant.permissions:
            if Permission.named(name):
                held.setdefault(name, []).append(place)
    return {
        "Id": user.wire_id,
        "SpacePermissions": dict(sorted(held.items())),
        "SystemPermissions": sorted(rights.system),
        "IsPermissionsComplete": True,
        "IsTeamsComplete": True,
        "Links": {"Self": api_address(f"users/{user.wire_id}/permissions")},
    }


def _wire(dimension: str, ids: Ids) -> list[str]:
    return [f"{WIRE_PREFIXES[dimension]}-{pk}" for pk in sorted(ids or ())]

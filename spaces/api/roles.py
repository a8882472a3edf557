"""Roles, and the permissions they are made of. api-dialect.md 8.22."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from spaces.access import allowed_system
from spaces.api.documents import Document, Resource
from spaces.api.views import ApiRequest, CollectionViewSet, DialectViewSet
from spaces.models import UserRole
from spaces.permissions import Permission
from spaces.services.roles import create_role, delete_role, update_role

RESTRICTIONS = {
    "knows_groups": "ProjectGroups",
    "knows_projects": "Projects",
    "knows_environments": "Environments",
    "knows_tenants": "Tenants",
}


class UserRoleDocument(Resource):
    """8.22."""

    collection = "userroles"

    Name = serializers.CharField(source="name")
    Description = serializers.CharField(source="description")
    GrantedSpacePermissions = serializers.ListField(
        child=serializers.CharField(), source="space_permissions"
    )
    GrantedSystemPermissions = serializers.ListField(
        child=serializers.CharField(), source="system_permissions"
    )
    SpacePermissionDescriptions = serializers.SerializerMethodField()
    SystemPermissionDescriptions = serializers.SerializerMethodField()
    SupportedRestrictions = serializers.SerializerMethodField()
    CanBeDeleted = serializers.SerializerMethodField()

    def get_SpacePermissionDescriptions(self, role: UserRole) -> list[str]:
        return [p.description for p in _known(role.space_permissions)]

    def get_SystemPermissionDescriptions(self, role: UserRole) -> list[str]:
        return [p.description for p in _known(role.system_permissions)]

    def get_SupportedRestrictions(self, role: UserRole) -> list[str]:
        permissions = _known(role.space_permissions)
        return sorted({name for p in permissions for name in _restrictions(p)})

    def get_CanBeDeleted(self, role: UserRole) -> bool:
        return not role.is_builtin


class UserRoleInput(Document):
    Name = serializers.CharField(source="name")
    Description = serializers.CharField(
        source="description", required=False, allow_blank=True, allow_null=True
    )
    GrantedSpacePermissions = serializers.ListField(
        child=serializers.CharField(), source="space_permissions", required=False, allow_null=True
    )
    GrantedSystemPermissions = serializers.ListField(
        child=serializers.CharField(), source="system_permissions", required=False, allow_null=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Null means that nothing was said."""
        return {name: value for name, value in attrs.items() if value is not None}


class UserRoleViewSet(CollectionViewSet):
    serializer_class = UserRoleDocument
    input_class = UserRoleInput

    def get_queryset(self) -> QuerySet[UserRole]:
        sees_roles = allowed_system(self.request.actor, Permission.USER_ROLE_VIEW)
        return UserRole.objects.all() if sees_roles else UserRole.objects.none()

    def create(self, request: ApiRequest) -> Response:
        role = create_role(actor=request.actor, **self.given())
        return self.shown(role, status=201)

    def update(self, request: ApiRequest, id: str) -> Response:
        role = self.row(id)
        return self.shown(update_role(actor=request.actor, role=role, **self.given()))

    def destroy(self, request: ApiRequest, id: str) -> Response:
        delete_role(actor=request.actor, role=self.row(id))
        return Response({})


class PermissionViewSet(DialectViewSet):
    """`/api/permissions/all`: every permission by name, with its levels and limits."""

    @extend_schema(responses=dict)
    def catalogue(self, request: ApiRequest) -> Response:
        return Response({permission.value: _described(permission) for permission in Permission})


def _described(permission: Permission) -> dict[str, Any]:
    return {
        "Description": permission.description,
        "CanApplyAtSpaceLevel": permission.in_spaces,
        "CanApplyAtSystemLevel": permission.at_system_level,
        "SupportedRestrictions": _restrictions(permission),
    }


def _restrictions(permission: Permission) -> list[str]:
    return [name for known, name in RESTRICTIONS.items() if getattr(permission, known)]


def _known(names: list[str]) -> list[Permission]:
    return [permission for name in names if (permission := Permission.named(name))]

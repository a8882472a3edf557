"""Users, their keys, and what they may do."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from spaces.admin.rows import Rows, by_service
from spaces.admin.site import site
from spaces.models import (
    ApiKey,
    AuthenticatorApp,
    BrowserSession,
    Invitation,
    OidcIdentity,
    RateLimit,
    RecoveryCode,
    ScopedUserRole,
    ScopedUserRoleGrant,
    SecurityKey,
    SignInFailure,
    Team,
    TokenKey,
    User,
    UserRole,
)
from spaces.services.api_keys import revoke_api_key
from spaces.services.second_factor import reset_second_factor
from spaces.services.users import update_user


@admin.register(User, site=site)
class Users(Rows):
    list_display = ("username", "email", "is_active", "is_service", "is_superuser", "created_at")
    list_filter = ("is_active", "is_service", "is_superuser")
    search_fields = ("username", "display_name", "email")
    actions = ("disable", "enable", "reset")

    @admin.action(description="Disable, and end their sessions")
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, is_active=False)

    @admin.action(description="Enable")
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, is_active=True)

    @admin.action(description="Reset the second factor, and end their sessions")
    def reset(self, request: Any, queryset: QuerySet[User]) -> None:
        def act(user: User) -> None:
            reset_second_factor(actor=request.actor, user=user)

        by_service(self, request, act, queryset)

    def _set_active(self, request: Any, users: QuerySet[User], *, is_active: bool) -> None:
        def act(user: User) -> object:
            return update_user(actor=request.actor, user=user, is_active=is_active)

        by_service(self, request, act, users)


@admin.register(ApiKey, site=site)
class ApiKeys(Rows):
    list_display = ("hint", "user", "read_only", "created_at", "expires_at", "last_used_at")
    list_filter = ("read_only", "expires_at")
    list_select_related = ("user", "parent")
    search_fields = ("purpose", "user__username")
    actions = ("revoke",)

    @admin.action(description="Revoke, with the keys made with them")
    def revoke(self, request: Any, queryset: QuerySet[ApiKey]) -> None:
        by_service(
            self, request, lambda key: revoke_api_key(actor=request.actor, key=key), queryset
        )


@admin.register(BrowserSession, site=site)
class BrowserSessions(Rows):
    list_display = ("how", "has_second_factor", "address", "started_at", "seen_at", "expires_at")
    list_filter = ("has_second_factor", "seen_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "=address")
    hidden = ("content",)
    big = ("content",)


@admin.register(AuthenticatorApp, site=site)
class AuthenticatorApps(Rows):
    list_display = ("created_at", "confirmed_at", "used_at")
    list_filter = ("confirmed_at",)
    list_select_related = ("user",)
    search_fields = ("user__username",)


@admin.register(SecurityKey, site=site)
class SecurityKeys(Rows):
    list_display = ("user", "created_at", "used_at")
    list_filter = ("used_at",)
    list_select_related = ("user",)
    search_fields = ("user__username", "name")


@admin.register(RecoveryCode, site=site)
class RecoveryCodes(Rows):
    list_select_related = ("user",)
    search_fields = ("user__username",)


@admin.register(OidcIdentity, site=site)
class OidcIdentities(Rows):
    list_display = ("user", "issuer", "subject", "audience")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "issuer", "subject")


@admin.register(TokenKey, site=site)
class TokenKeys(Rows):
    """What access tokens are signed with; the private half is sealed."""

    list_display = ("created_at",)
    big = ("private", "public")


@admin.register(RateLimit, site=site)
class RateLimits(Rows):
    list_display = ("due",)
    list_filter = ("due",)
    search_fields = ("name",)


@admin.register(Invitation, site=site)
class Invitations(Rows):
    list_display = ("inviter", "created_at", "expires_at", "accepted_by")
    list_filter = ("expires_at",)
    list_select_related = ("inviter", "accepted_by")
    search_fields = ("inviter__username", "accepted_by__username")


@admin.register(SignInFailure, site=site)
class SignInFailures(Rows):
    list_display = ("address", "at")
    list_filter = ("at",)
    search_fields = ("name", "address")


@admin.register(Team, site=site)
class Teams(Rows):
    list_display = ("builtin",)
    list_filter = ("builtin",)
    list_select_related = ("space", "group")
    search_fields = ("name",)


@admin.register(UserRole, site=site)
class UserRoles(Rows):
    list_display = ("is_builtin", "description")
    list_filter = ("is_builtin",)
    search_fields = ("name",)


@admin.register(ScopedUserRole, site=site)
class ScopedUserRoles(Rows):
    list_display = ("project_ids", "environment_ids", "tenant_ids")
    list_select_related = ("team", "role", "space")
    search_fields = ("team__name", "role__name")


@admin.register(ScopedUserRoleGrant, site=site)
class Grants(Rows):
    """django-guardian's rows behind the assignments."""

    space = "content_object__space"
    list_display = ("permission", "content_object")
    list_select_related = (
        "permission__content_type",
        "group",
        "content_object__team",
        "content_object__role",
    )
    search_fields = ("permission__codename", "content_object__team__name")

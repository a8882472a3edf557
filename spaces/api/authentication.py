"""How a request proves who it acts for: an API key, an access token, or the session of a browser.
api-dialect.md 2."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from spaces.actors import AccessToken
from spaces.callers import Shown, client_address
from spaces.models import ApiKey, User
from spaces.services import access_tokens, api_keys

KEY_HEADERS = ("X-Octopus-ApiKey", "X-NuGet-ApiKey")
CSRF_COOKIE = "Octopus-Csrf-Token_octoplat"
CSRF_HEADER = "X-Octopus-Csrf-Token"


class ApiKeyAuthentication(BaseAuthentication):
    """`X-Octopus-ApiKey: API-…`, for NuGet clients `X-NuGet-ApiKey`, or `Authorization: Bearer` with a
    key or with an access token."""

    def authenticate(self, request: Request) -> tuple[User, Shown] | None:
        text = _presented(request)
        if text is None:
            return None
        shown = _recognised(text, client_address(request._request))
        return shown.user, shown

    def authenticate_header(self, request: Request) -> str:
        return "ApiKey"


class SessionAuthentication(BaseAuthentication):
    """The cookie of a browser. Writes need the CSRF token of the cookie in a header as well (S8)."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user: Any = getattr(request._request, "user", None)
        if user is None or not user.is_active:
            return None
        _refuse_forged(request._request)
        return user, None


def hand_out_csrf_token(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie that scripts must repeat in a header. It says nothing about the session."""
    response.set_cookie(
        CSRF_COOKIE,
        get_token(request),
        secure=settings.CSRF_COOKIE_SECURE,
        samesite="Lax",
        httponly=False,
    )


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _refuse_forged(request: HttpRequest) -> None:
    if token := request.headers.get(CSRF_HEADER):
        request.META[settings.CSRF_HEADER_NAME] = token
    check = _CsrfCheck(lambda _: HttpResponse())
    check.process_request(request)
    if reason := check.process_view(request, lambda _: HttpResponse(), (), {}):
        raise PermissionDenied(f"The request could be forged: {reason} Send {CSRF_HEADER}.")


def _recognised(text: str, address: str | None) -> ApiKey | AccessToken:
    """What the text stands for: keys have no dots, tokens have two. Raises NotAuthenticated."""
    if text.count(".") == 2:
        return access_tokens.authenticate(text)
    return api_keys.authenticate(text, address=address)


def _presented(request: Request) -> str | None:
    for header in KEY_HEADERS:
        if text := request.headers.get(header):
            return text.strip()
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """What the OpenAPI document says about keys."""

    target_class = "spaces.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "X-Octopus-ApiKey"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "spaces.api.authentication.SessionAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}

"""What CI asks before it has anything of ours: where tokens are exchanged, and the exchange. domain.md 3.4.

The forms are OAuth's (RFC 8414, 7517, 8693) and not the dialect's.
"""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from spaces.api.parsing import StrictJSONParser
from spaces.api.routes import Route, route
from spaces.api.views import ApiRequest, DialectViewSet
from spaces.callers import caller
from spaces.errors import DomainError, Invalid
from spaces.issuers import LONGEST_TOKEN
from spaces.services import access_tokens
from spaces.services.token_exchange import exchange

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
TAKEN = "urn:ietf:params:oauth:token-type:jwt"
GIVEN = "urn:ietf:params:oauth:token-type:access_token"
LONGEST_BODY = 2 * LONGEST_TOKEN


class TokenRequest(serializers.Serializer[Any]):
    grant_type = serializers.ChoiceField([GRANT])
    subject_token_type = serializers.ChoiceField([TAKEN])
    audience = serializers.CharField(max_length=200)
    subject_token = serializers.CharField()


class TokenRefusal(serializers.Serializer[Any]):
    """Why there is no token, in the form of RFC 6749."""

    error = serializers.CharField()
    error_description = serializers.CharField()


@extend_schema(responses=dict)
class OpenIdViewSet(DialectViewSet):
    """Who we are to machines. Anybody may ask."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def configuration(self, request: ApiRequest) -> Response:
        base = settings.PUBLIC_URL.rstrip("/")
        return Response(
            {
                "issuer": settings.PUBLIC_URL,
                "token_endpoint": f"{base}/token/v1",
                "jwks_uri": f"{base}/.well-known/jwks",
                "grant_types_supported": [GRANT],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [access_tokens.ALGORITHM],
                "token_endpoint_auth_methods_supported": ["none"],
            }
        )

    def keys(self, request: ApiRequest) -> Response:
        return Response({"keys": access_tokens.public_keys()})


class TokenViewSet(DialectViewSet):
    """A token of CI for one of ours. Whatever is wrong, the answer is 400 and says no more than that."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (StrictJSONParser, FormParser)

    @extend_schema(request=TokenRequest, responses={200: dict, 400: TokenRefusal})
    def exchange(self, request: ApiRequest) -> Response:
        try:
            asked = _asked(request)
            token = exchange(
                actor=caller(request._request),
                account=asked["audience"],
                token=asked["subject_token"],
            )
        except (DomainError, APIException) as exc:
            return Response(
                {"error": "invalid_request", "error_description": _described(exc)}, status=400
            )
        return Response(
            {
                "access_token": token,
                "issued_token_type": GIVEN,
                "token_type": "Bearer",
                "expires_in": access_tokens.LIFE,
            }
        )


def _asked(request: ApiRequest) -> dict[str, str]:
    """What the body asks for. Raises Invalid or an APIException."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LONGEST_BODY:
        raise Invalid(f"The request has more than {LONGEST_BODY} bytes.")
    document = TokenRequest(data=request.data)
    document.is_valid(raise_exception=True)
    values: dict[str, str] = document.validated_data
    return values


def _described(exc: Exception) -> str:
    """What the sender may know: the form of a request is no secret."""
    match exc:
        case DomainError():
            return str(exc)
        case serializers.ValidationError(detail=dict() as found):
            return f"These parameters are missing or not known here: {', '.join(found)}."
        case UnsupportedMediaType():
            return "Send a form or JSON."
    return "The request is malformed."


routes: list[Route] = [
    route(".well-known/openid-configuration", OpenIdViewSet.as_view({"get": "configuration"})),
    route(".well-known/jwks", OpenIdViewSet.as_view({"get": "keys"})),
    route("token/v1", TokenViewSet.as_view({"post": "exchange"})),
]

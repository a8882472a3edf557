"""The OIDC identities of service accounts. api-dialect.md 2, tier D."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from spaces.access import UNKNOWN, authorize_system
from spaces.api.documents import Document
from spaces.api.routes import Route, route
from spaces.api.views import ApiRequest, DialectViewSet
from spaces.errors import NotFound
from spaces.models import OidcIdentity, User
from spaces.permissions import Permission
from spaces.queries.references import find
from spaces.services.oidc_identities import (
    Trust,
    create_oidc_identity,
    delete_oidc_identity,
    update_oidc_identity,
)


class OidcIdentityDocument(Document):
    Id = serializers.CharField(source="wire_id")
    ServiceAccountId = serializers.CharField(source="user.wire_id")
    Name = serializers.CharField(source="name")
    Issuer = serializers.CharField(source="issuer")
    Subject = serializers.CharField(source="subject")
    Audience = serializers.CharField(source="audience")


class OidcIdentityInput(Document):
    """The account is the one of the address, whatever the body says."""

    Name = serializers.CharField(source="name")
    Issuer = serializers.CharField(source="issuer")
    Subject = serializers.CharField(source="subject")
    Audience = serializers.CharField(
        source="audience", required=False, allow_blank=True, allow_null=True
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | {"audience": attrs.get("audience") or ""}


class OidcIdentityPage(Document):
    """ServerUrl, ExternalId: what CI has to be told."""

    ServerUrl = serializers.CharField()
    ExternalId = serializers.CharField()
    Count = serializers.IntegerField()
    OidcIdentities = OidcIdentityDocument(many=True)


class OidcIdentityViewSet(DialectViewSet):
    """Whose tokens stand for a service account; for whoever may edit users."""

    serializer_class = OidcIdentityDocument
    input_class = OidcIdentityInput

    @extend_schema(responses=OidcIdentityPage)
    def list(self, request: ApiRequest, account: str) -> Response:
        user = self._account(account)
        identities = user.oidc_identities.select_related("user")
        page: Any = self.paginate_queryset(identities)
        return Response(
            {
                "ServerUrl": settings.PUBLIC_URL,
                "ExternalId": str(user.external_id),
                "Count": identities.count(),
                "OidcIdentities": OidcIdentityDocument(page, many=True).data,
            }
        )

    def create(self, request: ApiRequest, account: str) -> Response:
        trust = Trust(**self.given())
        user = self._account(account)
        return self.shown(
            create_oidc_identity(actor=request.actor, user=user, trust=trust), status=201
        )

    def retrieve(self, request: ApiRequest, account: str, id: str) -> Response:
        return self.shown(self._identity(account, id))

    @extend_schema(responses=dict)
    def update(self, request: ApiRequest, account: str, id: str) -> Response:
        identity = self._identity(account, id)
        update_oidc_identity(actor=request.actor, identity=identity, trust=Trust(**self.given()))
        return Response({})

    @extend_schema(responses=dict)
    def destroy(self, request: ApiRequest, account: str, id: str) -> Response:
        delete_oidc_identity(actor=request.actor, identity=self._identity(account, id))
        return Response({})

    def _account(self, text: str) -> User:
        """The service account of the address. Raises PermissionRefused, NotFound."""
        authorize_system(self.request.actor, Permission.USER_EDIT)
        accounts = User.objects.filter(is_service=True, anonymised_at=None)
        if user := find(accounts, text, name="username"):
            return user
        raise NotFound(UNKNOWN)

    def _identity(self, account: str, text: str) -> OidcIdentity:
        own: QuerySet[OidcIdentity] = self._account(account).oidc_identities.select_related("user")
        wanted = OidcIdentity.wire_lookup(text)
        if wanted is not None and (identity := own.filter(wanted).first()):
            return identity
        raise NotFound(UNKNOWN)


BASE = "serviceaccounts/<str:account>/oidcidentities"

routes: list[Route] = [
    route(f"{BASE}/v1", OidcIdentityViewSet.as_view({"get": "list"})),
    route(f"{BASE}/create/v1", OidcIdentityViewSet.as_view({"post": "create"})),
    route(
        f"{BASE}/<str:id>/v1",
        OidcIdentityViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
]

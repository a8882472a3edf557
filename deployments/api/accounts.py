"""Accounts (api-dialect.md 8.26). Secrets go in and never come out."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, MemberEnvironments, Sensitive, Text
from deployments.models import Account, Target
from deployments.services.accounts import create_account, delete_account, update_account
from spaces.access import visible
from spaces.api.documents import SpaceResource
from spaces.api.views import ApiRequest
from spaces.errors import Invalid
from spaces.permissions import Permission


class AccountResource(SpaceResource):
    """How octoplat signs in to targets. Which fields count depends on `AccountType`."""

    collection = "accounts"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    AccountType = serializers.CharField(source="account_type")
    EnvironmentIds = MemberEnvironments(required=False)
    TenantIds = Constant([])
    TenantTags = Constant([])
    TenantedDeploymentParticipation = Constant("Untenanted")
    Username = Text(source="username")
    Password = Sensitive(source="password")
    PrivateKeyFile = Sensitive(source="private_key")
    PrivateKeyPassphrase = Sensitive(source="passphrase")
    Token = Sensitive(source="token")

    def links(self, row: Account, address: str) -> dict[str, str]:
        return {"Usages": f"{address}/usages"}


class AccountViewSet(CrudViewSet):
    model = Account
    view_permission = Permission.ACCOUNT_VIEW
    serializer_class = AccountResource

    def rows(self) -> QuerySet[Any]:
        return super().rows().prefetch_related("environments")

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        kind = self.parameters.one("accountType")
        return rows.filter(account_type=kind) if kind else rows

    def add(self, given: dict[str, Any]) -> Account:
        return create_account(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: Account, given: dict[str, Any]) -> Account:
        if given.pop("account_type", row.account_type) != row.account_type:
            raise Invalid("The type of an account cannot be changed. Create another account.")
        return update_account(actor=self.request.actor, account=row, **given)

    def remove(self, row: Account) -> None:
        delete_account(actor=self.request.actor, account=row)

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="usages")
    def usages(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The targets that sign in with it."""
        users = Target.objects.filter(account=self.row(id))
        seen = visible(request.actor, Permission.MACHINE_VIEW, users)
        return Response(
            {"Targets": [{"TargetId": row.wire_id, "TargetName": row.name} for row in seen]}
        )

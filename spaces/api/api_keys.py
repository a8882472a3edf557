"""API keys as documents; their addresses are below their user's. api-dialect.md 8.21."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from spaces.api.documents import Document, Timestamp, api_address
from spaces.models import ApiKey as KeyRow


class ApiKeyDocument(Document):
    """A key as it is shown later: never the key itself."""

    Id = serializers.CharField(source="wire_id")
    Purpose = serializers.CharField(source="purpose")
    UserId = serializers.CharField(source="user.wire_id")
    Created = Timestamp(source="created_at")
    Expires = Timestamp(source="expires_at", allow_null=True)
    LastUsed = Timestamp(source="last_used_at", allow_null=True)
    IsDerived = serializers.SerializerMethodField()
    IsReadOnly = serializers.BooleanField(source="read_only")
    ApiKey = serializers.SerializerMethodField()
    Links = serializers.SerializerMethodField()

    def get_IsDerived(self, key: KeyRow) -> bool:
        return key.parent_id is not None

    @extend_schema_field(serializers.JSONField())
    def get_ApiKey(self, key: KeyRow) -> Any:
        return {"HasValue": True, "NewValue": None, "Hint": key.hint}

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_Links(self, key: KeyRow) -> dict[str, str]:
        return {"Self": api_address(f"users/{key.user.wire_id}/apikeys/{key.wire_id}")}


class ApiKeyInput(Document):
    """`Expires` absent: half a year. `Expires` null: never."""

    Purpose = serializers.CharField(source="purpose", required=False, allow_blank=True, default="")
    Expires = Timestamp(source="expires_at", required=False, allow_null=True)
    IsReadOnly = serializers.BooleanField(source="read_only", required=False, default=False)
    Permissions = serializers.ListField(
        child=serializers.CharField(), source="permissions", required=False, allow_null=True
    )
    AllowedAddresses = serializers.ListField(
        child=serializers.CharField(), source="allowed_cidrs", required=False, allow_null=True
    )

"""What requests and answers look like: serializers that keep the dialect's rules. api-dialect.md 1."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import models
from django.urls import get_script_prefix
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class Document(serializers.Serializer[Any]):
    """Fields are PascalCase. Property names of requests are read without regard to case, unknown ones
    are ignored; the keys of maps (DictField, JSONField) stay as they are."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            data = _spelt_as(self.fields, data)
        return super().to_internal_value(data)


class Timestamp(serializers.DateTimeField):
    """ISO 8601 with an explicit offset, always UTC, whatever zone the reader prefers on pages."""

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat(timespec="milliseconds")


class Resource(Document):
    """A row with an id and links.

    collection: the path of its kind below the space, or below /api, such as "projects".
    """

    collection: ClassVar[str] = ""

    Id = serializers.CharField(source="wire_id", read_only=True)
    Links = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_Links(self, row: models.Model) -> dict[str, str]:
        address = self.address(row)
        return {"Self": address, **self.links(row, address)}

    def address(self, row: Any) -> str:
        return api_address(f"{self.collection}/{row.wire_id}")

    def links(self, row: Any, address: str) -> dict[str, str]:
        """What else clients find here: {link: address}. address: the row's own."""
        return {}


class SpaceResource(Resource):
    """A row of a space."""

    SpaceId = serializers.SerializerMethodField()

    def get_SpaceId(self, row: Any) -> str | None:
        return f"Spaces-{row.space_id}" if row.space_id else None

    def address(self, row: Any) -> str:
        return api_address(f"Spaces-{row.space_id}/{self.collection}/{row.wire_id}")


def api_address(path: str) -> str:
    """The root-relative address of a path of the API, below the virtual directory if there is one."""
    return f"{get_script_prefix()}api/{path}"


def _spelt_as(fields: Mapping[str, Any], data: Mapping[Any, Any]) -> dict[str, Any]:
    """The data with property names in our spelling. An exact name wins over one in other case."""
    names = {name.lower(): name for name in fields}
    loose = {names.get(str(key).lower(), str(key)): value for key, value in data.items()}
    return loose | {key: value for key, value in data.items() if key in fields}

"""Fields that refer to rows. A reference is a read: it finds only what the caller may view (P5)."""

import re
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from spaces.access import view_permission, visible
from spaces.models import SpaceOwned
from spaces.permissions import Permission
from spaces.queries.references import find


@extend_schema_field(OpenApiTypes.STR)
class InSpace(serializers.Field):
    """A row of the request's space by id, slug or name, narrowed to what the caller may view.

    Anything else "does not exist", whatever the reason. Answers show the row's id.
    view: the permission that shows the rows, where it does not follow from their model.
    """

    default_error_messages = {"unknown": "The {kind} {given!r} does not exist."}

    def __init__(
        self, *, queryset: QuerySet[Any], view: Permission | None = None, **kwargs: Any
    ) -> None:
        self.queryset = queryset
        self.view = view or view_permission(queryset.model)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> SpaceOwned:
        row = find(self.rows(), data) if isinstance(data, str) else None
        if row is None:
            kind = self.queryset.model._meta.verbose_name
            self.fail("unknown", kind=kind, given=str(data)[:100])
        return row

    def to_representation(self, value: SpaceOwned) -> str:
        return value.wire_id

    def rows(self) -> QuerySet[Any]:
        request = self.context["request"]
        rows: Any = self.queryset.all()
        rows = rows.in_space(request.space)
        return visible(request.actor, self.view, rows) if self.view else rows


@extend_schema_field(OpenApiTypes.STR)
class Reference(serializers.Field):
    """A row outside of spaces, such as a user or a team, by id or name."""

    default_error_messages = InSpace.default_error_messages

    def __init__(self, *, queryset: QuerySet[Any], name: str = "name", **kwargs: Any) -> None:
        self.queryset = queryset
        self.name = name
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        rows = self.queryset.all()
        row = find(rows, data, name=self.name) if isinstance(data, str) else None
        if row is None:
            kind = self.queryset.model._meta.verbose_name
            self.fail("unknown", kind=kind, given=str(data)[:100])
        return row

    def to_representation(self, value: Any) -> str:
        return str(value.wire_id)


@extend_schema_field(OpenApiTypes.STR)
class WireNumber(serializers.Field):
    """An id such as "Projects-7" as the number behind it, without asking whether there is such a row."""

    default_error_messages = {"invalid": "{given!r} is not an id of {prefix}."}

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        super().__init__(**kwargs)

    @classmethod
    def many(cls, prefix: str, **kwargs: Any) -> serializers.ListField:
        """A list of them; null, on either side, is an empty one."""
        return ListOrNull(child=cls(prefix), required=False, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        match = re.fullmatch(rf"{self.prefix}-([0-9]{{1,18}})", str(data), re.IGNORECASE)
        if match is None:
            self.fail("invalid", given=str(data)[:100], prefix=self.prefix)
        return int(match[1])

    def to_representation(self, value: int) -> str:
        return f"{self.prefix}-{value}"


class ListOrNull(serializers.ListField):
    """A list that may be null where it comes from or comes in; what goes out is never null (rule 4)."""

    def get_attribute(self, instance: Any) -> Any:
        return super().get_attribute(instance) or []

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation([] if data is None else data)

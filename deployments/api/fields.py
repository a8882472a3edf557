"""How values of deployments look on the wire (api-dialect.md 1, 8)."""

import re
from collections.abc import Callable
from copy import copy
from datetime import timedelta
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deployments.models import Environment, Feed, Tenant
from spaces.access import visible
from spaces.api.fields import InSpace, ListOrNull
from spaces.permissions import Permission

_TIMESPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
MOST_DAYS = 10_000


T = TypeVar("T")


def remembered(context: Any, name: str, find: Callable[[], T]) -> T:
    """What `find` gives, asked once per answer and kept in its serializers' common context."""
    if name not in context:
        context[name] = find()
    found: T = context[name]
    return found


class Computed(serializers.Field):
    """A read-only value that a function finds in the row. shape: a field that has its type."""

    def __init__(
        self, find: Callable[[Any], Any], shape: serializers.Field | None = None, **kwargs: Any
    ) -> None:
        self.find = find
        self.shape = shape or serializers.CharField(allow_null=True)
        super().__init__(**({"read_only": True} | kwargs))

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> Any:
        return self.find(value)


class Constant(Computed):
    """What the dialect lists and octoplat has only one value of."""

    def __init__(self, value: Any, **kwargs: Any) -> None:
        super().__init__(lambda _: copy(value), _shape_of(value), **kwargs)


class ComputedSchema(OpenApiSerializerFieldExtension):
    """What the OpenAPI document says about computed values."""

    target_class = "deployments.api.fields.Computed"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return auto_schema._map_serializer_field(self.target.shape, direction)


class OptionalList(ListOrNull):
    """A list that clients may leave out or send as null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"required": False, "allow_null": True} | kwargs))


class Maybe(InSpace):
    """A reference that may be missing: null and "" are none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"required": False, "allow_null": True} | kwargs))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)


class MemberEnvironments(serializers.ListField):
    """The environments of a row that keeps them in a table of their own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=InSpace(queryset=Environment.objects.all()), source="environments", **kwargs
        )

    def to_representation(self, data: Any) -> list[str]:
        return [f"Environments-{member.environment_id}" for member in data.all()]


class MemberTenants(OptionalList):
    """The tenants of a row that keeps them in a table of their own: those that the caller can see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=InSpace(queryset=Tenant.objects.all()), source="tenants", **kwargs)

    def to_representation(self, data: Any) -> list[str]:
        members = data.all()
        if not members:
            return []
        seen = remembered(self.context, "seen tenants", self._seen)
        return [f"Tenants-{row.tenant_id}" for row in members if row.tenant_id in seen]

    def _seen(self) -> set[int]:
        request = self.context["request"]
        rows = visible(
            request.actor, Permission.TENANT_VIEW, Tenant.objects.in_space(request.space)
        )
        return set(rows.values_list("pk", flat=True))


class Text(serializers.CharField):
    """A text that clients may leave out or send as null, which means "" (rule 4)."""

    def __init__(self, **kwargs: Any) -> None:
        given = {"required": False, "allow_null": True, "allow_blank": True}
        super().__init__(**(given | {"trim_whitespace": False} | kwargs))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation("" if data is None else data)


class Strings(serializers.DictField):
    """A map of strings: numbers and booleans that clients send become text (rule 3)."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.CharField(allow_blank=True, allow_null=True, trim_whitespace=False)
        super().__init__(child=child, **({"required": False, "allow_null": True} | kwargs))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation({} if data is None else data)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, dict):
            data = {key: wire_text(value) for key, value in data.items()}
        return {key: value or "" for key, value in super().to_internal_value(data).items()}


def _shape_of(value: Any) -> serializers.Field:
    match value:
        case bool():
            return serializers.BooleanField()
        case int():
            return serializers.IntegerField()
        case list():
            return serializers.ListField()
        case dict():
            return serializers.DictField()
    return serializers.CharField(allow_null=True)


def wire_text(value: Any) -> Any:
    """A JSON scalar as the text it means; anything else unchanged."""
    if isinstance(value, bool):
        return "True" if value else "False"
    return str(value) if isinstance(value, int | float) else value


@extend_schema_field(serializers.DictField())
class Sensitive(serializers.Field):
    """A secret: `{"HasValue", "NewValue"}`. Read: whether there is one, never what. Written: a new
    text, None to keep what is stored, "" to clear it (api-dialect.md 6)."""

    default_error_messages = {
        "invalid": 'A secret is an object: {{"HasValue": true, "NewValue": "…"}}.'
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"required": False} | kwargs))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation({"HasValue": False} if data is None else data)

    def to_internal_value(self, data: Any) -> str | None:
        if isinstance(data, str):
            return data
        if not isinstance(data, dict):
            self.fail("invalid")
        given = {str(key).lower(): value for key, value in data.items()}
        new = given.get("newvalue")
        if new is not None and not isinstance(new, str):
            self.fail("invalid")
        if new:
            return new
        return None if given.get("hasvalue") else ""

    def to_representation(self, value: str) -> dict[str, Any]:
        return {"HasValue": bool(value), "NewValue": None, "Hint": None}


@extend_schema_field(serializers.CharField())
class Timespan(serializers.Field):
    """`hh:mm:ss` or `d.hh:mm:ss`, as a timedelta."""

    default_error_messages = {"invalid": "A duration looks like 01:00:00 or 1.00:00:00."}

    def to_internal_value(self, data: Any) -> timedelta:
        match = _TIMESPAN.fullmatch(str(data))
        if match is None or int(match[1] or 0) > MOST_DAYS:
            self.fail("invalid")
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

    def to_representation(self, value: timedelta) -> str:
        return timespan(value)


def timespan(value: timedelta) -> str:
    """`hh:mm:ss`, with days in front where there are some."""
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours:02}:{minutes:02}:{seconds:02}"
    return f"{value.days}.{clock}" if value.days else clock


@extend_schema_field(serializers.CharField())
class FeedId(serializers.Field):
    """The feed a package comes from, by id, name or slug; None = the built-in one."""

    def to_internal_value(self, data: Any) -> int | None:
        wanted = str(data or "").strip().lower()
        if not wanted:
            return None
        for feed in self._feeds():
            if wanted in {feed.wire_id.lower(), feed.name.lower(), feed.slug} or (
                feed.is_builtin and wanted == "feeds-builtin"
            ):
                return feed.pk
        raise self.unknown(data)

    def unknown(self, data: Any) -> serializers.ValidationError:
        return serializers.ValidationError(f"There is no feed {str(data)[:100]!r}.")

    def to_representation(self, value: int | None) -> str:
        feeds = self._feeds()
        found = next((feed for feed in feeds if feed.pk == value), None)
        found = found or next((feed for feed in feeds if feed.is_builtin), None)
        return found.wire_id if found else ""

    def get_attribute(self, instance: Any) -> Any:
        """None is an answer here, not the absence of one."""
        return super().get_attribute(instance) or 0

    def _feeds(self) -> list[Feed]:
        """The feeds of the space."""

        def find() -> list[Feed]:
            space = self.context["request"].space
            return list(Feed.objects.in_space(space).select_related("space"))

        return remembered(self.context, "feeds", find)

"""The table of variables a template is evaluated against."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from deployments.core.templates.filters import Filter
from deployments.core.templates.json_values import Json, NotJson, read_json
from deployments.core.templates.loops import Item
from deployments.core.templates.names import Index, Name, canonical, indexes_in

Values = Mapping[str, str | None]


def system_clock() -> datetime:
    """Now, in the server's own time zone."""
    return datetime.now(UTC).astimezone()


class Variables:
    """Variables by name, ignoring case; a null value reads as empty text.

    Built once and used for many evaluations: what was resolved is remembered. `filters` adds filters by
    name, behind the built-in ones; `clock` tells the local time to NowDate.
    """

    def __init__(
        self,
        values: Values,
        *,
        filters: Mapping[str, Filter] | None = None,
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._given = dict(values)
        self.raw = {canonical(name): value or "" for name, value in values.items()}.get
        """The value stored under a canonical name, before evaluation; None when there is none."""
        self.filters = {name.lower(): filter_ for name, filter_ in (filters or {}).items()}
        self.clock = clock
        self.resolved: dict[str | None, str] = {}
        """Values that were evaluated completely, outside of any loop. (Nothing is ever under None.)"""
        self.collections: dict[str, Sequence[Item]] = {}
        """What loops go through, where that does not depend on tokens."""

    @classmethod
    def of(cls, values: "Values | Variables") -> "Variables":
        return values if isinstance(values, Variables) else cls(values)

    def extended(self, values: Values) -> "Variables":
        """These variables with `values` on top; this table stays as it is."""
        return Variables(self._given | dict(values), filters=self.filters, clock=self.clock)

    def items(self) -> Iterator[tuple[str, str | None]]:
        """Name as given and value before evaluation; of names that differ in case the last one."""
        last = {canonical(name): name for name in self._given}
        return (
            (name, value) for name, value in self._given.items() if last[canonical(name)] == name
        )

    def indexes(self, key: str) -> list[str]:
        """The indexes below a canonical name, in the order they were defined."""
        return list(self._indexes.get(key, {}).values())

    def index_text(self, name: Name) -> str | None:
        """The text of the last index of `name` when something is defined below it."""
        if not isinstance(name.steps[-1], Index):
            return None
        return self._indexes.get(name.ancestors[0][0], {}).get(canonical(name.steps[-1].text))

    def json(self, key: str, raw: str) -> Json:
        """The value of a variable without tokens as JSON. Raises NotJson."""
        value = self._json.get(key, self)
        if value is self:
            try:
                value = read_json(raw)
            except NotJson as reason:
                value = reason
            self._json[key] = value
        if isinstance(value, NotJson):
            raise value
        return value

    @cached_property
    def _json(self) -> dict[str, Json]:
        return {}

    @cached_property
    def _indexes(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for name in self._given:
            if "[" in name:
                for collection, index in indexes_in(name):
                    found.setdefault(collection, {}).setdefault(canonical(index), index)
        return found

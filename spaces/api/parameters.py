"""Query parameters as clients write them: names in any case, lists with commas or repeated."""

from collections.abc import Iterator

from django.http import QueryDict
from rest_framework.exceptions import ValidationError


class Parameters:
    """Raises ValidationError for NUL characters, which no text of ours holds."""

    def __init__(self, query: QueryDict) -> None:
        self._values: dict[str, list[str]] = {}
        for name, values in query.lists():
            if any("\0" in value for value in values):
                raise ValidationError({name: "holds a NUL character."})
            self._values.setdefault(name.lower(), []).extend(values)

    def one(self, name: str) -> str:
        """The value, "" when it is absent."""
        values = self._values.get(name.lower(), [])
        return values[-1].strip() if values else ""

    def many(self, name: str) -> list[str]:
        """The values of `a,b` and of `x=a&x=b` alike; empty ones do not count."""
        return list(self._parts(self._values.get(name.lower(), [])))

    def flag(self, name: str, default: bool = False) -> bool:
        return self.one(name).lower() == "true" if self.one(name) else default

    def number(self, name: str, default: int, *, most: int) -> int:
        """A whole number between 0 and `most`; beyond them, the nearest."""
        text = self.one(name)
        if not text:
            return default
        try:
            return min(max(0, int(text)), most)
        except ValueError as exc:
            raise ValidationError({name: f"{text[:40]!r} is not a whole number."}) from exc

    def _parts(self, values: list[str]) -> Iterator[str]:
        for value in values:
            yield from filter(None, (part.strip() for part in value.split(",")))

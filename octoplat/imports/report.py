"""What an import did, for the person who started it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Report:
    """created, found: how many of each kind. secrets: what has to be typed again. problems: what could
    not be copied, with the reason."""

    created: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    secrets: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The report as text."""
        for kind in sorted({*self.created, *self.found}):
            yield f"{kind}: {self.created[kind]} created, {self.found[kind]} there already"
        yield from _listed("Type these secrets again", self.secrets)
        yield from _listed("Not copied", self.problems)


def _listed(title: str, entries: list[str]) -> Iterator[str]:
    if entries:
        yield f"{title}:"
        yield from (f"  {entry}" for entry in entries)

"""Maven version ranges. variables-and-versions.md 7.2."""

import re
from dataclasses import dataclass
from itertools import pairwise

from deployments.core.versions import maven
from deployments.core.versions.maven_order import Order, order
from deployments.core.versions.ranges import InvalidRange
from deployments.core.versions.version import MOST_CHARACTERS

_ONE = re.compile(r"([\[(])([^\[\]()]*)([\])])")


@dataclass(frozen=True)
class Restriction:
    """One pair of bounds, as texts; None = unbounded."""

    lower: str | None
    upper: str | None
    lower_inclusive: bool
    upper_inclusive: bool

    def holds(self, version: Order) -> bool:
        if self.lower is not None:
            bound = order(self.lower)
            if version < bound or (version == bound and not self.lower_inclusive):
                return False
        if self.upper is not None:
            bound = order(self.upper)
            if version > bound or (version == bound and not self.upper_inclusive):
                return False
        return True


@dataclass(frozen=True)
class MavenRange:
    """Restrictions of which one must hold. recommended: a bare version, which restricts nothing."""

    original: str
    restrictions: tuple[Restriction, ...]
    recommended: str | None = None

    def __str__(self) -> str:
        return self.original

    def holds(self, version: str) -> bool:
        """Raises InvalidVersion."""
        wanted = order(maven.parse(version).original)
        return not self.restrictions or any(one.holds(wanted) for one in self.restrictions)


def parse(text: str) -> MavenRange:
    """Raises InvalidRange: also for overlapping, descending and mixed lists."""
    bare = re.sub(r"\s+", "", text)
    if not bare or len(bare) > MOST_CHARACTERS:
        raise InvalidRange(text)
    if not re.search(r"[\[\](),]", bare):
        return MavenRange(text, (), bare)
    if not re.fullmatch(r"[\[(][^\[\]()]*[\])](?:,[\[(][^\[\]()]*[\])])*", bare):
        raise InvalidRange(text)
    found = tuple(_restriction(text, match) for match in _ONE.finditer(bare))
    for earlier, later in pairwise(found):
        _check_ascending(text, earlier, later)
    return MavenRange(text, found)


def _restriction(text: str, match: "re.Match[str]") -> Restriction:
    inclusive = (match[1] == "[", match[3] == "]")
    lower, comma, upper = match[2].partition(",")
    if not comma:
        if not all(inclusive) or not lower:
            raise InvalidRange(text)
        return Restriction(lower, lower, True, True)
    if "," in upper:
        raise InvalidRange(text)
    if lower and upper and not order(lower) < order(upper):
        raise InvalidRange(text)
    return Restriction(lower or None, upper or None, inclusive[0], inclusive[1])


def _check_ascending(text: str, earlier: Restriction, later: Restriction) -> None:
    if earlier.upper is None or later.lower is None:
        raise InvalidRange(text)
    end, start = order(earlier.upper), order(later.lower)
    touches = end == start and earlier.upper_inclusive and later.lower_inclusive
    if end > start or touches:
        raise InvalidRange(text)

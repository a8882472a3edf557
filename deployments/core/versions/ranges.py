"""NuGet version ranges, floating versions and best matches. variables-and-versions.md 7.1."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deployments.core.versions import semver
from deployments.core.versions.version import Version

_FLOATING_NUMBERS = re.compile(r"(?P<fixed>(?:\d+\.){0,3})\*", re.ASCII)
_FLOATING_LABEL = re.compile(r"(?P<fixed>\d+(?:\.\d+){0,3})-(?P<labels>[0-9A-Za-z.-]*)\*", re.ASCII)
_BEHAVIOURS = ("major", "minor", "patch", "revision")


class InvalidRange(ValueError):
    """The text is no version range; the message says so."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not a version range. Write for example [1.0,2.0).")


@dataclass(frozen=True)
class Float:
    """A version whose end may be anything. lower: the star taken as the lowest there is.

    behaviour: none, prerelease, revision, patch, minor or major: the part that floats.
    """

    text: str
    lower: Version
    float_behaviour: str
    prefix: str = ""

    def satisfies(self, version: Version) -> bool:
        """Whether the version lies within the floating prefix."""
        if self.float_behaviour == "none":
            return semver.key(version) == semver.key(self.lower)
        if self.float_behaviour == "prerelease":
            same = version.numbers == self.lower.numbers
            return same and (
                not version.prerelease or version.prerelease.lower().startswith(self.prefix.lower())
            )
        fixed = _BEHAVIOURS.index(self.float_behaviour)
        return not version.prerelease and version.numbers[:fixed] == self.lower.numbers[:fixed]


@dataclass(frozen=True)
class Range:
    """Bounds and what is included. None = unbounded."""

    original: str
    lower: Version | None
    upper: Version | None
    lower_inclusive: bool
    upper_inclusive: bool
    floating: Float | None = None

    @property
    def is_floating(self) -> bool:
        return self.floating is not None

    @property
    def normalized(self) -> str:
        """`[1.0.0, 2.0.0)`; a star is kept."""
        lower = self.floating.text if self.floating else _normal(self.lower)
        opening = "[" if self.lower_inclusive else "("
        closing = "]" if self.upper_inclusive else ")"
        return f"{opening}{lower}, {_normal(self.upper)}{closing}"

    @property
    def pretty(self) -> str:
        """`(>= 1.0.0 && < 2.0.0)`, "" where nothing is limited."""
        if self.lower and self.upper and self._is_exact:
            return f"(= {_normal(self.lower)})"
        parts = []
        if self.lower:
            parts.append(f"{'>=' if self.lower_inclusive else '>'} {_normal(self.lower)}")
        if self.upper:
            parts.append(f"{'<=' if self.upper_inclusive else '<'} {_normal(self.upper)}")
        return f"({' && '.join(parts)})" if parts else ""

    @property
    def _is_exact(self) -> bool:
        return (
            self.lower is not None
            and self.upper is not None
            and self.lower_inclusive
            and self.upper_inclusive
            and semver.key(self.lower) == semver.key(self.upper)
        )

    def holds(self, version: Version) -> bool:
        """Whether the version lies between the bounds; pre-releases count, metadata does not."""
        wanted = semver.order(version)
        if self.lower:
            bound = semver.order(self.lower)
            if wanted < bound or (wanted == bound and not self.lower_inclusive):
                return False
        if self.upper:
            bound = semver.order(self.upper)
            if wanted > bound or (wanted == bound and not self.upper_inclusive):
                return False
        return True


def parse(text: str) -> Range:
    """Raises InvalidRange."""
    bare = re.sub(r"\s+", "", text)
    if not bare:
        raise InvalidRange(text)
    try:
        return _bracketed(text, bare) if bare[0] in "[(" else _minimum(text, bare)
    except ValueError as exc:
        raise InvalidRange(text) from exc


def best_match(range_text: str, versions: Sequence[str]) -> str | None:
    """The version a restore would take: for floats the highest within the prefix, else the lowest above
    it; without a star the lowest in range."""
    wanted = parse(range_text)
    parsed = [(semver.parse_nuget(text), text) for text in versions]
    fitting = [entry for entry in parsed if wanted.holds(entry[0])]
    if wanted.floating:
        floating = wanted.floating
        if floating.float_behaviour != "prerelease":
            fitting = [entry for entry in fitting if not entry[0].prerelease]
        within = [entry for entry in fitting if floating.satisfies(entry[0])]
        if within:
            return max(within, key=lambda entry: semver.order(entry[0]))[1]
    return min(fitting, key=lambda entry: semver.order(entry[0]))[1] if fitting else None


def ranges_equal(a: str, b: str) -> bool:
    """Whether two texts mean the same range."""
    return _identity(parse(a)) == _identity(parse(b))


def parse_float(text: str) -> Float:
    """A version with a star at its end, or a plain one. Raises InvalidRange."""
    bare = text.strip()
    if match := _FLOATING_NUMBERS.fullmatch(bare):
        fixed = match["fixed"].rstrip(".")
        count = len(fixed.split(".")) if fixed else 0
        return Float(bare, semver.parse_nuget(fixed or "0"), _BEHAVIOURS[count])
    if match := _FLOATING_LABEL.fullmatch(bare):
        return Float(bare, _lowest_labelled(match), "prerelease", match["labels"])
    try:
        return Float(bare, semver.parse_nuget(bare), "none")
    except ValueError as exc:
        raise InvalidRange(text) from exc


def float_satisfies(text: str, version: str) -> bool:
    """Whether a version lies within a floating one."""
    return parse_float(text).satisfies(semver.parse_nuget(version))


def _lowest_labelled(match: "re.Match[str]") -> Version:
    """`1.0.0-beta.*` begins at 1.0.0-beta.0, `1.0.0-*` at the lowest pre-release of 1.0.0."""
    labels = match["labels"]
    lowest = f"{labels}0" if not labels or labels[-1] in ".-" else labels
    return semver.parse_nuget(f"{match['fixed']}-{lowest}")


def _minimum(text: str, bare: str) -> Range:
    floating = parse_float(bare)
    is_floating = floating.float_behaviour != "none"
    return Range(text, floating.lower, None, True, False, floating if is_floating else None)


def _bracketed(text: str, bare: str) -> Range:
    if len(bare) < 3 or bare[-1] not in "])":
        raise InvalidRange(text)
    inclusive = (bare[0] == "[", bare[-1] == "]")
    lower, comma, upper = bare[1:-1].partition(",")
    if "," in upper or (not lower and not upper):
        raise InvalidRange(text)
    if not comma:
        upper = lower
    floating = parse_float(lower) if lower else None
    found = Range(
        original=text,
        lower=floating.lower if floating else None,
        upper=semver.parse_nuget(upper) if upper else None,
        lower_inclusive=inclusive[0],
        upper_inclusive=inclusive[1],
    )
    if floating and floating.float_behaviour != "none":
        return replace(found, floating=floating)
    return found


def _normal(version: Version | None) -> str:
    return version.normalized if version else ""


def _identity(found: Range) -> object:
    return (
        semver.key(found.lower) if found.lower else None,
        semver.key(found.upper) if found.upper else None,
        found.lower_inclusive,
        found.upper_inclusive,
        found.floating.text.lower() if found.floating else None,
    )

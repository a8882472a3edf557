"""Whether a package version may go into a channel. domain.md 10, variables-and-versions.md 7.3."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import re2

from deployments.core import backtracking
from deployments.core.versions import maven_ranges, ranges, semver
from deployments.core.versions.version import InvalidVersion

MAVEN = "Maven"
PATIENCE = 0.1  # seconds for one match: a rule's author must not be able to hang the server


class RuledChannel(Protocol):
    """What choosing a channel needs to know of it."""

    @property
    def name(self) -> str: ...
    @property
    def is_default(self) -> bool: ...
    @property
    def rules(self) -> Sequence[object]: ...


C = TypeVar("C", bound=RuledChannel)


class AmbiguousChannel(LookupError):
    """Several channels fit equally well; the message names them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"These packages fit several channels ({', '.join(names)}); name the one to use."
        )


@dataclass(frozen=True)
class RuleVerdict:
    """errors: what in the rule or the version cannot be read, in sentences."""

    satisfies_range: bool
    satisfies_tag: bool
    errors: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        return self.satisfies_range and self.satisfies_tag


def passes(version: str, version_range: str, tag: str, feed_type: str = "") -> RuleVerdict:
    """Judge one version by one rule; empty parts of the rule do not limit."""
    errors: list[str] = []
    in_range = _satisfies_range(version, version_range, feed_type, errors)
    return RuleVerdict(in_range, _satisfies_tag(version, tag, errors), tuple(errors))


def select_channel(fitting: Sequence[C]) -> C | None:
    """The channel of a release whose creator named none, of those that accept its packages.

    Channels with rules come before those without, then the default one; None when nothing fits.
    Raises AmbiguousChannel.
    """
    best = [channel for channel in fitting if channel.rules] or list(fitting)
    default = next((channel for channel in best if channel.is_default), None)
    if default is not None or not best:
        return default
    if len(best) > 1:
        raise AmbiguousChannel([channel.name for channel in best])
    return best[0]


def tag_of(version: str) -> str:
    """What a rule's tag is matched against: the text after the first `-`, metadata included; with
    metadata alone that, with its `+`; "" with neither."""
    plus, dash = version.find("+"), version.find("-")
    if dash >= 0 and (plus < 0 or dash < plus):
        return version[dash + 1 :]
    return version[plus:] if plus >= 0 else ""


def _satisfies_range(version: str, text: str, feed_type: str, errors: list[str]) -> bool:
    if not text.strip():
        return True
    try:
        if feed_type == MAVEN:
            return maven_ranges.parse(text).holds(version)
        return ranges.parse(text).holds(semver.parse(version))
    except (ranges.InvalidRange, InvalidVersion) as bad:
        errors.append(str(bad))
        return False


def _satisfies_tag(version: str, pattern: str, errors: list[str]) -> bool:
    if not pattern:
        return True
    try:
        return _search(pattern, tag_of(version))
    except TimeoutError:
        errors.append(f"The tag {pattern!r} takes too long to match.")
    except backtracking.BadPattern as bad:
        errors.append(f"The tag {pattern!r} is not a regular expression: {bad}.")
    return False


def _search(pattern: str, text: str) -> bool:
    """In linear time where RE2 knows the expression; look-arounds go to a matcher with a time limit."""
    try:
        return re2.search(pattern, text, _FOLD_CASE) is not None
    except re2.error:
        slow = backtracking.compiled(pattern, ignore_case=True)
        return slow.search(text, timeout=PATIENCE) is not None


_FOLD_CASE = re2.Options()
_FOLD_CASE.case_sensitive = False
_FOLD_CASE.log_errors = False

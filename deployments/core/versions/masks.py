"""Version masks: `1.2.i` counts up, `1.c.0` keeps. variables-and-versions.md 6.6."""

import re
from collections.abc import Sequence

from deployments.core.versions import octopus
from deployments.core.versions.version import MOST_CHARACTERS, Version

INCREMENT, KEEP = "i", "c"

_PART = r"(?:\d+|[ic])"
_LABEL = r"[0-9A-Za-z-]+"
_MASK = re.compile(
    rf"(?P<v>[vV])?(?P<numbers>{_PART}(?:\.{_PART}){{0,3}})"
    rf"(?:-(?P<pre>{_LABEL}(?:\.{_LABEL})*))?(?:\+(?P<meta>{_LABEL}(?:\.{_LABEL})*))?",
    re.ASCII,
)


def is_mask(text: str) -> bool:
    """Whether one of the numbers, or the last of several labels, is `i` or `c`."""
    match = _read(text)
    if match is None:
        return False
    if _counts(match["numbers"].split(".")):
        return True
    last = [(match[part] or "").split(".") for part in ("pre", "meta")]
    return any(len(labels) > 1 and _counts(labels[-1:]) for labels in last)


def apply_mask(mask: str, latest: str | None) -> str:
    """The next version. latest: the current one; None = there is none, so counting starts at 0.

    Text that is no mask is only parsed. Raises InvalidVersion.
    """
    match = _read(mask)
    if match is None:
        return octopus.parse(mask).original
    current = octopus.parse(latest) if latest is not None else None
    text = (match["v"] or "") + _numbers(match["numbers"].split("."), current)
    for mark, part in (("-", "pre"), ("+", "meta")):
        if match[part] is not None:
            known = "" if current is None else getattr(current, _FIELDS[part])
            text += mark + _labels(match[part].split("."), known, starts=current is None)
    return text


def latest_masked(mask: str, versions: Sequence[str]) -> list[str]:
    """The highest versions equal to the mask before its first `i` or `c`; ties in the given order."""
    match = _read(mask)
    fixed = _fixed(match["numbers"].split(".")) if match else list(octopus.parse(mask).numbers)
    fitting = [
        (octopus.key(parsed), text)
        for text in versions
        for parsed in [octopus.parse(text)]
        if list(parsed.numbers[: len(fixed)]) == fixed
    ]
    if not fitting:
        return []
    highest = max(fitting, key=lambda entry: entry[0])[0]  # type: ignore[arg-type,return-value]  # keys are tuples that compare
    return [text for key, text in fitting if key == highest]


_FIELDS = {"pre": "prerelease", "meta": "metadata"}


def _read(text: str) -> "re.Match[str] | None":
    """The parts of a text that may be a mask; also of a plain version."""
    return _MASK.fullmatch(text) if len(text) <= MOST_CHARACTERS else None


def _counts(parts: Sequence[str]) -> bool:
    return any(part in (INCREMENT, KEEP) for part in parts)


def _fixed(parts: Sequence[str]) -> list[int]:
    fixed: list[int] = []
    for part in parts:
        if part in (INCREMENT, KEEP):
            break
        fixed.append(int(part))
    return fixed


def _numbers(parts: Sequence[str], current: Version | None) -> str:
    """A number directly after an incremented one becomes 0; one the mask leaves out, but the current
    version has, becomes 0 too."""
    found = []
    for index, part in enumerate(parts):
        known = current.numbers[index] if current else 0
        reset = index > 0 and parts[index - 1] == INCREMENT
        found.append(_counted(part, known, reset=reset, starts=current is None))
    if current and current.written > len(parts):
        found.append("0")
    return ".".join(found)


def _labels(parts: Sequence[str], known: str, *, starts: bool) -> str:
    current = known.split(".")
    resets = _counts(parts[-1:])
    found = []
    for index, part in enumerate(parts):
        label = current[index] if index < len(current) else ""
        reset = resets and index > 0 and parts[index - 1] == INCREMENT
        number = int(label) if label.isdecimal() else 0
        found.append(_counted(part, number, reset=reset, starts=starts))
    return ".".join(found)


def _counted(part: str, current: int, *, reset: bool, starts: bool) -> str:
    if part not in (INCREMENT, KEEP):
        return part
    if reset or starts:
        return "0"
    return str(current + 1 if part == INCREMENT else current)

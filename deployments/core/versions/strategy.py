"""The variables that version templates may use, and the number a mask counts on from. domain.md 16.1."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from deployments.core.versions import octopus
from deployments.core.versions.masks import latest_masked

PARTS = ("Major", "Minor", "Patch", "Revision")
PREFIX = "Octopus.Version."


def version_variables(
    now: datetime,
    last: str | None,
    *,
    channel: str = "",
    last_in: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """`Octopus.Version.*`, `Octopus.Date.*`, `Octopus.Time.*` and the channel's name.

    last: the newest version of the project. last_in: the newest of each channel, by its name; the
    values of `channel` are there without naming it, too.
    """
    last_in = last_in or {}
    variables = _clock(now) | _counted(PREFIX, last)
    for name, version in last_in.items():
        variables |= _counted(f"{PREFIX}Channel[{name}].", version)
    if channel:
        variables |= _counted(f"{PREFIX}Channel.", last_in.get(channel))
        variables["Octopus.Release.Channel.Name"] = channel
    return variables


def counted_from(mask: str, newest: str | None, recent: Sequence[str]) -> str | None:
    """The version a mask counts on from: the highest that it could have made.

    newest: the one made last, even if deleted since: its number must not come back. None: nothing fits
    the mask, so its fixed part starts a new row of numbers.
    """
    fitting = latest_masked(mask, [*recent, *([newest] if newest else [])])
    return fitting[0] if fitting else None


def _clock(now: datetime) -> dict[str, str]:
    return {
        "Octopus.Date.Year": str(now.year),
        "Octopus.Date.Month": str(now.month),
        "Octopus.Date.Day": str(now.day),
        "Octopus.Date.DayOfYear": str(now.timetuple().tm_yday),
        "Octopus.Time.Hour": str(now.hour),
        "Octopus.Time.Minute": str(now.minute),
        "Octopus.Time.Second": str(now.second),
    }


def _counted(prefix: str, last: str | None) -> dict[str, str]:
    """`Last*` and `Next*` of one version; zeros where there is none yet."""
    parsed = octopus.parse(last) if last else None
    numbers = parsed.numbers if parsed else (0, 0, 0, 0)
    values = {f"{prefix}LastSuffix": parsed.prerelease if parsed else ""}
    for part, number in zip(PARTS, numbers, strict=True):
        values[f"{prefix}Last{part}"] = str(number)
        values[f"{prefix}Next{part}"] = str(number + 1)
    for kind in ("Last", "Next"):
        values[f"{prefix}{kind}Build"] = values[f"{prefix}{kind}Patch"]
    values[f"{prefix}NextSuffix"] = values[f"{prefix}LastSuffix"]
    return values

"""The parts of a version as the Version filters give them (tolerant syntax)."""

import re

VERSION = re.compile(
    r"\s*[vV]?(?:(?P<major>\d+)(?:\.(?P<minor>\d+)(?:\.(?P<patch>\d+)(?:\.(?P<revision>\d+))?)?)?)?"
    r"(?:[.\-_\\])?(?P<prerelease>(?P<prerelease_prefix>[A-Za-z0-9]*)(?:[.\-_\\](?P<prerelease_counter>[A-Za-z0-9.\-_\\]*))?)"
    r"(?:\+(?P<metadata>[A-Za-z0-9.\-_\\+]*))?\s*"
)
NUMBERS = ("major", "minor", "patch", "revision")
LARGEST = 2**31 - 1


def version_part(text: str, part: str) -> str | None:
    """One part of the version `text`, None when it is no version; missing numbers are 0."""
    found = VERSION.fullmatch(text)
    if (
        found is None
        or not text.strip()
        or any(int(found[name] or 0) > LARGEST for name in NUMBERS)
    ):
        return None
    return found[part] or ("0" if part in NUMBERS else "")

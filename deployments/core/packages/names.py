"""Names of package files: which id and version they tell, and how cached ones are called.

Rules: variables-and-versions.md 9.4, api-dialect.md 7.7.
"""

import re
import uuid
from dataclasses import dataclass
from urllib.parse import unquote

from deployments.core.versions import InvalidVersion, parse

EXTENSIONS = (
    ".tar.gz",
    ".tar.bz2",
    ".tar.xz",
    ".tar",
    ".tgz",
    ".tbz",
    ".zip",
    ".nupkg",
    ".jar",
    ".war",
    ".ear",
    ".rar",
)
MOST_CHARACTERS = 255  # of a name, as in file systems

_ID = re.compile(r"(?=.{1,100}\Z)\w+(?:[.-]\w+)*", re.ASCII)
_TAR = re.compile(r"\.tar\.[0-9a-z]+$", re.IGNORECASE | re.ASCII)
_CACHED = re.compile(
    r"(?P<id>.+)@(?P<format>[SMODL])(?P<version>[^@]+)@(?P<mark>[0-9A-Za-z]+)(?P<ext>\..+)"
)
_UNSAFE = re.compile(r'[%<>:"/\\|?\x00-\x1f]')

FORMAT_LETTERS = {"semver": "S", "maven": "M", "octopus": "O", "docker": "D", "lexicographic": "L"}


@dataclass(frozen=True)
class PackageName:
    """What a file's name tells. extension: with its dot."""

    id: str
    version: str
    extension: str
    version_format: str = "semver"


class InvalidName(ValueError):
    """The name tells no package; the message says what is missing."""


def split_file_name(name: str) -> tuple[str, str, str]:
    """Id, version and extension of an uploaded file.

    The version is the longest dot-separated tail that parses, so the shortest id wins.
    Raises InvalidName.
    """
    if len(name) > MOST_CHARACTERS:
        raise InvalidName(f"The name of a package file has at most {MOST_CHARACTERS} characters.")
    stem, extension = _split_extension(name)
    if not extension:
        raise InvalidName(
            f"{name!r} does not end in a known extension ({', '.join(sorted(EXTENSIONS))})."
        )
    parts = stem.split(".")
    for index in range(1, len(parts)):
        version = ".".join(parts[index:])
        if _is_version(version) and _ID.fullmatch(id := ".".join(parts[:index])):
            return id, version, extension
    raise InvalidName(f"{name!r} does not tell a version. Name it Id.Version{extension}.")


def parse_path(path: str) -> PackageName:
    """A package file anywhere, cached or plain. Raises InvalidName."""
    name = re.split(r"[/\\]", path)[-1]
    if match := _CACHED.fullmatch(name):
        return _cached(name, match)
    return PackageName(*split_file_name(name))


def _cached(name: str, match: "re.Match[str]") -> PackageName:
    formats = {letter: format for format, letter in FORMAT_LETTERS.items()}
    format, version = formats[match["format"]], unescape(match["version"])
    try:
        parse(version, format)
    except InvalidVersion as exc:
        raise InvalidName(f"{name!r} tells no {format} version.") from exc
    return PackageName(unescape(match["id"]), version, match["ext"], format)


def cached_name(id: str, version: str, version_format: str, extension: str) -> str:
    """A name no other cached file has: `Id@SVersion@<32 hex digits>.ext`, id and version escaped."""
    letter = FORMAT_LETTERS[version_format]
    return f"{escape(id)}@{letter}{escape(version)}@{uuid.uuid4().hex.upper()}{extension}"


def leaf(id: str) -> str:
    """The last part of an id that is a path, such as an image's."""
    return id.rsplit("/", 1)[-1]


def escape(text: str) -> str:
    """As a file name: what no file system takes becomes %XX."""
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", text)


def unescape(text: str) -> str:
    """The inverse of `escape`."""
    return unquote(text)


def _split_extension(name: str) -> tuple[str, str]:
    lower = name.lower()
    known = next((e for e in EXTENSIONS if lower.endswith(e)), "")
    if match := _TAR.search(name):
        return name[: match.start()], name[match.start() :]
    return (name[: -len(known)], name[-len(known) :]) if known else (name, "")


def _is_version(text: str) -> bool:
    try:
        return parse(text, "semver").original == text and not text.startswith("v")
    except InvalidVersion:
        return False

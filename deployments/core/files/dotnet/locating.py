"""Which transform files belong to a configuration file.

A definition is `transform => target` or only `transform`, which then stands for the target's name
with its extension replaced. `*` is a whole word between dots; a target has it only at its beginning. Paths may be Windows paths or others; case does not matter, because the
definitions are written on one system and applied on another.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

_ABSOLUTE = re.compile(r"(?:[A-Za-z]:)?/")
_EXTENSION = ".config"
_STAR_IN_A_WORD = re.compile(r"[^./]\*|\*[^.]")


def locate_transforms(
    source: str, definition: str, files: Iterable[str], extraction_directory: str = ""
) -> list[str]:
    """Those of `files` that are to be applied to `source`, with their names as given.

    A relative transform is looked for in the folder its target is relative to. A relative target
    with folders, together with an absolute transform, is relative to `extraction_directory`.
    """
    places = _places(_normal(source), definition, _normal(extraction_directory or ""))
    found = []
    for file in files:
        path = _normal(file)
        if path != _normal(source) and any(place.holds(path) for place in places):
            found.append(file)
    return found


@dataclass(frozen=True)
class _Place:
    """Files called `pattern` in a folder; `*` stands for anything, or for `star` when given."""

    folder: str
    pattern: str
    star: str | None = None

    def holds(self, path: str) -> bool:
        folder, name = posixpath.split(path)
        star = ".*" if self.star is None else re.escape(self.star)
        pattern = re.escape(self.pattern).replace(r"\*", star)
        return folder == self.folder and re.fullmatch(pattern, name) is not None


def _places(source: str, definition: str, extraction_directory: str) -> list[_Place]:
    transform, arrow, target = (_slashed(part) for part in definition.partition("=>"))
    if not arrow:
        folder, name = posixpath.split(source)
        stem = posixpath.splitext(name)[0]
        return [_Place(folder, f"{stem}.{pattern}") for pattern in _with_extension(transform)]
    base = _base(source, target, transform, extraction_directory)
    if base is None:
        return []
    folder, name = posixpath.split(transform)
    folder = _normal(folder if _ABSOLUTE.match(transform) else posixpath.join(base, folder))
    star = _star(source, target) if "*" in name and "*" in target else None
    return [_Place(folder, pattern, star) for pattern in _with_extension(name)]


def _base(source: str, target: str, transform: str, extraction_directory: str) -> str | None:
    """The folder that `target` is relative to; None when the definition is not about `source`."""
    folder, name = posixpath.split(target)
    has_wildcard = name.startswith("*.")
    wanted = name[1:] if has_wildcard else f"/{name}"
    if _ABSOLUTE.match(target) or "*" in wanted or not source.endswith(wanted):
        return None
    if _STAR_IN_A_WORD.search(transform):
        return None
    if folder and _ABSOLUTE.match(transform) and not has_wildcard:
        expected = _normal(posixpath.join(extraction_directory, target))
        return extraction_directory if extraction_directory and expected == source else None
    base = posixpath.dirname(source)
    below = posixpath.normpath(folder)
    if below == ".":
        return base
    return base.removesuffix(f"/{below}") if base.endswith(f"/{below}") else None


def _star(source: str, target: str) -> str:
    """What `*` of the target stands for in the name of `source`."""
    return posixpath.basename(source).removesuffix(posixpath.basename(target)[1:])


def _with_extension(pattern: str) -> list[str]:
    return [pattern] if pattern.endswith(_EXTENSION) else [pattern, f"{pattern}{_EXTENSION}"]


def _slashed(path: str) -> str:
    return path.strip().replace("\\", "/").lower()


def _normal(path: str) -> str:
    slashed = _slashed(path)
    return posixpath.normpath(slashed) if slashed else ""

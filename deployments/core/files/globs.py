"""Patterns of file names: `**` any folders, `*` and `?` within one name, `[ab]`, `{a,b}`.

Paths use `/`; a backslash is taken for one, as packages and patterns come from Windows too.
"""

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any  # re2 has no stubs

import re2

_WILDCARD = re.compile(r"[*?\[{]")
_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|\{[^{}/]*\}|[^*?]", re.DOTALL)


def matching(paths: Iterable[str], pattern: str) -> list[str]:
    """The paths that `pattern` matches, in the given order. Both are relative to one folder."""
    wanted = _expression(_with_slashes(pattern))
    return [path for path in paths if wanted.fullmatch(_with_slashes(path))]


def relative_globs(files: Iterable[str], base: str, pattern: str) -> list[str]:
    """Target names of the files below `base` that `pattern` matches.

    A name is relative to the part of the pattern before its first wildcard. `glob => folder` puts
    the names below a folder, `glob => folder/*` without their own folders; for a pattern without
    wildcards, `path => name` is the new name.
    """
    glob, _, target = (part.strip() for part in _with_slashes(pattern).partition("=>"))
    root = _with_slashes(base).rstrip("/") + "/"
    paths = map(_with_slashes, files)
    below = [path.removeprefix(root) for path in paths if path.startswith(root)]
    fixed = len(_fixed_folder(glob))
    literal = not _WILDCARD.search(glob)
    return [_target_name(path[fixed:], target, literal=literal) for path in matching(below, glob)]


def _target_name(name: str, target: str, *, literal: bool) -> str:
    if not target:
        return name
    if target.endswith("/*"):
        return posixpath.join(target[:-2], posixpath.basename(name))
    if literal and not target.endswith("/"):
        return target
    return posixpath.join(target, name)


def _fixed_folder(glob: str) -> str:
    """The folders before the first wildcard, with a slash at the end when there are any."""
    wildcard = _WILDCARD.search(glob)
    fixed = glob[: wildcard.start()] if wildcard else glob
    return fixed[: fixed.rfind("/") + 1]


def _with_slashes(text: str) -> str:
    return text.replace("\\", "/")


@lru_cache(maxsize=1024)
def _expression(glob: str) -> Any:
    try:
        return re2.compile(f"(?s){_translated(glob)}")
    except re2.error as reason:
        raise ValueError(f"{glob!r} is not a pattern of file names") from reason


def _translated(glob: str) -> str:
    return "".join(map(_translated_piece, _PIECE.findall(glob)))


def _translated_piece(piece: str) -> str:
    match piece[0], piece:
        case _, "**/":
            return "(?:.*/)?"
        case _, "**":
            return ".*"
        case "*", _:
            return "[^/]*"
        case "?", _:
            return "[^/]"
        case "[", _ if len(piece) > 1:
            inside = piece[1:-1].replace("\\", r"\\").replace("^", r"\^")
            return f"[{'^' + inside[1:] if inside.startswith('!') else inside}]"
        case "{", _ if len(piece) > 1:
            return f"(?:{'|'.join(map(_translated, piece[1:-1].split(',')))})"
    return re.escape(piece)

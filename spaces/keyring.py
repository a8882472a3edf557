"""The keys that live outside the database: files only the server's user can read.

`OCTOPLAT_HOME/keys/master.keys` holds the master keys, one "<id> <base64>" a line, the active one
first and retired ones after it. `audit.key` keys the hash chain of the audit trail. Both are made at the
first start and never again: where the database already holds what they protect, a missing file is an
error and not a reason for a new key (security-and-reliability.md 4.1).
"""

import base64
import os
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

KEY_BYTES = 32


class KeyUnavailable(Exception):
    """A key file is missing or damaged, or does not hold the key something was sealed with."""


@dataclass(frozen=True)
class MasterKeys:
    """The key ring. `active` wraps new data keys; the others only open old ones."""

    active: str
    keys: dict[str, bytes]

    def key(self, key_id: str) -> bytes:
        if key_id not in self.keys:
            raise KeyUnavailable(
                f"Secrets were sealed with the master key {key_id}, which {_path('master.keys')} does "
                "not hold. Restore the key file from its backup."
            )
        return self.keys[key_id]


def master_keys(*, may_create: Callable[[], bool]) -> MasterKeys:
    """The key ring of this installation.

    may_create: asked only when there is no file; whether nothing is sealed yet.
    Raises KeyUnavailable.
    """
    path = _path("master.keys")
    if not path.exists():
        _create(path, f"{secrets.token_hex(4)} {_new_key()}\n", may_create)
    return _parsed(path, path.stat().st_mtime_ns)


def add_master_key() -> MasterKeys:
    """Put a new key in front of the ring; the old ones stay and keep opening. Raises KeyUnavailable."""
    path = _path("master.keys")
    retired = path.read_text(encoding="ascii")
    _write(path, f"{secrets.token_hex(4)} {_new_key()}\n{retired}", os.replace)
    return _parsed(path, path.stat().st_mtime_ns)


def retire_master_keys(still_used: Collection[str]) -> list[str]:
    """Drop every key that is neither active nor wraps anything. Returns the ids of those dropped."""
    path = _path("master.keys")
    ring = _parsed(path, path.stat().st_mtime_ns)
    dropped = [key_id for key_id in ring.keys if key_id not in {ring.active, *still_used}]
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    kept = [line for line in lines if line.split()[0] not in dropped]
    _write(path, "".join(kept), os.replace)
    return dropped


def audit_key(*, may_create: Callable[[], bool]) -> bytes:
    """The key of the audit chain. Raises KeyUnavailable."""
    path = _path("audit.key")
    if not path.exists():
        _create(path, f"{_new_key()}\n", may_create)
    return _decoded(path, _content(path, path.stat().st_mtime_ns).strip())


@lru_cache(maxsize=4)
def _parsed(path: Path, changed: int) -> MasterKeys:
    pairs = [line.split() for line in _content(path, changed).splitlines() if line.strip()]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise KeyUnavailable(f"{path} is damaged. Restore the key file from its backup.")
    return MasterKeys(pairs[0][0], {key_id: _decoded(path, text) for key_id, text in pairs})


@lru_cache(maxsize=4)
def _content(path: Path, changed: int) -> str:
    """changed: the file's time, so that an exchanged file is read anew."""
    return path.read_text(encoding="ascii")


def _decoded(path: Path, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise KeyUnavailable(f"{path} is damaged. Restore the key file from its backup.") from exc
    if len(key) != KEY_BYTES:
        raise KeyUnavailable(f"{path} is damaged. Restore the key file from its backup.")
    return key


def _create(path: Path, content: str, may_create: Callable[[], bool]) -> None:
    """Write the file whole, once: of two processes that start together, one wins and both use it."""
    if not may_create():
        raise KeyUnavailable(
            f"{path} is missing, but the database holds data that needs it. "
            "Restore the key file from its backup."
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        _write(path, content, os.link)


def _write(path: Path, content: str, put: Callable[[Path, Path], None]) -> None:
    """The file, whole or not at all. put: os.link, which leaves an existing file alone, or os.replace."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        put(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _path(name: str) -> Path:
    return Path(settings.KEYS_FOLDER) / name

"""Bytes by their SHA-256: packages and artifacts. No name from outside ever becomes a path (S13).

The file store is the only one so far; one for S3 needs the same four methods.
"""

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from django.conf import settings

from spaces.errors import StorageFull, TooLarge

CHUNK = 1 << 20  # bytes
WRAPPING = 64 * 1024  # bytes of a form around its file
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class BlobStore(Protocol):
    """Where blobs are kept. Equal bytes are kept once."""

    def receive(self, limit: int | None = None) -> "Incoming":
        """A place for bytes on their way in, at most `limit` of them; None = what settings allow."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes. Raises FileNotFoundError."""

    def exists(self, sha256: str) -> bool:
        """Whether the bytes are there."""

    def delete(self, sha256: str) -> None:
        """Forgets the bytes; nothing happens when they are not there."""


class Incoming:
    """Bytes arriving in a temporary file, hashed on the way.

    Use as a context manager: what `keep` was not called for is gone at its end, whatever happened.
    Raises StorageFull when the disk is, TooLarge beyond `limit`.
    """

    def __init__(self, root: Path, limit: int) -> None:
        self.size = 0
        self._root = root
        self._limit = limit
        self._sha256 = hashlib.sha256()
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        arrivals = root / "incoming"
        with _full_disk_told():
            arrivals.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=arrivals)
        self.path = Path(name)
        self._file = os.fdopen(handle, "wb", buffering=0)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def sha1(self) -> str:
        return self._sha1.hexdigest()

    def expect(self, size: int) -> None:
        """Refuses before anything is read what is announced as larger than the limit, its wrapping
        included. Raises TooLarge."""
        if size > self._limit + WRAPPING:
            raise TooLarge(f"A file has at most {self._limit} bytes; {size} are announced.")

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.size > self._limit:
            raise TooLarge(
                f"A file has at most {self._limit} bytes; at least {self.size} bytes came."
            )
        self._sha256.update(chunk)
        self._sha1.update(chunk)
        with _full_disk_told():
            self._file.write(chunk)

    def fill(self, chunks: Iterable[bytes]) -> Self:
        """Writes all of them."""
        for chunk in chunks:
            self.write(chunk)
        return self

    def keep(self) -> str:
        """Moves the bytes to where they stay, on disk for good. Returns their SHA-256."""
        with _full_disk_told():
            os.fsync(self._file.fileno())
            self._file.close()
            place = _place(self._root, self.sha256)
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(self.path, place)
            _sync_folder(place.parent)
        return self.sha256

    def discard(self) -> None:
        """Removes the temporary file, if it is still there."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


class FileBlobs:
    """Blobs as files under one folder: `ab/cd/abcd…`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def receive(self, limit: int | None = None) -> Incoming:
        return Incoming(self.root, settings.LARGEST_PACKAGE if limit is None else limit)

    def open(self, sha256: str) -> BinaryIO:
        return _place(self.root, sha256).open("rb")

    def exists(self, sha256: str) -> bool:
        return _place(self.root, sha256).exists()

    def delete(self, sha256: str) -> None:
        _place(self.root, sha256).unlink(missing_ok=True)


def store() -> BlobStore:
    """The store of this installation."""
    return FileBlobs(settings.BLOBS_FOLDER)


def chunks(stream: BinaryIO, size: int = CHUNK) -> Iterable[bytes]:
    """The rest of a stream in blocks."""
    return iter(lambda: stream.read(size), b"")


def _place(root: Path, sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256")
    return root / sha256[:2] / sha256[2:4] / sha256


def _sync_folder(folder: Path) -> None:
    """A rename is on disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _full_disk_told() -> Iterator[None]:
    """Turns "no space left" into the refusal people get."""
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise StorageFull("The server has no space left for this file.") from exc
        raise

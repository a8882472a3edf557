"""Reads package archives that may be hostile: zip (nupkg, jar ...) and tar (plain, gz, bz2).

`scan` judges an archive without writing anything; `extract` scans, and only then writes. Sizes are
counted on the real bytes, never taken from headers. Rules: security-and-reliability.md 5 (archive
rows), variables-and-versions.md 9.4.

Decision: core does no I/O, but an archive can only be judged by reading it. These functions read
and write exactly the paths they are given, look up nothing else and keep no state.
"""

import bz2
import gzip
import lzma
import os
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from io import BufferedIOBase
from pathlib import Path
from typing import IO, Self
from urllib.parse import unquote

ZIP_SUFFIXES = (".zip", ".nupkg", ".jar", ".war", ".ear")
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz")

_BLOCK = 64 * 1024
_NAME_LIMIT = 4096  # bytes; of one part of it 255, what file systems take
_PART_LIMIT = 255
_TAR_HEADER_LIMIT = 64 * 1024  # bytes of one long name or extended header
_ROOT = "/package"
_DRIVE = re.compile(r"[A-Za-z]:")


class UnsafeArchive(ValueError):
    """The archive is refused; the text is a sentence that names the entry or the limit."""


@dataclass(frozen=True)
class Limits:
    entries: int = 200_000
    size: int = 20 * 1024**3  # bytes, expanded
    ratio: int = 200  # expanded to compressed
    ratio_from: int = 100 * 1024**2  # bytes, expanded; below, the ratio does not matter


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class ArchiveSummary:
    """What `extract` would do. `size`: expanded bytes. Links are left out of the files."""

    entries: int
    files: int
    size: int
    skipped_links: tuple[str, ...] = ()


def scan(path: Path, *, name: str = "", limits: Limits = DEFAULT_LIMITS) -> ArchiveSummary:
    """Read the whole archive and count. `name`: its file name, where `path` has another one.

    Raises UnsafeArchive.
    """
    entries = files = 0
    links = []
    budget = _Budget(limits, path.stat().st_size)
    for entry, blocks in _walk(path, name or path.name, budget):
        for _ in blocks:
            pass
        entries += 1
        files += entry.kind is _Kind.FILE and not entry.left_out
        if entry.kind is _Kind.LINK:
            links.append(entry.path)
    return ArchiveSummary(entries, files, budget.spent, tuple(links))


def extract(path: Path, destination: Path, *, limits: Limits = DEFAULT_LIMITS) -> int:
    """Write the entries below `destination`, a new or empty folder; the number of files written.

    The archive is scanned first: when it is refused, nothing is written. Raises UnsafeArchive.
    """
    scan(path, limits=limits)
    destination.mkdir(parents=True, exist_ok=True)
    files = 0
    budget = _Budget(limits, path.stat().st_size)
    for entry, blocks in _walk(path, path.name, budget):
        if entry.left_out or entry.kind is _Kind.LINK:
            continue
        target = destination / entry.path
        if entry.kind is _Kind.FOLDER:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, blocks, executable=entry.executable)
        files += 1
    return files


def _write(target: Path, blocks: Iterator[bytes], *, executable: bool) -> None:
    """Never through an existing file or link: then FileExistsError."""
    mode = 0o777 if executable else 0o666
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.writelines(blocks)


def check_entry(entry: str, destination: str | Path) -> None:
    """Raises UnsafeArchive when `entry` would be written outside of `destination`."""
    _path_inside(entry, os.path.abspath(destination))


def _path_inside(entry: str, root: str) -> str:
    """The path of `entry` relative to `root`, without `.` and `..`; case matters.

    A backslash is judged both as what it is here and as the separator it is on Windows.
    """
    for spelling in (entry.replace("\\", "/"), entry):
        absolute = spelling.startswith("/") or _DRIVE.match(spelling)
        full = posixpath.normpath(posixpath.join(root, spelling))
        if absolute or "\0" in entry or posixpath.commonpath([root, full]) != root:
            raise _unsafe(entry)
    return posixpath.relpath(full, root)


def _unsafe(entry: str, why: str = "") -> UnsafeArchive:
    """Names come from strangers: they are shown escaped and not at full length."""
    shown = ascii(entry if len(entry) <= 200 else f"{entry[:200]}...")
    return UnsafeArchive(f"unsafe entry: {shown}{why and f' ({why})'}")


# --- what all kinds of archives have in common -----------------------------------------------------


class _Kind(Enum):
    FILE = auto()
    FOLDER = auto()
    LINK = auto()


@dataclass(frozen=True)
class _Entry:
    path: str  # relative, normalised
    kind: _Kind
    executable: bool = False
    left_out: bool = False


@dataclass
class _Budget:
    """How many bytes came out of an archive of `compressed` bytes."""

    limits: Limits
    compressed: int
    spent: int = 0

    def spend(self, size: int) -> None:
        self.spent += size
        if self.spent > self.limits.size:
            raise UnsafeArchive(f"The archive expands to more than {self.limits.size:,} bytes.")
        if self.spent > self.limits.ratio_from and (
            self.spent > self.limits.ratio * self.compressed
        ):
            raise UnsafeArchive(
                f"The archive expands to more than {self.limits.ratio} times its size."
            )


@dataclass
class _Tree:
    """The paths seen so far: each at most once, and none both file and folder."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def add(self, entry: _Entry) -> None:
        path = entry.path
        if path in self.files or (entry.kind is not _Kind.FOLDER and path in self.folders):
            raise _unsafe(path, "duplicate")
        (self.folders if entry.kind is _Kind.FOLDER else self.files).add(path)
        while (path := posixpath.dirname(path)) and path not in self.folders:
            if path in self.files:
                raise _unsafe(entry.path, "below a file")
            self.folders.add(path)


def _walk(path: Path, name: str, budget: _Budget) -> Iterator[tuple[_Entry, Iterator[bytes]]]:
    """The entries in order, each checked before it is handed out, with its content."""
    name = name.lower()
    tree = _Tree()
    with path.open("rb") as file, _errors_translated():
        if name.endswith(ZIP_SUFFIXES):
            entries = _zip_entries(file, budget, nupkg=name.endswith(".nupkg"))
        elif name.endswith(TAR_SUFFIXES):
            entries = _tar_entries(_unpacked(file, name), budget)
        else:
            raise UnsafeArchive(f"{name!a} is not the name of a zip or tar archive.")
        for number, (entry, blocks) in enumerate(entries, start=1):
            if number > budget.limits.entries:
                raise _too_many(budget.limits)
            tree.add(entry)
            yield entry, blocks


def _too_many(limits: Limits) -> UnsafeArchive:
    return UnsafeArchive(f"The archive has more than {limits.entries:,} entries.")


@contextmanager
def _errors_translated() -> Iterator[None]:
    """What the standard library raises for broken archives, as UnsafeArchive."""
    try:
        yield
    except UnsafeArchive:
        raise
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        NotImplementedError,  # a compression method zipfile does not know
        RuntimeError,  # an entry that wants a password
        ValueError,
        OSError,  # gzip and bz2 report bad data so
    ) as reason:
        raise UnsafeArchive(f"The archive cannot be read: {reason}") from reason


def _blocks(source: IO[bytes], budget: _Budget | None = None) -> Iterator[bytes]:
    with _errors_translated():
        while block := source.read(_BLOCK):
            if budget:
                budget.spend(len(block))
            yield block


def _checked_path(name: str) -> str:
    """The path of an entry; refuses names that another system may read differently."""
    path = _path_inside(name, _ROOT)
    size = len(os.fsencode(path))
    if "\\" in name:
        raise _unsafe(name, "backslash")
    if size > _NAME_LIMIT or any(len(os.fsencode(p)) > _PART_LIMIT for p in path.split("/")):
        raise _unsafe(name, "too long")
    return path


def _check_link(name: str, target: str, *, relative_to: str) -> None:
    absolute = target.startswith("/") or _DRIVE.match(target)
    try:
        _path_inside(target if absolute else posixpath.join(relative_to, target), _ROOT)
    except UnsafeArchive as reason:
        raise _unsafe(name, f"links to {target[:200]!a}, outside of the archive") from reason


# --- zip -------------------------------------------------------------------------------------------

_END = b"PK\x05\x06"
_END_64 = b"PK\x06\x06"
_HEADER = b"PK\x01\x02"
_HEADER_SIZE = 46
_LOCAL_HEADER_SIZE = 30
_ENCRYPTED = 0x1


def _zip_entries(
    file: IO[bytes], budget: _Budget, *, nupkg: bool
) -> Iterator[tuple[_Entry, Iterator[bytes]]]:
    if _count_headers(file, budget.limits.entries) > budget.limits.entries:
        raise _too_many(budget.limits)
    with _open_zip(file) as archive:
        _refuse_overlaps(archive.infolist(), budget.compressed)
        for info in archive.infolist():
            entry = _zip_entry(archive, info, nupkg=nupkg)
            if entry.kind is _Kind.FILE:
                with archive.open(info) as content:
                    yield entry, _blocks(content, budget)
            else:
                yield entry, iter(())


def _open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """File names are UTF-8 even without the flag, unless they cannot be."""
    try:
        return zipfile.ZipFile(file, metadata_encoding="utf-8")
    except UnicodeDecodeError:
        return zipfile.ZipFile(file)


def _count_headers(file: IO[bytes], limit: int) -> int:
    """The entries in the central directory, up to `limit` + 1.

    Counted before zipfile makes an object of every one of them.
    """
    size = file.seek(0, os.SEEK_END)
    tail_start = max(0, size - 65_536 - 128)
    file.seek(tail_start)
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0:
        raise UnsafeArchive("The archive cannot be read: it is not a zip file.")
    (directory_size,) = struct.unpack_from("<I", tail, end + 12)
    if end >= 76 and tail.startswith(_END_64, end - 76):
        end -= 76
        (directory_size,) = struct.unpack_from("<Q", tail, end + 40)
    file.seek(max(0, tail_start + end - directory_size))
    count = 0
    while count <= limit and (header := file.read(_HEADER_SIZE)).startswith(_HEADER):
        file.seek(sum(struct.unpack_from("<HHH", header, 28)), os.SEEK_CUR)
        count += 1
    return count


def _refuse_overlaps(infos: list[zipfile.ZipInfo], size: int) -> None:
    """Entries that share bytes expand the same data again and again."""
    in_order = sorted(infos, key=lambda info: info.header_offset)
    starts = [info.header_offset for info in in_order[1:]] + [size]
    for info, following in zip(in_order, starts, strict=False):
        if info.header_offset + _LOCAL_HEADER_SIZE + info.compress_size > following:
            raise _unsafe(info.filename, "overlaps another entry")


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, nupkg: bool) -> _Entry:
    name = info.orig_filename  # zipfile cuts the other one at a NUL
    path = _checked_path(name)
    if nupkg:
        path = _checked_path(unquote(name))
    if info.flag_bits & _ENCRYPTED:
        raise _unsafe(name, "encrypted")
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        with archive.open(info) as content:
            target = content.read(_NAME_LIMIT).decode("utf-8", "surrogateescape")
        _check_link(name, target, relative_to=posixpath.dirname(path))
        return _Entry(path, _Kind.LINK)
    if info.is_dir() or stat.S_ISDIR(mode):
        return _Entry(path, _Kind.FOLDER)
    _check_mode(name, mode)
    executable = bool(mode & stat.S_IXUSR)
    return _Entry(path, _Kind.FILE, executable, left_out=nupkg and _is_package_metadata(path))


def _check_mode(name: str, mode: int) -> None:
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise _unsafe(name, "a device or another special file")
    if mode & (stat.S_ISUID | stat.S_ISGID):
        raise _unsafe(name, "setuid")


def _is_package_metadata(path: str) -> bool:
    """What NuGet adds to the files of a package."""
    path = path.lower()
    return (
        path.startswith(("_rels/", "package/services/metadata/"))
        or path == "[content_types].xml"
        or path.endswith(".nupkg.sha512")
        or ("/" not in path and path.endswith(".nuspec"))
    )


# --- tar -------------------------------------------------------------------------------------------

_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Member(tarfile.TarInfo):
    """Refuses what the standard class accepts silently."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as reason:
            if not any(buf):
                raise  # the regular end
            # tarfile would take this for the end too; other programs go on behind it.
            raise UnsafeArchive(f"The archive cannot be read: {reason}") from reason
        if member.type in _HEADERS and member.size > _TAR_HEADER_LIMIT:
            raise UnsafeArchive(f"The archive cannot be read: a header has {member.size:,} bytes.")
        return member


class _Counted(BufferedIOBase):
    """Counts everything that is read from a stream, headers and skipped entries too."""

    def __init__(self, source: IO[bytes] | BufferedIOBase, budget: _Budget) -> None:
        self._source = source
        self._budget = budget

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._source.read(-1 if size is None else size)
        self._budget.spend(len(data))
        return data


def _unpacked(file: IO[bytes], name: str) -> IO[bytes] | BufferedIOBase:
    if name.endswith(("gz", "tgz")):
        return gzip.GzipFile(fileobj=file)
    if name.endswith(("bz2", "tbz2", "tbz")):
        return bz2.BZ2File(file)
    return file


def _tar_entries(
    source: IO[bytes] | BufferedIOBase, budget: _Budget
) -> Iterator[tuple[_Entry, Iterator[bytes]]]:
    with tarfile.open(
        fileobj=_Counted(source, budget),
        mode="r|",
        tarinfo=_Member,
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        for member in archive:
            entry = _tar_entry(member)
            content = archive.extractfile(member) if entry.kind is _Kind.FILE else None
            yield entry, _blocks(content) if content else iter(())


def _tar_entry(member: tarfile.TarInfo) -> _Entry:
    path = _checked_path(member.name)
    if member.issym():
        _check_link(member.name, member.linkname, relative_to=posixpath.dirname(path))
        return _Entry(path, _Kind.LINK)
    if member.islnk():
        _check_link(member.name, member.linkname, relative_to="")
        return _Entry(path, _Kind.LINK)
    if member.isdir():
        return _Entry(path, _Kind.FOLDER)
    if not member.isreg() or member.issparse():
        raise _unsafe(member.name, "a device or another special file")
    _check_mode(member.name, member.mode & 0o7777)
    return _Entry(path, _Kind.FILE, bool(member.mode & stat.S_IXUSR))

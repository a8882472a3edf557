"""Packages on their way: from the blob store, verified, as one tar archive that any target can unpack.

Targets need no unzip: the worker unpacks whatever form the package has, refusing unsafe entries, and
packs a tar once; every target of every deployment from this worker gets the same bytes.
"""

import asyncio
import gzip
import hashlib
import os
import tarfile
import tempfile
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from deployments import blobs
from deployments.core.packages import archives
from deployments.core.plan import ChosenPackage
from deployments.engine.site import PackageMissing, Prepared

BLOCK = 1 << 20  # bytes
KEPT = 20  # prepared packages on this worker's disk
FIXED_TIME = 1_600_000_000  # equal packages give equal archives


class BlobPackages:
    """See `site.PackageSource`. folder: where prepared archives are kept between deployments."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Prepared] = {}
        self._turn = asyncio.Lock()

    async def prepare(self, package: ChosenPackage) -> Prepared:
        async with self._turn:
            key = f"{package.sha256}{package.extension}"
            if key not in self._known:
                self._known[key] = await asyncio.to_thread(prepared, package, self._folder)
            return self._known[key]

    async def original(self, package: ChosenPackage) -> Prepared:
        return await asyncio.to_thread(original, package)


def original(package: ChosenPackage) -> Prepared:
    """The package as it was pushed; its hash is checked where it arrives. Raises PackageMissing."""
    _check_known(package)
    try:
        with blobs.store().open(package.sha256) as blob:
            size = blob.seek(0, os.SEEK_END)
    except FileNotFoundError:
        raise PackageMissing(
            f"The package {_name(package)} is not in the store any more."
        ) from None
    return Prepared(
        package, package.extension, package.sha256, size, partial(_blob, package.sha256)
    )


async def _blob(sha256: str) -> AsyncIterator[bytes]:
    """A blob's bytes, read beside the loop."""
    with await asyncio.to_thread(blobs.store().open, sha256) as blob:
        while block := await asyncio.to_thread(blob.read, BLOCK):
            yield block


def _name(package: ChosenPackage) -> str:
    return f"{package.package_id} {package.version}"


def _check_known(package: ChosenPackage) -> None:
    if not package.sha256:
        raise PackageMissing(
            f"The package {_name(package)} is in a feed this server cannot fetch from."
        )


def prepared(package: ChosenPackage, folder: Path) -> Prepared:
    """The package as a tar archive in `folder`. Raises PackageMissing."""
    name = _name(package)
    _check_known(package)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = next(folder.glob(f"{package.sha256}-*.tar.gz"), None)
    if known is None:
        try:
            known = _pack(package, folder)
        except FileNotFoundError:
            raise PackageMissing(f"The package {name} is not in the store any more.") from None
        except archives.UnsafeArchive as exc:
            raise PackageMissing(f"The package {name} cannot be used: {exc}") from exc
        _prune(folder)
    os.utime(known)
    return Prepared(
        package,
        ".tar.gz",
        known.name.removesuffix(".tar.gz").rpartition("-")[2],
        known.stat().st_size,
        partial(blocks, known),
    )


async def blocks(path: Path) -> AsyncIterator[bytes]:
    """A file's bytes, read beside the loop."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while block := await asyncio.to_thread(file.read, BLOCK):
            yield block
    finally:
        file.close()


def _pack(package: ChosenPackage, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source = Path(scratch) / f"package{package.extension}"
        _copy_verified(package, source)
        tree = Path(scratch) / "tree"
        archives.extract(source, tree)
        source.unlink()
        packed = Path(scratch) / "packed"
        with packed.open("wb") as file:
            _pack_tree(tree, file)
        with packed.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return packed.rename(folder / f"{package.sha256}-{digest}.tar.gz")


def _copy_verified(package: ChosenPackage, to: Path) -> None:
    """The blob, if it is still what was pushed. security-and-reliability.md 7.2."""
    digest = hashlib.sha256()
    with blobs.store().open(package.sha256) as blob, to.open("wb") as file:
        for block in blobs.chunks(blob):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != package.sha256:
        raise PackageMissing(
            f"The stored package {package.package_id} {package.version} is damaged: "
            f"SHA-256 {digest.hexdigest()} instead of {package.sha256}."
        )


def _pack_tree(tree: Path, file: BinaryIO) -> None:
    """Names in order, fixed times and owners, so that the same files give the same bytes."""
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(tree.rglob("*")):
            entry = archive.gettarinfo(path, arcname=path.relative_to(tree).as_posix())
            entry.mtime = FIXED_TIME
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            if entry.isreg():
                with path.open("rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)


def _prune(folder: Path) -> None:
    newest = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest[KEPT:]:
        path.unlink(missing_ok=True)

"""Operations of the file, archive and service message cases."""

import base64
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployments.core import service_messages
from deployments.core.packages import archives


def package_extract(file_name: str, archive_b64: str) -> dict[str, Any]:
    with extraction_folder() as folder:
        archive = folder / file_name
        archive.write_bytes(base64.b64decode(archive_b64))
        destination = folder / "destination"
        try:
            count = archives.extract(archive, destination)
        except ValueError as refusal:
            refusal.exists = Exists(destination)  # type: ignore[attr-defined]
            raise
        return {"count": count, "files": texts(destination), "exists": Exists(destination)}


class Exists(dict[str, bool]):
    """Whether each path existed below a folder, and beside it, when the operation ended."""

    def __init__(self, folder: Path) -> None:
        paths = folder.parent.rglob("*")
        super().__init__({path_from(folder, path): True for path in paths})

    def __missing__(self, path: str) -> bool:
        return False


def path_from(folder: Path, path: Path) -> str:
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    return f"../{path.relative_to(folder.parent).as_posix()}"


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file()
    }


@contextmanager
def extraction_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def service_messages_parse(chunks: list[str]) -> dict[str, Any]:
    parser = service_messages.Parser()
    return {"messages": [message for chunk in chunks for message in parser.feed(chunk)]}


def service_messages_format(name: str, properties: Mapping[str, str | None]) -> dict[str, str]:
    return {"value": service_messages.format(name, properties)}


OPERATIONS: dict[str, Callable[..., Any]] = {
    "package.extract": package_extract,
    "package.check_entry": archives.check_entry,
    "service_messages.parse": service_messages_parse,
    "service_messages.format": service_messages_format,
}

"""Operations of the file, archive and service message cases."""

import base64
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployments.core import service_messages
from deployments.core.files import structured
from deployments.core.files.dotnet import apply_transform, locate_transforms, replace_config
from deployments.core.files.globs import relative_globs
from deployments.core.files.substitution import substitute, substitute_json
from deployments.core.packages import archives


def package_extract(file_name: str, archive_b64: str) -> dict[str, Any]:
    with extraction_folder() as folder:
        archive = folder / file_name
        archive.write_bytes(base64.b64decode(archive_b64))
        destination = folder / "destination"
        try:
            count = archives.extract(archive, destination)
        except ValueError as refusal:
            refusal.exists = Exists(destination)
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


def content_of(data: bytes) -> dict[str, Any]:
    """A file's content, as text (where it is one) and in base64."""
    return {"data": data, "content": readable(data), "content_b64": base64.b64encode(data).decode()}


def readable(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def given(text: str | None, content_b64: str | None) -> bytes:
    return base64.b64decode(content_b64) if content_b64 else (text or "").encode()


def structured_replace(
    format: str,
    variables: Mapping[str, str | None],
    content: str | None = None,
    content_b64: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    done = structured.replace(given(content, content_b64), format, variables)
    return {**content_of(done.data), "replaced": list(done.replaced)}


def substitute_file(
    variables: Mapping[str, str | None],
    content: str | None = None,
    content_b64: str | None = None,
    fail_on_missing: bool = False,
    **_: Any,
) -> dict[str, Any]:
    encoding = variables.get("Octopus.Action.SubstituteInFiles.OutputEncoding") or ""
    file = given(content, content_b64)
    return content_of(substitute(file, variables, fail_on_missing, output_encoding=encoding).data)


def json_inputs(json: str, variables: Mapping[str, str | None]) -> dict[str, Any]:
    text, warnings = substitute_json(json, variables)
    return {"value": text, "warnings": list(warnings)}


def globs(files: list[str], base: str, pattern: str) -> dict[str, Any]:
    return {"paths": relative_globs(files, base, pattern)}


def config_variables(variables: Mapping[str, str | None], content: str) -> dict[str, Any]:
    return content_of(replace_config(content.encode(), variables).data)


def xml_transform(
    content: str, transform: str, variables: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    done = apply_transform(content.encode(), transform.encode(), variables or {})
    return {**content_of(done.data), "errors": done.errors, "warnings": done.warnings}


def config_transforms(
    source: str, transform: str, files: list[str], extraction_directory: str = ""
) -> dict[str, Any]:
    return {"transforms": locate_transforms(source, transform, files, extraction_directory)}


OPERATIONS: dict[str, Callable[..., Any]] = {
    "package.extract": package_extract,
    "package.check_entry": archives.check_entry,
    "service_messages.parse": service_messages_parse,
    "service_messages.format": service_messages_format,
    "structured.replace": structured_replace,
    "substitute_file": substitute_file,
    "substitute_json": json_inputs,
    "glob.relative": globs,
    "config_variables.replace": config_variables,
    "xml_transform.apply": xml_transform,
    "config_transforms.locate": config_transforms,
}

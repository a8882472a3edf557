"""Variables in the files of an installed package. variables-and-versions.md 9.

Files are read through the session, changed by pure functions here, and written back, so that nothing
but sh is needed on the machine.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath

from deployments.core import remote
from deployments.core.files import dotnet, structured, substitution
from deployments.core.files.globs import matching
from deployments.core.operations import ConfigureDotNet, Place, SubstituteInFiles
from deployments.core.states import Category
from deployments.core.templates import SelfReference, TemplateLimit, get_flag
from deployments.engine.installs import files_below
from deployments.engine.site import Site, StepFailed

IGNORE_SETTINGS = "Octopus.Action.Package.IgnoreVariableReplacementErrors"
MUST_SUCCEED = "OctopusShouldFailDeploymentOnSubstitutionFails"

Change = Callable[[str, bytes], bytes]
"""A file's name and content -> its new content."""


async def substitute(site: Site, wanted: SubstituteInFiles) -> None:
    """`#{...}` in every file the patterns match. Raises StepFailed where tokens must have values."""
    variables = site.variables
    must_succeed = get_flag(variables, MUST_SUCCEED)

    def change(name: str, data: bytes) -> bytes:
        found = substitution.substitute(
            data, variables, must_succeed, output_encoding=wanted.output_encoding
        )
        if found.error:
            site.say(f"{name}: {found.error}", Category.VERBOSE)
        return found.data

    await _change_files(site, wanted.patterns, change, warn=wanted.warn_no_match)


async def replace_structured(site: Site, patterns: Sequence[str]) -> None:
    """Values by their place in every file the patterns match. Raises StepFailed for one that cannot be
    read."""
    variables = site.variables

    def change(name: str, data: bytes) -> bytes:
        found = structured.replace_by_name(name, data, variables)
        for warning in found.warnings:
            site.say(f"{name}: {warning}", Category.WARNING)
        if not found.replaced:
            site.say(f"{name}: No structures found.")
        return found.data

    await _change_files(site, patterns, change, warn=True)


async def configure_dotnet(site: Site, wanted: ConfigureDotNet) -> None:
    """Transforms, then settings. A file that was a transform of another keeps its settings.

    Transforms of one file are applied in memory and written once: an insertion must not be made twice.
    Raises StepFailed where one cannot be applied and its errors count.
    """
    names = await files_below(site, Place.INSTALLED)
    used: set[str] = set()
    for source in _transformable(names, wanted.transforms):
        used |= await _transform(site, source, _transforms_of(site, source, wanted, names))
    if not wanted.replace_settings:
        return
    for name in matching(names, "**/*.config"):
        if name not in used:
            await _change_file(site, name, partial(_replaced_settings, site))


def _transformable(names: Sequence[str], definitions: Sequence[str]) -> list[str]:
    """Files that a definition may be about: every `*.config`, and what has the extension of a target."""
    targets = (definition.partition("=>")[2].strip() for definition in definitions)
    extensions = {".config", *(PurePosixPath(t.replace("\\", "/")).suffix.lower() for t in targets)}
    return [n for n in names if PurePosixPath(n).suffix.lower() in extensions - {""}]


def _transforms_of(
    site: Site, source: str, wanted: ConfigureDotNet, names: Sequence[str]
) -> list[str]:
    """The transforms of a file in their order, each once."""
    folder = site.folder(Place.INSTALLED)
    found = (
        transform
        for definition in wanted.transforms
        for transform in dotnet.locate_transforms(source, definition, names, folder)
    )
    return list(dict.fromkeys(found))


async def _transform(site: Site, source: str, transforms: Sequence[str]) -> set[str]:
    """Applies them to one file; returns their names."""
    if not transforms:
        return set()
    contents = [(name, await _read(site, name)) for name in transforms]

    def change(_: str, data: bytes) -> bytes:
        for name, transform in contents:
            site.say(f"Transforming {source} with {name}")
            done = dotnet.apply_transform(data, transform, site.variables)
            for text in done.warnings:
                site.say(f"{name}: {text}", Category.WARNING)
            for text in done.errors:
                site.say(f"{name}: {text}", Category.ERROR)
            data = done.data
        return data

    await _change_file(site, source, change)
    return set(transforms)


def _replaced_settings(site: Site, name: str, data: bytes) -> bytes:
    try:
        return dotnet.replace_config(data, site.variables).data
    except ValueError as exc:
        if not get_flag(site.variables, IGNORE_SETTINGS):
            raise
        site.say(f"{name}: {exc}", Category.WARNING)
        return data


async def _change_files(site: Site, patterns: Sequence[str], change: Change, *, warn: bool) -> None:
    names = await files_below(site, Place.INSTALLED)
    chosen: dict[str, None] = {}
    for pattern in patterns:
        matched = _matching(names, pattern)
        chosen |= dict.fromkeys(matched)
        if not matched and warn:
            site.say(f"No file matches {pattern}.", Category.WARNING)
    for name in chosen:
        await _change_file(site, name, change)


def _matching(names: Sequence[str], pattern: str) -> list[str]:
    try:
        return matching(names, pattern)
    except ValueError as exc:
        raise StepFailed(f"{exc}.", may_retry=False) from exc


async def _change_file(site: Site, name: str, change: Change) -> None:
    before = await _read(site, name)
    try:
        after = change(name, before)
    except (ValueError, SelfReference, TemplateLimit) as exc:
        raise StepFailed(f"{name}: {exc}", may_retry=False) from exc
    if after == before:
        return
    path = site.path(Place.INSTALLED, name)
    await site.command(remote.overwrite(path), f"{name} cannot be written.", feed=lambda: after)
    site.say(f"Changed {name}", Category.VERBOSE)


async def _read(site: Site, name: str) -> bytes:
    path = site.path(Place.INSTALLED, name)
    return (await site.command(remote.read(path), f"{name} cannot be read.")).stdout

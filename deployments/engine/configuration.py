"""Variables in the files of an installed package. variables-and-versions.md 9.

Files are read through the session, changed by pure functions here, and written back, so that nothing
but sh is needed on the machine.
"""

from collections.abc import Callable, Sequence

from deployments.core import remote
from deployments.core.files import structured, substitution
from deployments.core.files.globs import matching
from deployments.core.operations import Place, SubstituteInFiles
from deployments.core.states import Category
from deployments.core.templates import SelfReference, TemplateLimit, get_flag
from deployments.engine.installs import files_below
from deployments.engine.site import Site, StepFailed

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
    path = site.path(Place.INSTALLED, name)
    before = (await site.command(remote.read(path), f"{name} cannot be read.")).stdout
    try:
        after = change(name, before)
    except (ValueError, SelfReference, TemplateLimit) as exc:
        raise StepFailed(f"{name}: {exc}", may_retry=False) from exc
    if after == before:
        return
    await site.command(remote.overwrite(path), f"{name} cannot be written.", feed=lambda: after)
    site.say(f"Changed {name}", Category.VERBOSE)

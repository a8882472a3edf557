"""Packages on a machine: transferred, verified, extracted, linked, noted. domain.md 12.1."""

import json
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import Any

from deployments.core import remote
from deployments.core.files.globs import matching
from deployments.core.operations import CopyToFolder, FetchPackage, InstallRecord, Place
from deployments.core.plan import ChosenPackage
from deployments.core.states import Category
from deployments.core.templates import get_flag, get_int
from deployments.engine.site import PackageMissing, Prepared, Site, StepFailed
from deployments.transports.base import Answer

TRANSFER_LIMIT = 3600.0  # seconds
PREVIOUS = "Octopus.Tentacle.PreviousInstallation."
CURRENT = "Octopus.Tentacle.CurrentDeployment."
AGENT = "Octopus.Tentacle.Agent."
SKIP_SPACE_CHECK = "OctopusSkipFreeDiskSpaceCheck"
SPARE_SPACE = "OctopusFreeDiskSpaceOverrideInMegaBytes"
DEFAULT_SPARE = 500  # MB that stay free
MEGABYTE = 1024**2
TOO_HIGH = frozenset({"", "/", "~", "/root", "/home", "/usr", "/etc", "/var", "/opt", "/srv"})


async def stop_if_installed(site: Site, wanted: InstallRecord) -> None:
    """Ends the action when the last successful install was this package version and is still there."""
    last = await _last_install(site, wanted.key)
    if last is None or (last["package"], last["version"]) != (wanted.package_id, wanted.version):
        return
    if (await site.command(remote.is_folder(last["path"]))).exit_code:
        return
    site.learn(Place.INSTALLED, last["path"])
    site.facts = replace(site.facts, ends_early=True)
    site.tell("Package.InstallationDirectoryPath", last["path"])
    site.say(f"{wanted.package_id} {wanted.version} is installed already; nothing is done.")


async def reserve(site: Site, path: str, record: InstallRecord) -> None:
    """Makes the folder, and tells scripts about the install it follows. variables.md 3."""
    if Place.INSTALLED in site.facts.places:
        return
    previous = await _last_install(site, record.key) or {}
    answer = await site.command(remote.reserve(path), "The folder for the package cannot be made.")
    site.learn(Place.INSTALLED, answer.text)
    site.learn_variables(
        {
            PREVIOUS + "PackageVersion": previous.get("version", ""),
            PREVIOUS + "PackageFilePath": previous.get("file", ""),
            PREVIOUS + "OriginalInstalledPath": previous.get("path", ""),
            PREVIOUS + "CustomInstallationDirectory": previous.get("custom", ""),
            AGENT + "ApplicationDirectoryPath": _above(answer.text, "Applications"),
        }
    )


def _above(path: str, folder: str) -> str:
    """`path` up to and with `folder`; "" when that is not part of it."""
    head, found, _ = path.partition(f"/{folder}/")
    return f"{head}/{folder}" if found else ""


async def transfer(site: Site, package: ChosenPackage) -> None:
    """Sends the package unless the machine has it; either way its hash is checked there."""
    prepared = await _prepared(site, package)
    file = _cached(prepared)
    forced = get_flag(site.variables, "Octopus.Deployment.ForcePackageDownload")
    held = await site.command(remote.holds(file, prepared.sha256))
    if not forced and not held.exit_code:
        _learn_file(site, held.text, file)
        site.say(f"{package.package_id} {package.version} is on the machine already.")
        return
    answer = await _store(site, file, prepared)
    _learn_file(site, answer.text, file)


async def _store(site: Site, file: str, prepared: Prepared) -> Answer:
    """Sends it, and has its hash checked over there."""
    package = prepared.package
    await _check_space(site, prepared)
    site.say(f"Sending {package.package_id} {package.version} ({prepared.size:,} bytes)")
    answer = await site.command(
        remote.store(file, prepared.sha256), feed=prepared.blocks, limit=TRANSFER_LIMIT
    )
    if answer.exit_code == remote.MISMATCH:
        raise StepFailed(
            f"The package arrived damaged: SHA-256 {answer.text} instead of {prepared.sha256}."
        )
    if answer.exit_code:
        said = answer.stderr.decode(errors="replace").strip()
        raise StepFailed(f"The package could not be stored on the machine. {said}".strip())
    site.say(f"The SHA-256 on the machine is right: {prepared.sha256}", Category.VERBOSE)
    return answer


def _learn_file(site: Site, folder: str, file: str) -> None:
    site.learn_variables(
        {
            CURRENT + "PackageFilePath": f"{folder}/{file}",
            CURRENT + "TargetedRoles": site.variables.raw("octopus.action.targetroles") or "",
        }
    )


async def _check_space(site: Site, prepared: Prepared) -> None:
    """Refuses to fill the disk. Raises StepFailed. domain.md 14.6 has the switches."""
    if get_flag(site.variables, SKIP_SPACE_CHECK):
        return
    spare = (get_int(site.variables, SPARE_SPACE) or DEFAULT_SPARE) * MEGABYTE
    answer = await site.command(remote.free_space())
    free = int(answer.text) * 1024 if answer.text.isdigit() else None
    if free is not None and free < spare + prepared.size:
        raise StepFailed(
            f"The machine has {free // MEGABYTE:,} MB free; the package needs "
            f"{prepared.size // MEGABYTE:,} MB and {spare // MEGABYTE:,} MB are to stay free. "
            f"{SPARE_SPACE} sets how many."
        )


async def fetch(site: Site, wanted: FetchPackage, token: str) -> None:
    """A package for the scripts of the action, below a run's folder of its own."""
    package = wanted.package
    folder = f"runs/{token}/{remote.safe_name(wanted.reference or package.package_id)}"
    site.scratch.append(token)
    if wanted.is_extracted:
        await transfer(site, package)
        archive = _cached(await _prepared(site, package))
        answer = await site.command(
            remote.unpack(archive, folder),
            "The package cannot be extracted on the machine.",
            limit=TRANSFER_LIMIT,
        )
        _learn_reference(site, wanted, {"ExtractedPath": answer.text})
        return
    original = await _found(site.packages.original(package))
    file = remote.safe_name(f"{package.package_id}.{package.version}{package.extension}")
    answer = await _store(site, f"{folder}/{file}", original)
    path = f"{answer.text}/{folder}/{file}"
    _learn_reference(site, wanted, {"PackageFilePath": path, "OriginalPath": path})


def _learn_reference(site: Site, wanted: FetchPackage, known: Mapping[str, str]) -> None:
    """`Octopus.Action.Package[name].*` for scripts. variables.md 3."""
    package = wanted.package
    name = f"{package.package_id}.{package.version}{package.extension}"
    base = "Octopus.Action.Package" + (f"[{wanted.reference}]" if wanted.reference else "")
    values = {"PackageFileName": name, **known}
    site.learn_variables({f"{base}.{key}": text for key, text in values.items()})


async def extract(site: Site, package: ChosenPackage) -> None:
    folder = site.folder(Place.INSTALLED)
    prepared = await _prepared(site, package)
    answer = await site.command(
        remote.extract(_cached(prepared), folder),
        "The package cannot be extracted on the machine.",
        limit=TRANSFER_LIMIT,
    )
    site.facts = replace(site.facts, scripts=tuple(answer.text.splitlines()))
    site.learn(Place.INSTALLED, folder)
    site.tell("Package.InstallationDirectoryPath", folder)
    site.say(f"Extracted {package.package_id} {package.version} to {folder}")


async def copy(site: Site, wanted: CopyToFolder) -> None:
    """The installed files into the folder of the user's choice."""
    if wanted.path.rstrip("/") in TOO_HIGH or ".." in wanted.path.split("/"):
        raise StepFailed(f"{wanted.path!r} is not a folder a package may be copied to.")
    if wanted.purge:
        await _purge(site, wanted)
    answer = await site.command(
        remote.copy_tree(site.folder(Place.INSTALLED), wanted.path),
        f"The files cannot be copied to {wanted.path}.",
    )
    site.learn(Place.APPLICATION, answer.text)
    site.tell("Package.InstallationDirectoryPath", answer.text)
    site.say(f"Copied the files to {answer.text}")


async def switch_link(site: Site, path: str) -> None:
    target = site.folder(Place.APPLICATION)
    answer = await site.command(remote.switch_link(path, target))
    if answer.exit_code == remote.TAKEN:
        raise StepFailed(f"{path} is there already and is not a link; it was left alone.")
    if answer.exit_code:
        said = answer.stderr.decode(errors="replace").strip()
        raise StepFailed(f"The link {path} cannot be switched. {said}".strip())
    site.say(f"{path} points to {target} now")


async def record(site: Site, install: InstallRecord, *, succeeded: bool) -> None:
    """One line in the machine's journal of installs; nothing to note where no folder was made."""
    if Place.INSTALLED not in site.facts.places:
        return
    line = {
        "key": install.key,
        "package": install.package_id,
        "version": install.version,
        "sha256": install.sha256,
        "path": site.facts.places[Place.INSTALLED],
        "custom": site.facts.places.get(Place.APPLICATION, ""),
        "file": site.facts.variables.get(CURRENT + "PackageFilePath", ""),
        "succeeded": succeeded,
        "attempt": site.attempt.token,
    }
    text = json.dumps(line, sort_keys=True).encode() + b"\n"
    await site.command(
        remote.note_install(), "The journal of installs cannot be written.", feed=lambda: text
    )


async def files_below(site: Site, place: Place) -> list[str]:
    answer = await site.command(
        remote.files_below(site.folder(place)), "The installed files cannot be listed."
    )
    return answer.stdout.decode(errors="surrogateescape").splitlines()


async def _purge(site: Site, wanted: CopyToFolder) -> None:
    listed = await site.command(
        f"{remote.is_folder(wanted.path)} && {remote.files_below(wanted.path)}"
    )
    files = listed.stdout.decode(errors="surrogateescape").splitlines()
    kept = {file for pattern in wanted.kept for file in matching(files, pattern)}
    doomed = [file for file in files if file not in kept]
    text = "".join(f"{file}\n" for file in doomed).encode(errors="surrogateescape")
    await site.command(
        remote.remove_listed(wanted.path), "The folder cannot be emptied.", feed=lambda: text
    )


async def _last_install(site: Site, key: str) -> dict[str, Any] | None:
    answer = await site.command(remote.installs(key))
    found = None
    for text in answer.stdout.decode(errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if line.get("key") == key and line.get("succeeded") is True:
            found = line
    return found


async def _prepared(site: Site, package: ChosenPackage) -> Prepared:
    return await _found(site.packages.prepare(package))


async def _found(looking: Awaitable[Prepared]) -> Prepared:
    try:
        return await looking
    except PackageMissing as exc:
        raise StepFailed(str(exc), may_retry=False) from exc


def _cached(prepared: Prepared) -> str:
    """Where the machine keeps a package, by what is in it."""
    return f"packages/{prepared.sha256}{prepared.extension}"

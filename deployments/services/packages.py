"""The built-in feed: taking packages in and letting go of them. domain.md 15."""

import re
import zipfile
import zlib
from collections.abc import Sequence
from enum import StrEnum
from functools import partial

from django.db import transaction
from django.utils import timezone

from deployments import blobs
from deployments.blob_rows import forget_blob, hold
from deployments.core.packages.archives import UnsafeArchive, scan
from deployments.core.packages.names import split_file_name
from deployments.core.packages.nuspec import LARGEST, BadNuspec, Nuspec, parse_nuspec
from deployments.core.versions import parse
from deployments.models import Package, Project, Release
from deployments.services.changes import refuse
from spaces.access import allowed, authorize, visible
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid
from spaces.models import Space
from spaces.permissions import Permission

LONGEST_VERSION = 100
ANONYMOUS = "package.nupkg"
_PACKAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class OverwriteMode(StrEnum):
    """What happens when the version is there already; the values are the dialect's."""

    FAIL = "FailIfExists"
    IGNORE = "IgnoreIfExists"
    OVERWRITE = "OverwriteExisting"


def push_package(
    *,
    actor: Actor,
    space: Space,
    incoming: blobs.Incoming,
    file_name: str,
    overwrite: OverwriteMode = OverwriteMode.FAIL,
) -> tuple[Package, bool]:
    """Keep a package whose bytes have arrived; id and version come from its file name, or where that is
    just "package.nupkg", as NuGet clients send it, from what is inside.

    Returns the row and whether it is new. Pushing equal bytes again succeeds and changes nothing.
    Raises PermissionRefused; Invalid for a bad name and for a broken or unsafe archive; Conflict when
    other bytes are there and may not be replaced.
    """
    nuspec = _nuspec(incoming) if file_name.lower().endswith(".nupkg") else None
    if nuspec is not None and file_name.lower() == ANONYMOUS:
        file_name = f"{nuspec.id}.{nuspec.version}.nupkg"
    try:
        package_id, version, extension = split_file_name(file_name)
        version_key = parse(version, "semver").sort_text
    except ValueError as bad:
        raise Invalid(str(bad)) from bad
    refuse(package_problems(package_id, version))
    authorize_for_package(actor, Permission.BUILT_IN_FEED_PUSH, space, package_id)
    _scan(incoming, file_name)
    package = Package(
        space=space,
        package_id=package_id,
        version=version,
        version_key=version_key,
        extension=extension,
        size=incoming.size,
        sha256=incoming.sha256,
        sha1=incoming.sha1,
        pushed_by=actor.name,
        title=nuspec.title[:300] if nuspec else "",
        summary=nuspec.summary if nuspec else "",
        description=nuspec.description if nuspec else "",
        release_notes=nuspec.release_notes if nuspec else "",
    )
    with transaction.atomic():
        return _store(actor, package, incoming, overwrite)


@transaction.atomic
def delete_packages(*, actor: Actor, packages: Sequence[Package]) -> None:
    """Delete all of them or none. Releases that hold one cannot be deployed any more, and say so."""
    for package in packages:
        authorize_for_package(
            actor, Permission.BUILT_IN_FEED_ADMINISTER, package.space, package.package_id
        )
    for package in packages:
        record(actor, "Deleted", package)
        package.delete()
        transaction.on_commit(partial(forget_blob, package.sha256))


def authorize_for_package(
    actor: Actor, permission: Permission, space: Space, package_id: str
) -> None:
    """Raises PermissionRefused. A role limited to projects covers the packages their steps name."""
    if allowed(actor, permission, space):
        return
    projects = visible(actor, permission, Project.objects.in_space(space))
    if any(_names_package(project, package_id) for project in projects.select_related("process")):
        return
    authorize(actor, permission, space)


def package_problems(package_id: str, version: str) -> list[str]:
    """Why a package cannot be called this."""
    problems = []
    if not _PACKAGE_ID.fullmatch(package_id):
        problems.append(
            f"{package_id[:120]!r} is not a package id: letters, digits, dot, dash and underscore, "
            "at most 100 of them, and a letter or digit first."
        )
    if len(version) > LONGEST_VERSION:
        problems.append(f"A package version has at most {LONGEST_VERSION} characters.")
    return problems


def _nuspec(incoming: blobs.Incoming) -> Nuspec | None:
    """What a NuGet package says about itself; None where it says nothing, which packages may."""
    try:
        with zipfile.ZipFile(incoming.path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".nuspec")]
            if len(names) != 1 or "/" in names[0]:
                return None
            with archive.open(names[0]) as file:
                return parse_nuspec(file.read(LARGEST + 1))
    except BadNuspec as bad:
        raise Invalid(str(bad)) from bad
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
        raise Invalid(f"The archive cannot be read: {exc}") from exc


def _scan(incoming: blobs.Incoming, file_name: str) -> None:
    try:
        scan(incoming.path, name=file_name)
    except UnsafeArchive as refused:
        raise Invalid(str(refused)) from refused


def _store(
    actor: Actor, package: Package, incoming: blobs.Incoming, overwrite: OverwriteMode
) -> tuple[Package, bool]:
    hold(f"{package.space_id}/{package.package_id.lower()}/{package.version_key}")
    existing = (
        Package.objects.in_space(package.space_id)
        .filter(package_id__iexact=package.package_id, version_key=package.version_key)
        .first()
    )
    if existing is not None:
        if existing.sha256 == package.sha256 or overwrite == OverwriteMode.IGNORE:
            return existing, False
        _refuse_replacing(actor, existing, overwrite)
        package.pk, package.published_at = existing.pk, timezone.now()
        transaction.on_commit(partial(forget_blob, existing.sha256))
    hold(package.sha256)
    incoming.keep()
    package.save()
    before = existing.sha256 if existing else None
    record(
        actor,
        "Modified" if existing else "Created",
        package,
        details={"sha256": [before, package.sha256]},
    )
    return package, existing is None


def _refuse_replacing(actor: Actor, existing: Package, overwrite: OverwriteMode) -> None:
    """Other bytes under a known version need the wish, the permission, and no release that holds it."""
    if overwrite != OverwriteMode.OVERWRITE:
        raise Conflict(
            f"The package {existing} already exists with other content. Push a new version, "
            f"or use overwriteMode={OverwriteMode.OVERWRITE.value}."
        )
    authorize_for_package(
        actor, Permission.BUILT_IN_FEED_ADMINISTER, existing.space, existing.package_id
    )
    held = Release.objects.in_space(existing.space_id).filter(
        packages__contains=[{"sha256": existing.sha256}]
    )
    if release := held.select_related("project").first():
        raise Conflict(
            f"The package {existing} is part of {release}, so it is not replaced. "
            "Push a new version."
        )


def _names_package(project: Project, package_id: str) -> bool:
    return any(
        reference.package_id.lower() == package_id.lower()
        for step in project.process.parsed()
        for action in step.actions
        for reference in action.packages
    )

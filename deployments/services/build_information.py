"""Build information: what a build server tells about a package version. domain.md 15."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from deployments.core.versions import parse
from deployments.models import BuildInformation
from deployments.services.changes import refuse
from deployments.services.packages import OverwriteMode, package_problems
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid
from spaces.models import Space
from spaces.permissions import Permission

# Programs look for this text (api-dialect.md 5).
EXISTS = "Metadata for the specified Package ID and version already exists."


@transaction.atomic
def push_build_information(
    *,
    actor: Actor,
    space: Space,
    package_id: str,
    version: str,
    details: Mapping[str, Any],
    overwrite: OverwriteMode = OverwriteMode.FAIL,
) -> tuple[BuildInformation, bool]:
    """Keep what a build told; the package itself may come later. details: as in `BuildInformation`.

    Returns the row and whether it is new. Raises PermissionRefused, Invalid, Conflict.
    """
    authorize(actor, Permission.BUILD_INFORMATION_PUSH, space)
    key = _key(package_id, version)
    existing = (
        BuildInformation.objects.in_space(space)
        .select_for_update()
        .filter(package_id__iexact=package_id, version_key=key)
        .first()
    )
    if existing is None:
        row = BuildInformation.objects.create(
            space=space,
            package_id=package_id,
            version=version,
            version_key=key,
            details=dict(details),
        )
        record(actor, "Created", row)
        return row, True
    if overwrite == OverwriteMode.IGNORE:
        return existing, False
    if overwrite == OverwriteMode.FAIL:
        raise Conflict(EXISTS)
    authorize(actor, Permission.BUILD_INFORMATION_ADMINISTER, space)
    before, existing.details, existing.version = existing.details, dict(details), version
    existing.save()
    record(actor, "Modified", existing, details={"details": [before, existing.details]})
    return existing, False


@transaction.atomic
def delete_build_information(*, actor: Actor, build: BuildInformation) -> None:
    """Forget it; releases keep their copies. Raises PermissionRefused."""
    authorize(actor, Permission.BUILD_INFORMATION_ADMINISTER, build)
    record(actor, "Deleted", build)
    build.delete()


def _key(package_id: str, version: str) -> str:
    """The sortable form of the version. Raises Invalid for a bad id or version."""
    problems = package_problems(package_id, version)
    try:
        key = parse(version, "semver").sort_text
    except ValueError as bad:
        raise Invalid([*problems, f"{version[:100]!r} is not a version."]) from bad
    refuse(problems)
    return key

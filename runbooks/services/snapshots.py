"""Runbook snapshots: freezing a runbook, and publishing what people run. domain.md 24."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from deployments.core.package_overrides import BadOverride, Override, parse_overrides
from deployments.queries.blockers import project_blockers
from deployments.queries.release_packages import (
    Selection,
    Wanted,
    feeds_of,
    needed_packages,
    select_packages,
)
from deployments.services.changes import apply, refuse
from deployments.services.releases import snapshot_variables
from runbooks.models import (
    Runbook,
    RunbookProcess,
    RunbookProcessSnapshot,
    RunbookRun,
    RunbookSnapshot,
)
from runbooks.queries.snapshots import proposed_name
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.naming import name_problems, text_problems
from spaces.permissions import Permission


@dataclass(frozen=True)
class SnapshotRequest:
    """What the creator of a snapshot may say. Empty texts mean "the next name" and "the latest".

    packages, package_version: as for releases (api-dialect.md 7.5.1). selected: more of them, from
    clients that name step and version apart.
    """

    name: str = ""
    notes: str = ""
    package_version: str = ""
    packages: Sequence[str] = ()
    selected: Sequence[Override] = ()


@transaction.atomic
def take_snapshot(
    *,
    actor: Actor,
    runbook: Runbook,
    request: SnapshotRequest = SnapshotRequest(),
    publish: bool = False,
) -> RunbookSnapshot:
    """Freeze the runbook as it is now; with `publish` people run that from now on.

    Raises PermissionRefused; Invalid with every reason; Conflict when the name exists.
    """
    authorize(actor, Permission.RUNBOOK_SNAPSHOT_CREATE, runbook)
    if publish:
        authorize(actor, Permission.RUNBOOK_EDIT, runbook)
    runbook = Runbook.objects.select_for_update(of=("self",)).get(pk=runbook.pk)
    process = RunbookProcess.objects.get(runbook=runbook)
    name = request.name.strip() or proposed_name(runbook)
    selection, problems = _selection(runbook, process, request)
    refuse([*_text_problems(name, request.notes), *problems, *selection.problems])
    snapshot = _insert(actor, runbook, process, name, request.notes, selection)
    record(actor, "Created", snapshot, details={"packages": snapshot.packages})
    if publish:
        _publish(actor, runbook, snapshot)
    return snapshot


@transaction.atomic
def publish_snapshot(*, actor: Actor, snapshot: RunbookSnapshot) -> Runbook:
    """Let people run this one. Raises PermissionRefused."""
    authorize(actor, Permission.RUNBOOK_EDIT, snapshot)
    _publish(actor, snapshot.runbook, snapshot)
    return snapshot.runbook


@transaction.atomic
def unpublish(*, actor: Actor, runbook: Runbook) -> Runbook:
    """Leave the runbook to those who may edit it. Raises PermissionRefused."""
    authorize(actor, Permission.RUNBOOK_EDIT, runbook)
    _publish(actor, runbook, None)
    return runbook


@transaction.atomic
def edit_snapshot(
    *, actor: Actor, snapshot: RunbookSnapshot, name: str, notes: str
) -> RunbookSnapshot:
    """Call it something else. What is frozen stays. Raises PermissionRefused, Invalid, Conflict."""
    authorize(actor, Permission.RUNBOOK_EDIT, snapshot)
    refuse(_text_problems(name, notes))
    changes = apply(snapshot, {"name": name.strip(), "notes": notes})
    if changes:
        try:
            with transaction.atomic():
                snapshot.save(update_fields=list(changes))
        except IntegrityError as exc:
            raise _taken(snapshot.runbook, name) from exc
        record(actor, "Modified", snapshot, details=changes)
    return snapshot


@transaction.atomic
def update_snapshot_variables(*, actor: Actor, snapshot: RunbookSnapshot) -> RunbookSnapshot:
    """Take the variables of now into the snapshot; its steps and packages stay. domain.md 16.5, 24."""
    authorize(actor, Permission.RUNBOOK_EDIT, snapshot)
    snapshot.variables = snapshot_variables(snapshot.project)
    snapshot.save(update_fields=["variables"])
    record(actor, "RunbookSnapshotVariablesUpdated", snapshot)
    return snapshot


@transaction.atomic
def delete_snapshot(*, actor: Actor, snapshot: RunbookSnapshot) -> None:
    """Delete a snapshot that nobody needs. Raises Conflict while it is published or has runs."""
    authorize(actor, Permission.RUNBOOK_EDIT, snapshot)
    problems = []
    if snapshot.is_published:
        problems.append(f"{snapshot} is published. Publish another one first.")
    if runs := RunbookRun.objects.filter(snapshot=snapshot).count():
        problems.append(f"{snapshot} has {runs} run{'s' if runs > 1 else ''} that are still kept.")
    if problems:
        raise Conflict(problems)
    record(actor, "Deleted", snapshot)
    snapshot.delete()


def _publish(actor: Actor, runbook: Runbook, snapshot: RunbookSnapshot | None) -> None:
    before = runbook.published
    if before == snapshot:
        return
    runbook.published = snapshot
    runbook.save(update_fields=["published"])
    names = [row.name if row else None for row in (before, snapshot)]
    record(actor, "RunbookPublished", runbook, details={"published": names})


def _selection(
    runbook: Runbook, process: RunbookProcess, request: SnapshotRequest
) -> tuple[Selection, list[str]]:
    """The package versions, and everything that is wrong besides."""
    problems = [str(blocker) for blocker in project_blockers(runbook.project)]
    if not process.steps:
        problems.append(f"The runbook {runbook} has no steps. Add a step first.")
    try:
        overrides = [*parse_overrides(request.packages), *request.selected]
    except BadOverride as bad:
        return Selection(), [*problems, str(bad)]
    wanted = Wanted(overrides, request.package_version)
    needed = needed_packages(process.parsed())
    return select_packages(needed, None, wanted, feeds_of(runbook.space_id)), problems


def _insert(
    actor: Actor,
    runbook: Runbook,
    process: RunbookProcess,
    name: str,
    notes: str,
    selection: Selection,
) -> RunbookSnapshot:
    frozen, _ = RunbookProcessSnapshot.objects.get_or_create(
        runbook=runbook,
        version=process.version,
        defaults={"space_id": runbook.space_id, "steps": process.steps},
    )
    try:
        with transaction.atomic():
            snapshot: RunbookSnapshot = RunbookSnapshot.objects.create(
                space_id=runbook.space_id,
                project=runbook.project,
                runbook=runbook,
                name=name,
                notes=notes,
                process=frozen,
                variables=snapshot_variables(runbook.project),
                packages=selection.frozen(),
                created_by=actor.name,
            )
    except IntegrityError as exc:
        raise _taken(runbook, name) from exc
    return snapshot


def _taken(runbook: Runbook, name: str) -> Conflict:
    return Conflict(f"The snapshot {name} of {runbook} already exists.")


def _text_problems(name: str, notes: str) -> list[str]:
    return [*name_problems(name), *text_problems("notes", notes)]

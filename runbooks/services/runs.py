"""Running runbooks, and forgetting old runs. domain.md 24, 29."""

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from deployments.core.retention import runs_beyond
from deployments.core.states import FINAL
from deployments.models import ServerTask
from deployments.queries.blockers import Place
from deployments.queries.plan_inputs import NO_OPTIONS, RunOptions
from deployments.queries.switches import CONCURRENCY_TAG, switch
from deployments.services.queueing import RunBlocked, queue_run, schedule_blockers
from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from runbooks.queries.blockers import UNPUBLISHED, places_blockers
from runbooks.services.snapshots import SnapshotRequest, take_snapshot
from spaces.access import authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict
from spaces.permissions import Permission

NIGHTLY = "retention"
PARTS = ("project", "runbook__project", "process", "variables")  # of a snapshot, for judging it


@transaction.atomic
def run_runbook(
    *,
    actor: Actor,
    runbook: Runbook,
    places: Sequence[Place],
    snapshot: RunbookSnapshot | None = None,
    options: RunOptions = NO_OPTIONS,
    reason: str = "",
) -> list[RunbookRun]:
    """Queue a run, with a task of its own, for each place; if one is refused, none is queued.

    snapshot: None means the published one. reason: what started it, where no person did.
    Raises PermissionRefused, or RunBlocked with the reasons of all places.
    """
    authorize(actor, Permission.RUNBOOK_VIEW, runbook)
    for place in places:
        authorize(
            actor,
            Permission.RUNBOOK_RUN_CREATE,
            runbook,
            environment=place.environment,
            tenant=place.tenant,
        )
    locked = Runbook.objects.select_for_update(of=("self",)).get(pk=runbook.pk)
    wanted = snapshot.pk if snapshot else locked.published_id
    if wanted is None:
        raise RunBlocked([UNPUBLISHED])
    snapshot = RunbookSnapshot.objects.select_related(*PARTS).get(pk=wanted, runbook=runbook)
    blockers = schedule_blockers(options, timezone.now())
    for found in places_blockers(actor, snapshot, places, options).values():
        blockers += found
    if blockers:
        raise RunBlocked(blockers)
    return [_queue(actor, snapshot, place, options, reason) for place in places]


@transaction.atomic
def run_draft(
    *,
    actor: Actor,
    runbook: Runbook,
    places: Sequence[Place],
    request: SnapshotRequest = SnapshotRequest(),  # noqa: B008 - frozen
    options: RunOptions = NO_OPTIONS,
) -> list[RunbookRun]:
    """Run the steps and variables of now, which makes a snapshot that is not published.

    Raises as `take_snapshot` and `run_runbook` do; then nothing is left of the snapshot.
    """
    authorize(actor, Permission.RUNBOOK_EDIT, runbook)
    snapshot = take_snapshot(actor=actor, runbook=runbook, request=request)
    return run_runbook(
        actor=actor, runbook=runbook, places=places, snapshot=snapshot, options=options
    )


@transaction.atomic
def delete_run(*, actor: Actor, run: RunbookRun) -> None:
    """Delete a run with its log. Raises Conflict while it is queued or runs."""
    authorize(actor, Permission.RUNBOOK_RUN_DELETE, run)
    if run.task.state not in FINAL:
        raise Conflict(f"{run.task} is not finished.")
    record(actor, "Deleted", run)
    run.task.delete()  # and with it the run


def forget_old_runs() -> int:
    """Delete of each runbook what is beyond the runs it keeps for each environment and tenant.

    Runs that are not finished neither go nor count. Any number of nodes may do it at once.
    Returns how many runs went.
    """
    limited = Runbook.objects.filter(runs_kept__isnull=False)
    return sum(_forget(pk) for pk in limited.values_list("pk", flat=True))


@transaction.atomic
def _forget(runbook_id: int) -> int:
    found = Runbook.objects.select_for_update(of=("self",), skip_locked=True)
    runbook = found.filter(pk=runbook_id, runs_kept__isnull=False).first()
    if runbook is None:
        return 0
    finished = RunbookRun.objects.filter(runbook=runbook, task__state__in=FINAL).order_by("-id")
    rows = finished.values_list("task_id", "environment_id", "tenant_id")
    gone = runs_beyond(
        ((task, (environment, tenant)) for task, environment, tenant in rows),
        runbook.runs_kept or 0,
    )
    if gone:
        runs = [f"RunbookRuns-{pk}" for pk in _run_ids(gone)]
        record(Actor.system(NIGHTLY), "RunbookRunsForgotten", runbook, details={"runs": runs})
        ServerTask.objects.filter(pk__in=gone).delete()  # and with them the runs
    return len(gone)


def _run_ids(task_ids: Sequence[int]) -> list[int]:
    rows = RunbookRun.objects.filter(task_id__in=task_ids).order_by("id")
    return list(rows.values_list("pk", flat=True))


def _queue(
    actor: Actor, snapshot: RunbookSnapshot, place: Place, options: RunOptions, reason: str
) -> RunbookRun:
    run = RunbookRun(
        space_id=snapshot.space_id,
        project=snapshot.project,
        runbook=snapshot.runbook,
        snapshot=snapshot,
        environment=place.environment,
        tenant=place.tenant,
        reason=reason,
    )
    queue_run(
        actor,
        run,
        _with_defaults(options, snapshot.runbook),
        kind=ServerTask.Kind.RUNBOOK_RUN,
        description=f"Run {run}",
        # without a tag of their own runs do not exclude each other (domain.md 17.7)
        concurrency_tag=switch(snapshot, place.environment, CONCURRENCY_TAG)[:300],
    )
    return run


def _with_defaults(options: RunOptions, runbook: Runbook) -> RunOptions:
    forced = options.force_package_download or runbook.force_package_download
    return replace(options, force_package_download=forced)

"""From a claimed task to its end: rows in, a world built, the plan executed, the result kept."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import transaction

from deployments.core.bindings import Bindings
from deployments.core.masking import Masker
from deployments.core.plan import Plan, plan
from deployments.core.states import Category, NodeStatus, TaskState
from deployments.core.variables import Definition, ties
from deployments.core.visits import ROOT, LogNode, log_tree
from deployments.engine import health, leases
from deployments.engine.connections import TargetSessions, Way, ways_to
from deployments.engine.control import Control, LeaseLost
from deployments.engine.executor import Report, Unfinished, execute
from deployments.engine.heartbeat import Heartbeat
from deployments.engine.journal import history
from deployments.engine.leases import Lease
from deployments.engine.package_files import BlobPackages
from deployments.engine.recorder import DatabaseRecorder, node_rows
from deployments.engine.recording import Batch, LogLine
from deployments.engine.resuming import carry_over
from deployments.engine.space_deletion import delete_space
from deployments.engine.stopping import stop_begun
from deployments.engine.world import World
from deployments.models import ProcessRun, ServerTask, Target, TaskLogNode, WorkerPool
from deployments.queries.plan_inputs import RunOptions, plan_input
from deployments.queries.requesters import NO_LONGER, may_still_check, may_still_start
from deployments.queries.run_kinds import RunKind, run_kind
from deployments.queries.switches import uses_guidance
from deployments.queries.tenants import subject
from deployments.queries.variable_inputs import definitions_for
from deployments.queue import enqueue
from deployments.transports.local import LocalSession
from deployments.transports.ssh import Endpoint
from spaces.actors import Actor
from spaces.audit import record

logger = logging.getLogger(__name__)

CAUSE = "the task queue"
SILENT_TIES = "OctopusSuppressDuplicateVariableWarning"
USED = "the older one is used"
BUG = "An error inside octoplat ended the task; the server's log has the details."
ENDS = {
    TaskState.SUCCESS: "Succeeded",
    TaskState.FAILED: "Failed",
    TaskState.CANCELED: "Canceled",
}
Kind = RunKind[Any]


def run(lease: Lease) -> None:
    """Runs the claimed task until it ends, waits for a person, or is another worker's."""
    try:
        task = ServerTask.objects.select_related("space", "requested_by", "resumes").get(
            pk=lease.task_id
        )
        _run(task, lease)
    except LeaseLost:
        logger.warning("ServerTasks-%s belongs to another worker now", lease.task_id)
    except Exception:
        logger.exception("ServerTasks-%s ended by an error of ours", lease.task_id)
        _give_up(lease)


def _run(task: ServerTask, lease: Lease) -> None:
    if kind := run_kind(task):
        _run_process(task, kind, lease)
        return
    match task.kind:
        case ServerTask.Kind.HEALTH:
            _run_health_check(task, lease)
        case ServerTask.Kind.DELETE_SPACE:
            delete_space(task, lease)
        case _:
            _refuse(task, lease, [f"Tasks of kind {task.kind} cannot be run by this server."])


def _give_up(lease: Lease) -> None:
    """The last resort: whatever went wrong, the task does not stay without an end."""
    try:
        with transaction.atomic():
            leases.finish(lease, TaskState.FAILED, error_message=BUG, has_warnings_or_errors=True)
            TaskLogNode.objects.filter(
                task_id=lease.task_id, status=NodeStatus.RUNNING.value
            ).update(status=NodeStatus.FAILED.value)
    except LeaseLost:
        return


# --- deployments and runbook runs ----------------------------------------------------------------------


def _run_process(task: ServerTask, kind: Kind, lease: Lease) -> None:
    run = kind.load(task)
    planned = Plan.from_json(task.plan) if task.plan else _start(task, kind, run, lease)
    if planned is None:
        return
    while True:
        report = async_to_sync(_execute)(task, planned, lease, _Inputs(kind, run, planned))
        if report.ended != Unfinished.WAITING:
            break
        if leases.park(lease, keeps_turn=report.keeps_turn):
            return
        task = ServerTask.objects.select_related("space", "requested_by", "resumes").get(pk=task.pk)
    if report.ended == Unfinished.HANDED_OVER:
        leases.hand_over(lease)
        enqueue(task.pk)
        return
    _conclude(kind, run, lease, report)


def _start(task: ServerTask, kind: Kind, run: ProcessRun, lease: Lease) -> Plan | None:
    """Judges again whether it may start, and freezes the plan. None: it may not, and has failed.

    domain.md 17.4, P9: what it depends on and the requester's rights may have changed while it was queued.
    """
    if not may_still_start(run, kind.permission):
        _not_started(task, kind, run, lease, [NO_LONGER])
        return None
    before = task.resumes
    planned = Plan.from_json(before.plan) if before and before.plan else _planned(run)
    blockers = [str(blocker) for blocker in kind.start_blockers(run)]
    if reasons := [*blockers, *planned.problems]:
        _not_started(task, kind, run, lease, reasons)
        return None
    with transaction.atomic():
        leases.locked(lease)
        ServerTask.objects.filter(pk=task.pk).update(plan=planned.to_json())
        TaskLogNode.objects.bulk_create(node_rows(task.pk, log_tree(planned, task.description)))
        if before:
            carry_over(task, before, planned)
        record(Actor.system(CAUSE), f"{kind.event}Started", run)
    return planned


def _planned(run: ProcessRun) -> Plan:
    assembly, environment = run.assembly, run.environment
    whom = subject(run.project, run.tenant)
    return replace(
        plan(plan_input(assembly, environment, RunOptions.of(run), whom)),
        is_guided=uses_guidance(assembly, environment, run.use_guided_failure),
    )


def _not_started(
    task: ServerTask, kind: Kind, run: ProcessRun, lease: Lease, reasons: Sequence[str]
) -> None:
    _refuse(task, lease, reasons)
    _tell_of_end(kind, run, TaskState.FAILED)


class _Inputs:
    """What the rows say about a run, read before the loop starts: secrets opened here only."""

    def __init__(self, kind: Kind, run: ProcessRun, planned: Plan) -> None:
        self.history = history(run.task)
        facts = kind.facts(run, planned)
        definitions = definitions_for(run)
        self.bindings = Bindings(facts, definitions, planned)
        self.doubtful = () if self.bindings.flag(SILENT_TIES) else ties(definitions)
        targets = Target.objects.filter(pk__in=facts.machines).select_related("account")
        self.ways = ways_to(targets)
        self.default_pool = _default_pool(run)

    def secrets(self) -> Iterator[str]:
        """Everything that must not show in the log."""
        yield from self.bindings.secrets()
        yield from _account_secrets(self.ways.values())
        yield from (output.value for output in self.history.outputs if output.is_sensitive)


async def _execute(task: ServerTask, planned: Plan, lease: Lease, inputs: _Inputs) -> Report:
    control = Control(lease.sure_until)
    with Heartbeat(lease, control):
        async with DatabaseRecorder(task, lease, inputs.history.outputs) as recorder:
            world = World(
                sessions=TargetSessions(inputs.ways, _worker_root(), inputs.default_pool),
                recorder=recorder,
                bindings=inputs.bindings,
                packages=BlobPackages(settings.CACHE_FOLDER),
                masker=Masker(inputs.secrets()),
                history=inputs.history,
                control=control,
                node=settings.NODE,
            )
            if task.state == TaskState.CANCELLING.value:
                return await stop_begun(planned, world)
            if not task.last_seq:
                _tell_resumed(task, recorder)
                _tell_left_out(planned, recorder)
                _tell_ties(inputs.doubtful, recorder)
            return await execute(planned, world)


def _conclude(kind: Kind, run: ProcessRun, lease: Lease, report: Report) -> None:
    ended = TaskState(report.ended)
    with transaction.atomic():
        ended = leases.finish(
            lease,
            ended,
            error_message=report.error,
            has_warnings_or_errors=report.has_warnings or ended == TaskState.FAILED,
        )
        type(run).objects.filter(pk=run.pk).update(
            failure_encountered=ended == TaskState.FAILED or report.has_failures,
            deployed_to_machines=list(report.machines),
        )
        _tell_of_end(kind, run, ended)


def _tell_of_end(kind: Kind, run: ProcessRun, ended: TaskState) -> None:
    with transaction.atomic():
        record(Actor.system(CAUSE), f"{kind.event}{ENDS[ended]}", run)


def _tell_resumed(task: ServerTask, recorder: DatabaseRecorder) -> None:
    if task.resumes:
        text = (
            f"Goes on where {task.resumes.wire_id} ended; what succeeded there is not done again."
        )
        recorder.write(Batch((LogLine(ROOT, Category.INFO, text),)))


def _tell_left_out(planned: Plan, recorder: DatabaseRecorder) -> None:
    lines = (
        LogLine(ROOT, Category.INFO, f"{name} is left out: {why}.")
        for name, why in planned.left_out
    )
    recorder.write(Batch(tuple(lines)))


def _tell_ties(
    doubtful: Iterable[tuple[Definition, Definition]], recorder: DatabaseRecorder
) -> None:
    """domain.md 14.2: the older value wins, and nobody should have to guess that."""
    lines = (
        LogLine(ROOT, Category.WARNING, f"{first.name} has two values of the same scope: {USED}.")
        for first, _ in doubtful
    )
    recorder.write(Batch(tuple(lines)))


def _default_pool(run: ProcessRun) -> int | None:
    pool = WorkerPool.objects.in_space(run.space_id).filter(is_default=True).first()
    return pool.pk if pool else None


def _worker_root() -> Path | None:
    return settings.WORK_FOLDER if settings.RUN_ON_SERVER else None


def _account_secrets(ways: Iterable[Way]) -> Iterator[str]:
    for way in ways:
        if isinstance(way, Endpoint):
            yield from filter(None, (way.password, way.private_key, way.passphrase))


# --- other ends ----------------------------------------------------------------------------------------


def _refuse(task: ServerTask, lease: Lease, reasons: Sequence[str]) -> None:
    """Ends a task that cannot start, with every reason in its log."""
    async_to_sync(_log_refusal)(task, lease, reasons)
    with transaction.atomic():
        leases.finish(
            lease, TaskState.FAILED, error_message=" ".join(reasons), has_warnings_or_errors=True
        )


async def _log_refusal(task: ServerTask, lease: Lease, reasons: Sequence[str]) -> None:
    async with DatabaseRecorder(task, lease) as recorder:
        recorder.add_nodes([LogNode(ROOT, None, task.description)])
        recorder.write(Batch(tuple(LogLine(ROOT, Category.FATAL, reason) for reason in reasons)))
        recorder.status(ROOT, NodeStatus.FAILED)


# --- health checks -------------------------------------------------------------------------------------


def _run_health_check(task: ServerTask, lease: Lease) -> None:
    named = [str(name).rpartition("-")[2] for name in task.arguments.get("MachineIds", [])]
    targets = (
        Target.objects.in_space(task.home)
        .filter(pk__in=[int(number) for number in named if number.isdigit()], is_disabled=False)
        .select_related("account", "policy")
    )
    if not may_still_check(task, targets):
        _refuse(task, lease, [NO_LONGER])
        return
    ways = ways_to(targets)
    patients = [
        health.Patient(
            id=target.pk,
            name=target.name,
            way=ways[target.pk],
            only_connectivity=target.policy.only_connectivity,
            script=target.policy.bash_script,
            may_be_offline=target.policy.may_be_offline,
        )
        for target in targets
    ]
    report = async_to_sync(_check_health)(task, lease, patients)
    with transaction.atomic():
        leases.finish(
            lease,
            TaskState(report.ended),
            error_message=report.error,
            has_warnings_or_errors=report.has_warnings,
        )


async def _check_health(
    task: ServerTask, lease: Lease, patients: Sequence[health.Patient]
) -> Report:
    worker = LocalSession(settings.WORK_FOLDER)
    with Heartbeat(lease, Control()):
        async with DatabaseRecorder(task, lease) as recorder:
            recorder.add_nodes(health.nodes(task.description, patients))
            report, found = await health.check_all(patients, worker, recorder)
            await recorder.flush()  # raises when another worker has the task
            await sync_to_async(health.keep)(found)
    return report

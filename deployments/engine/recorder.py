"""The recorder that keeps everything in rows: one writer, one transaction for many events.

Each transaction begins by moving the task's last line number under the lease's epoch: if that row is
not there, another worker has the task, and nothing is written. So numbers have no gaps, nobody else
writes, and what one awaits together is committed together.
"""

import asyncio
import json
import logging
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from deployments import blobs
from deployments.core.operations import Facts, OutputValue
from deployments.core.states import FINAL_NODES, JournalState, NodeStatus
from deployments.core.visits import LogNode
from deployments.engine.control import LeaseLost
from deployments.engine.journal import reply_to
from deployments.engine.leases import Lease
from deployments.engine.log_budget import LogBudget
from deployments.engine.recording import Attempt, Batch, LogLine, Question, Reply
from deployments.models import (
    Artifact,
    Interruption,
    OutputVariable,
    ServerTask,
    StepJournal,
    TaskLogNode,
)
from deployments.queries.overtaking import newer_releases
from spaces.models import Team

logger = logging.getLogger(__name__)

TICKS = "octoplat_ticks"
SOON = 0.1  # seconds lines may wait for company
NO_TEAM = 0
FULL = 2_000  # lines that are stored at once
CROWDED = 20_000  # waiting lines from which on output has to wait
PATIENCE = 120.0  # seconds the database may be away

T = TypeVar("T")

_COPY = (
    "COPY deployments_tasklogline"
    " (task_id, seq, node_key, category, occurred_at, text, detail, spans) FROM STDIN"
)
_FENCE = """
UPDATE deployments_servertask SET last_seq = %s, log_size = %s, updated_at = now()
WHERE id = %s AND lease_epoch = %s AND lease_owner = %s AND last_seq = %s
RETURNING clock_timestamp()
"""
_NODES = """
UPDATE deployments_tasklognode SET
  status = %s,
  started_at = CASE WHEN %s THEN coalesce(started_at, now()) ELSE started_at END,
  finished_at = CASE WHEN %s THEN now() END
WHERE task_id = %s AND key = %s
"""
_END_NODES = """
UPDATE deployments_tasklognode SET status = %s, finished_at = now()
WHERE task_id = %s AND NOT (status = ANY(%s))
"""
_PROGRESS = """
UPDATE deployments_tasklognode SET progress = %s, progress_message = %s
WHERE task_id = %s AND key = %s
"""
_JOURNAL = """
UPDATE deployments_stepjournal SET
  state = coalesce(%s, state),
  error = coalesce(%s, error),
  exit_code = coalesce(%s, exit_code),
  operation = coalesce(%s, operation),
  facts = coalesce(%s::jsonb, facts),
  stdout_offset = coalesce(%s, stdout_offset),
  stderr_offset = coalesce(%s, stderr_offset),
  epoch = %s,
  finished_at = CASE WHEN %s THEN now() ELSE finished_at END
WHERE run_token = %s
"""
_COLUMNS = ("state", "error", "exit_code", "operation", "facts", "stdout", "stderr")


@dataclass
class _Pending:
    """Events that are not stored yet, in the form they are stored in."""

    lines: list[LogLine] = field(default_factory=list)
    outputs: dict[tuple[str, int | None, str], OutputValue] = field(default_factory=dict)
    new_nodes: list[LogNode] = field(default_factory=list)
    statuses: dict[str, NodeStatus] = field(default_factory=dict)
    ends_nodes: NodeStatus | None = None
    progress: dict[str, tuple[int, str]] = field(default_factory=dict)
    begun: list[StepJournal] = field(default_factory=list)
    journal: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: "list[asyncio.Future[None]]" = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not any(
            (self.lines, self.outputs, self.new_nodes, self.statuses, self.ends_nodes,
             self.progress, self.begun, self.journal, self.waiting)
        )  # fmt: skip


class DatabaseRecorder:
    """See `recording.Recorder`. `async with` it: events are stored in the background until its end."""

    def __init__(self, task: ServerTask, lease: Lease, outputs: Iterable[OutputValue] = ()) -> None:
        self._task = task
        self._lease = lease
        self._outputs = list(outputs)
        self._budget = LogBudget(task.log_size)
        self._last_seq = task.last_seq
        self._pending = _Pending()
        self._work = asyncio.Event()
        self._urgent = asyncio.Event()
        self._stored = asyncio.Event()
        self._failure: BaseException | None = None
        self._is_ending = False
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "DatabaseRecorder":
        self._writer = asyncio.create_task(self._write_all())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stores the rest, the log's tail included. Raises what storing raised."""
        self._pending.lines += self._budget.rest()
        self._is_ending = True
        self._work.set()
        self._urgent.set()
        if self._writer:
            await self._writer
        if self._failure:
            raise self._failure

    @property
    def outputs(self) -> Sequence[OutputValue]:
        return self._outputs

    # --- events ------------------------------------------------------------------------------------

    def write(self, batch: Batch) -> None:
        self._pending.lines += self._budget.pass_on(batch.lines)
        for output in batch.outputs:
            self._outputs.append(output)
            machine = output.machine[0] if output.machine else None
            self._pending.outputs[output.step, machine, output.name] = output
        if batch.attempt and batch.offsets:
            stdout, stderr = batch.offsets
            self._change(batch.attempt, stdout=stdout, stderr=stderr)
        self._has_work(urgent=len(self._pending.lines) >= FULL)

    async def room(self) -> None:
        while len(self._pending.lines) > CROWDED and not self._failure:
            self._stored.clear()
            self._urgent.set()
            await self._stored.wait()
        self._refuse()

    def status(self, node: str, status: NodeStatus) -> None:
        self._pending.statuses[node] = status
        self._has_work()

    def end_nodes(self, status: NodeStatus) -> None:
        self._pending.ends_nodes = status
        self._has_work()

    def progress(self, node: str, percentage: int, message: str) -> None:
        self._pending.progress[node] = (percentage, message[:500])
        self._has_work()

    def add_nodes(self, nodes: Sequence[LogNode]) -> None:
        self._pending.new_nodes += nodes
        self._has_work()

    async def begin(
        self, step: str, action: str, machine: int | None, number: int, facts: Facts
    ) -> Attempt:
        attempt = Attempt(step, action, machine, number, secrets.token_hex(12))
        self._pending.begun.append(
            StepJournal(
                task_id=self._lease.task_id,
                step_id=step,
                action_id=action,
                machine_id=machine,
                attempt=number,
                state=JournalState.STARTED.value,
                epoch=self._lease.epoch,
                run_token=attempt.token,
                facts=facts.to_json(),
            )
        )
        await self._kept()
        return attempt

    async def advance(self, attempt: Attempt, operation: int, facts: Facts) -> None:
        self._change(
            attempt, operation=operation, facts=json.dumps(facts.to_json()), stdout=0, stderr=0
        )
        await self._kept()

    async def end(
        self, attempt: Attempt, state: JournalState, error: str = "", exit_code: int | None = None
    ) -> None:
        self._change(attempt, state=state.value, error=error, exit_code=exit_code)
        await self._kept()

    async def ask(self, question: Question) -> Reply | None:
        await self._kept()
        return await sync_to_async(partial(self._persistently, partial(self._ask, question)))()

    async def newer_release(self) -> str:
        find = partial(newer_releases, [self._task.pk])
        found = await sync_to_async(partial(self._persistently, find))()
        return found.get(self._task.pk, "")

    async def keep_artifact(
        self, node: str, name: str, source: str, blocks: AsyncIterator[bytes]
    ) -> None:
        with blobs.store().receive() as incoming:
            async for block in blocks:
                await asyncio.to_thread(incoming.write, block)
            sha256 = await asyncio.to_thread(incoming.keep)
            artifact = Artifact(
                space_id=self._task.home,
                task_id=self._task.pk,
                file_name=name[:255],
                source=source[:400],
                node_key=node,
                size=incoming.size,
                sha256=sha256,
            )
        await sync_to_async(partial(self._persistently, partial(self._fenced, artifact.save)))()

    async def flush(self) -> None:
        """Returns when everything so far is stored."""
        await self._kept()

    def _change(self, attempt: Attempt, **columns: Any) -> None:
        self._pending.journal.setdefault(attempt.token, {}).update(columns)

    def _has_work(self, *, urgent: bool = False) -> None:
        self._refuse()
        self._work.set()
        if urgent:
            self._urgent.set()

    async def _kept(self) -> None:
        self._refuse()
        done = asyncio.get_running_loop().create_future()
        self._pending.waiting.append(done)
        self._has_work(urgent=True)
        await done

    def _refuse(self) -> None:
        if self._failure:
            raise self._failure

    # --- the writer --------------------------------------------------------------------------------

    async def _write_all(self) -> None:
        while not (self._is_ending and self._pending.is_empty):
            await self._work.wait()
            if not self._urgent.is_set():
                try:
                    async with asyncio.timeout(SOON):
                        await self._urgent.wait()
                except TimeoutError:
                    pass
            self._work.clear()
            self._urgent.clear()
            pending, self._pending = self._pending, _Pending()
            try:
                await sync_to_async(partial(self._persistently, partial(self._store, pending)))()
            except BaseException as exc:  # whoever waits must hear of it
                self._fail(exc, pending)
                return
            for waiting in pending.waiting:
                if not waiting.done():
                    waiting.set_result(None)
            self._stored.set()

    def _fail(self, exc: BaseException, pending: _Pending) -> None:
        self._failure = exc
        for waiting in [*pending.waiting, *self._pending.waiting]:
            if not waiting.done():
                waiting.set_exception(exc)
        self._stored.set()

    def _persistently(self, act: Callable[[], T]) -> T:
        """Does something in the database, again when the database was away meanwhile (R5)."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return act()
            except (OperationalError, InterfaceError) as exc:
                connection.close()
                if time.monotonic() > deadline or connection.in_atomic_block:
                    raise
                logger.warning("The database is away; trying again: %s", str(exc).strip())
                time.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, guards nothing

    def _store(self, pending: _Pending) -> None:
        first, last = self._last_seq + 1, self._last_seq + len(pending.lines)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                _FENCE,
                [last, self._budget.used, *_key(self._lease), self._last_seq],
            )
            row = cursor.fetchone()
            if row is None:
                if pending.lines and self._was_stored(last):
                    self._last_seq = last
                    return
                raise LeaseLost
            self._store_nodes(cursor, pending)
            self._store_journal(cursor, pending)
            self._store_outputs(pending)
            self._store_lines(cursor, pending.lines, first, row[0])
            cursor.execute("SELECT pg_notify(%s, %s)", [TICKS, self._tick(last)])
        self._last_seq = last

    def _was_stored(self, last: int) -> bool:
        """Whether a commit whose answer was lost did happen."""
        mine = ServerTask.objects.filter(
            pk=self._lease.task_id, lease_epoch=self._lease.epoch, lease_owner=self._lease.owner
        )
        return bool(mine.filter(last_seq=last).exists())

    def _store_lines(self, cursor: Any, lines: Sequence[LogLine], first: int, now: object) -> None:
        if not lines:
            return
        with cursor.copy(_COPY) as copy:
            for seq, line in enumerate(lines, start=first):
                copy.write_row(
                    (
                        self._lease.task_id,
                        seq,
                        line.node,
                        line.category.value,
                        now,
                        line.text.replace("\x00", ""),
                        line.detail,
                        json.dumps(line.spans) if line.spans else None,
                    )
                )

    def _store_nodes(self, cursor: Any, pending: _Pending) -> None:
        task_id = self._lease.task_id
        if pending.new_nodes:
            TaskLogNode.objects.bulk_create(
                node_rows(task_id, pending.new_nodes), ignore_conflicts=True
            )
        if pending.statuses:
            cursor.executemany(
                _NODES,
                [
                    (
                        status.value,
                        status not in (NodeStatus.PENDING, NodeStatus.SKIPPED),
                        status in FINAL_NODES,
                        task_id,
                        key,
                    )
                    for key, status in pending.statuses.items()
                ],
            )
        if pending.progress:
            cursor.executemany(
                _PROGRESS, [(*told, task_id, key) for key, told in pending.progress.items()]
            )
        if pending.ends_nodes:
            final = sorted(status.value for status in FINAL_NODES)
            cursor.execute(_END_NODES, [pending.ends_nodes.value, task_id, final])

    def _store_journal(self, cursor: Any, pending: _Pending) -> None:
        if pending.begun:
            StepJournal.objects.bulk_create(pending.begun)
        if pending.journal:
            cursor.executemany(
                _JOURNAL,
                [
                    (
                        *(changes.get(column) for column in _COLUMNS),
                        self._lease.epoch,
                        "state" in changes,
                        token,
                    )
                    for token, changes in pending.journal.items()
                ],
            )

    def _store_outputs(self, pending: _Pending) -> None:
        if not pending.outputs:
            return
        OutputVariable.objects.bulk_create(
            [self._output_row(output) for output in pending.outputs.values()],
            update_conflicts=True,
            unique_fields=["task", "step_name", "machine_id", "name"],
            update_fields=["value", "secret", "secret_id", "is_sensitive", "machine_name"],
        )

    def _output_row(self, output: OutputValue) -> OutputVariable:
        machine_id, machine_name = output.machine or (None, "")
        row = OutputVariable(
            task=self._task,
            step_name=output.step[:200],
            machine_id=machine_id,
            machine_name=machine_name,
            name=output.name[:400],
            is_sensitive=output.is_sensitive,
        )
        text = output.value.replace("\x00", "")
        if output.is_sensitive:
            row.seal_field("secret", text)
        else:
            row.value = text
        return row

    def _tick(self, rev: int) -> str:
        return json.dumps({"topic": "task", "id": self._lease.task_id, "rev": rev})

    # --- questions -----------------------------------------------------------------------------------

    def _fenced(self, act: Callable[[], T]) -> T:
        """Does something in a transaction that only the task's holder can commit."""
        with transaction.atomic():
            mine = ServerTask.objects.filter(
                pk=self._lease.task_id,
                lease_epoch=self._lease.epoch,
                lease_owner=self._lease.owner,
            )
            if mine.select_for_update(of=("self",)).first() is None:
                raise LeaseLost
            return act()

    def _ask(self, question: Question) -> Reply | None:
        return self._fenced(partial(self._find_or_ask, question))

    def _find_or_ask(self, question: Question) -> Reply | None:
        asked = (
            Interruption.objects.filter(
                task_id=self._task.pk,
                action_id=question.attempt.action,
                machine_id=question.attempt.machine,
                attempt=question.attempt.number,
                kind=question.kind.value,
                subject=question.subject,
            )
            .select_related("responsible_user")
            .first()
        )
        if asked is None:
            self._interruption(question).save()
            return None
        return reply_to(asked)

    def _team(self, wire_id: str) -> int:
        """The number of a team of this space or of the installation. One that is gone is a team without
        members: it never widens who may answer."""
        named = Team.wire_lookup(wire_id)
        here = Q(space=self._task.home) | Q(space=None)
        found = Team.objects.filter(here, named).first() if named else None
        return found.pk if found else NO_TEAM

    def _interruption(self, question: Question) -> Interruption:
        return Interruption(
            space_id=self._task.home,
            task_id=self._task.pk,
            kind=question.kind.value,
            title=question.title[:500],
            instructions=question.instructions,
            choices=list(question.choices),
            responsible_teams=[self._team(wire_id) for wire_id in question.teams],
            node_key=question.node,
            step_id=question.attempt.step,
            action_id=question.attempt.action,
            machine_id=question.attempt.machine,
            attempt=question.attempt.number,
            subject=question.subject,
            minimum_approvals=question.terms.minimum,
            each_team=question.terms.each_team,
            four_eyes=question.terms.four_eyes,
            expires_at=Now() + question.terms.expires_after
            if question.terms.expires_after
            else None,
            when_expired=question.terms.when_expired,
        )


def node_rows(task_id: int, nodes: Iterable[LogNode], first: int = 0) -> list[TaskLogNode]:
    """Log nodes as rows, numbered in their order."""
    return [
        TaskLogNode(
            task_id=task_id,
            key=node.key,
            parent_key=node.parent,
            name=node.name[:500],
            sort_order=order,
        )
        for order, node in enumerate(nodes, start=first)
    ]


def _key(lease: Lease) -> tuple[int, int, str]:
    return lease.task_id, lease.epoch, lease.owner

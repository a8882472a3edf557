"""What the executor tells while it works, and the seam it tells it to.

`recorder.DatabaseRecorder` keeps it in rows; `MemoryRecorder` in lists, for tests and dry runs.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from deployments.core.ansi import Span
from deployments.core.approvals import ANSWERS, PLAIN, Terms
from deployments.core.guidance import Guidance
from deployments.core.operations import NO_FACTS, Facts, OutputValue
from deployments.core.states import FINAL_NODES, Category, JournalState, NodeStatus
from deployments.core.visits import LogNode

Where = tuple[str, int | None]
"""An action's id and the machine it runs on (None: no target)."""


@dataclass(frozen=True)
class LogLine:
    """One masked line of a part of the log."""

    node: str
    category: Category
    text: str
    detail: str = ""
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One try of an action in one place. `token` names its folders on the machine."""

    step: str
    action: str
    machine: int | None
    number: int
    token: str

    @property
    def where(self) -> Where:
        return self.action, self.machine


@dataclass(frozen=True)
class Past:
    """What the journal knows of an attempt. operation: how many are complete; offsets: bytes of the
    output of the current one that are in the log."""

    attempt: Attempt
    state: JournalState
    operation: int = 0
    offsets: tuple[int, int] = (0, 0)
    facts: Facts = NO_FACTS
    error: str = ""


@dataclass(frozen=True)
class History:
    """What happened before this worker took the task over. Attempts are in order.

    asked: what people were asked about failures, by place and the number of the attempt that failed;
    None where nobody has answered yet.
    """

    attempts: Mapping[Where, tuple[Past, ...]] = field(default_factory=dict)
    outputs: tuple[OutputValue, ...] = ()
    nodes: Mapping[str, NodeStatus] = field(default_factory=dict)
    asked: "Mapping[Where, Mapping[int, Reply | None]]" = field(default_factory=dict)

    @property
    def excluded(self) -> frozenset[int]:
        """The targets that people left out after a failure."""
        return frozenset(
            machine
            for (_, machine), replies in self.asked.items()
            for reply in replies.values()
            if machine is not None and reply is not None and reply.result == Guidance.EXCLUDE
        )

    def last(self, where: Where) -> Past | None:
        past = self.attempts.get(where)
        return past[-1] if past else None


@dataclass(frozen=True)
class Batch:
    """Things to be kept together or not at all.

    offsets: with these lines, so much of the attempt's output (stdout, stderr) is in the log.
    """

    lines: tuple[LogLine, ...] = ()
    outputs: tuple[OutputValue, ...] = ()
    attempt: Attempt | None = None
    offsets: tuple[int, int] | None = None


class QuestionKind(StrEnum):
    """Why a person is asked; the values are the API's words."""

    MANUAL = "ManualIntervention"
    GUIDANCE = "GuidedFailure"


@dataclass(frozen=True)
class Question:
    """What a person is asked. `attempt` and `subject` say where the answer is needed, and which of
    several questions there it is."""

    attempt: Attempt
    node: str
    title: str
    instructions: str
    teams: tuple[str, ...] = ()
    choices: tuple[str, ...] = ANSWERS
    kind: QuestionKind = QuestionKind.MANUAL
    terms: Terms = PLAIN
    subject: str = ""


@dataclass(frozen=True)
class Reply:
    """What a person answered."""

    result: str
    notes: str = ""
    user_id: str = ""
    username: str = ""
    display_name: str = ""
    email: str = ""


class Recorder(Protocol):
    """Keeps what happens. Awaited methods return when it is kept for good; all raise LeaseLost.

    outputs: every output variable of the task so far, those of former workers included.
    """

    @property
    def outputs(self) -> Sequence[OutputValue]: ...

    def write(self, batch: Batch) -> None:
        """Keeps a batch soon, after everything written before."""

    async def room(self) -> None:
        """Waits while too much is not kept yet: output must not outrun the database."""

    def status(self, node: str, status: NodeStatus) -> None: ...

    def end_nodes(self, status: NodeStatus) -> None:
        """Every part of the log that has no final status gets this one."""

    def progress(self, node: str, percentage: int, message: str) -> None: ...

    def add_nodes(self, nodes: Sequence[LogNode]) -> None:
        """Parts of the log that the plan did not know."""

    async def begin(
        self, step: str, action: str, machine: int | None, number: int, facts: Facts
    ) -> Attempt:
        """Journals `Started`, with a token never used before. Nothing may be done before this."""

    async def advance(self, attempt: Attempt, operation: int, facts: Facts) -> None:
        """So many operations are complete; output offsets start again."""

    async def end(
        self, attempt: Attempt, state: JournalState, error: str = "", exit_code: int | None = None
    ) -> None: ...

    async def ask(self, question: Question) -> Reply | None:
        """Asks, once, or looks for the answer. None: nobody has answered yet."""

    async def newer_release(self) -> str:
        """The version of a newer release that went to the same place since this task began, "" if none
        did."""

    async def keep_artifact(
        self, node: str, name: str, source: str, blocks: AsyncIterator[bytes]
    ) -> None: ...


class MemoryRecorder:
    """Keeps everything in lists; `history()` is what another worker would find."""

    def __init__(self, replies: Mapping[str, Reply] | None = None) -> None:
        self.lines: list[LogLine] = []
        self._outputs: list[OutputValue] = []
        self.statuses: dict[str, NodeStatus] = {}
        self.percentages: dict[str, tuple[int, str]] = {}
        self.nodes: list[LogNode] = []
        self.journal: dict[Where, list[Past]] = defaultdict(list)
        self.events: list[str] = []
        self.questions: list[Question] = []
        self.replies = dict(replies or {})
        self.artifacts: dict[str, bytes] = {}
        self.newer = ""

    @property
    def outputs(self) -> Sequence[OutputValue]:
        return self._outputs

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]

    def history(self) -> History:
        return History(
            {where: tuple(past) for where, past in self.journal.items()},
            tuple(self._outputs),
            dict(self.statuses),
            self._asked(),
        )

    def _asked(self) -> dict[Where, dict[int, Reply | None]]:
        asked: dict[Where, dict[int, Reply | None]] = defaultdict(dict)
        for question in self.questions:
            if question.kind == QuestionKind.GUIDANCE:
                attempt = question.attempt
                asked[attempt.where][attempt.number] = self._reply(question)
        return asked

    def _reply(self, question: Question) -> Reply | None:
        """The answer to this attempt, by `title #2`, else to the title; only if it is on offer."""
        numbered = f"{question.title} #{question.attempt.number}"
        reply = self.replies.get(numbered) or self.replies.get(question.title)
        return reply if reply and reply.result in question.choices else None

    def write(self, batch: Batch) -> None:
        self.lines += batch.lines
        self._outputs += batch.outputs
        if batch.attempt and batch.offsets:
            self._change(batch.attempt, offsets=batch.offsets)

    async def room(self) -> None:
        return

    def status(self, node: str, status: NodeStatus) -> None:
        self.statuses[node] = status

    def end_nodes(self, status: NodeStatus) -> None:
        for node, known in self.statuses.items():
            if known not in FINAL_NODES:
                self.statuses[node] = status

    def progress(self, node: str, percentage: int, message: str) -> None:
        self.percentages[node] = (percentage, message)

    def add_nodes(self, nodes: Sequence[LogNode]) -> None:
        self.nodes += nodes

    async def begin(
        self, step: str, action: str, machine: int | None, number: int, facts: Facts
    ) -> Attempt:
        token = f"{action}-{machine or 'worker'}-{number}"
        attempt = Attempt(step, action, machine, number, token)
        self.journal[attempt.where].append(Past(attempt, JournalState.STARTED, facts=facts))
        self.events.append(f"started {token}")
        return attempt

    async def advance(self, attempt: Attempt, operation: int, facts: Facts) -> None:
        self._change(attempt, operation=operation, facts=facts, offsets=(0, 0))

    async def end(
        self, attempt: Attempt, state: JournalState, error: str = "", exit_code: int | None = None
    ) -> None:
        self._change(attempt, state=state, error=error)
        self.events.append(f"{state.value.lower()} {attempt.token}")

    async def ask(self, question: Question) -> Reply | None:
        if question not in self.questions:
            self.questions.append(question)
        return self._reply(question)

    async def newer_release(self) -> str:
        return self.newer

    async def keep_artifact(
        self, node: str, name: str, source: str, blocks: AsyncIterator[bytes]
    ) -> None:
        self.artifacts[name] = b"".join([block async for block in blocks])

    def _change(self, attempt: Attempt, **changes: object) -> None:
        past = self.journal[attempt.where]
        past[-1] = replace(past[-1], **changes)  # type: ignore[arg-type] # fields of Past by name

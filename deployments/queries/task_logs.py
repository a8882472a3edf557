"""The log of a task as a tree of parts with their lines, and as one text. domain.md 20."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from deployments.core.states import FINAL_NODES, Category, NodeStatus, TaskState
from deployments.models import ServerTask, TaskLogLine, TaskLogNode

MOST_LINES = 10_000
BLOCK = 5_000

_STATUS_OF = {
    TaskState.QUEUED: NodeStatus.PENDING,
    TaskState.EXECUTING: NodeStatus.RUNNING,
    TaskState.CANCELLING: NodeStatus.RUNNING,
    TaskState.SUCCESS: NodeStatus.SUCCESS,
    TaskState.FAILED: NodeStatus.FAILED,
    TaskState.CANCELED: NodeStatus.CANCELED,
    TaskState.TIMED_OUT: NodeStatus.FAILED,
}


@dataclass
class LogPart:
    """A node with what is below it, and its own lines in order."""

    node: TaskLogNode
    children: list["LogPart"] = field(default_factory=list)
    lines: list[TaskLogLine] = field(default_factory=list)

    def leaves(self) -> Iterator["LogPart"]:
        """The parts without parts of their own."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    @property
    def progress(self) -> int:
        """How much of it is done, in percent."""
        leaves = list(self.leaves())
        done = sum(leaf.node.status in FINAL_NODES for leaf in leaves)
        return 100 * done // len(leaves)


def log_tree(task: ServerTask, *, tail: int = MOST_LINES, verbose: bool = True) -> LogPart:
    """The whole tree with the last `tail` lines, in two queries. A task that has not been planned yet
    is a tree of one part."""
    parts = {node.key: LogPart(node) for node in task.nodes.all()}
    root = parts.get("") or LogPart(_unplanned(task))
    for key, part in parts.items():
        if key:
            parts.get(part.node.parent_key or "", root).children.append(part)
    lines = TaskLogLine.objects.filter(task=task)
    if not verbose:
        lines = lines.exclude(category=Category.VERBOSE.value)
    for line in reversed(lines.order_by("-seq")[: min(max(tail, 0), MOST_LINES)]):
        parts.get(line.node_key, root).lines.append(line)
    return root


def raw_log(task: ServerTask) -> Iterator[str]:
    """The log as text, line by line, with a heading where another part speaks. Read in blocks."""
    nodes = {node.key: node for node in task.nodes.all()}
    speaking: str | None = None
    lines = TaskLogLine.objects.filter(task=task).order_by("seq").iterator(chunk_size=BLOCK)
    for line in lines:
        if line.node_key != speaking:
            speaking = line.node_key
            node = nodes.get(speaking)
            if node is not None:
                yield f"{'':19} | == {node.status}: {node.name} ==\n"
        moment = line.occurred_at.strftime("%H:%M:%S")
        for text in chain([line.text], line.detail.splitlines()):
            yield f"{moment}   {line.category:8} | {text}\n"


def queued_behind(task: ServerTask) -> dict[str, list[ServerTask]]:
    """What a queued task waits for: `"lock"`, tasks with its concurrency tag that go first, and
    `"queue"`, tasks that are due before it."""
    found: dict[str, list[ServerTask]] = defaultdict(list)
    if task.state != TaskState.QUEUED.value:
        return found
    others = ServerTask.objects.filter(space=task.space).exclude(pk=task.pk).active()
    if task.concurrency_tag:
        found["lock"] = list(
            others.filter(concurrency_tag=task.concurrency_tag).exclude(
                state=TaskState.QUEUED.value, pk__gt=task.pk
            )
        )
    found["queue"] = list(
        others.filter(state=TaskState.QUEUED.value, queue_time__lt=task.queue_time)
    )
    return found


def _unplanned(task: ServerTask) -> TaskLogNode:
    return TaskLogNode(
        task=task,
        key="",
        name=task.description,
        status=_STATUS_OF[TaskState(task.state)].value,
        started_at=task.started_at,
        finished_at=task.finished_at,
    )

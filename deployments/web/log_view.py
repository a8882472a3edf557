"""A task's log as the page shows it: groups with their lines, and what came since the last look.

The live log is fetched by `after`, the last line's number, and `seen`, one letter for each node's status in
order of creation: so the server keeps nothing about who looks, and no line is lost or doubled (U15).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from deployments.core.states import Category, NodeStatus
from deployments.models import ServerTask, TaskLogLine, TaskLogNode
from deployments.queries.task_logs import LogPart
from deployments.web import statuses
from deployments.web.statuses import Status
from spaces.naming import disarmed

MOST_AT_ONCE = 1_000
SHOWN = 5_000

_LETTERS = {
    NodeStatus.PENDING: "p",
    NodeStatus.RUNNING: "r",
    NodeStatus.SUCCESS: "s",
    NodeStatus.FAILED: "f",
    NodeStatus.SKIPPED: "k",
    NodeStatus.WARNING: "w",
    NodeStatus.CANCELED: "c",
}
_STYLE = re.compile(r"[a-z0-9 -]+")


@dataclass(frozen=True)
class Line:
    """One line. level: its category in lower case, for its class."""

    number: int
    moment: datetime
    level: str
    html: SafeString


@dataclass
class Group:
    """A part of the log. A group with trouble or under way is open, a finished one closed."""

    node: TaskLogNode
    status: Status
    lines: list[Line] = field(default_factory=list)
    children: list["Group"] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.node.status in (NodeStatus.RUNNING.value, NodeStatus.FAILED.value)

    @property
    def took(self) -> timedelta | None:
        if self.node.started_at and self.node.finished_at:
            return self.node.finished_at - self.node.started_at
        return None


@dataclass(frozen=True)
class News:
    """What happened since the last look.

    lines: by the id of the element they belong in. fresh: new nodes, each with the id of the element
    that it belongs in. changed: nodes with another status.
    """

    lines: Mapping[str, Sequence[Line]]
    fresh: Sequence[tuple[str, "Group"]]
    changed: Sequence[Group]
    last: int
    has_more: bool


def tree(root: LogPart) -> Group:
    """The root with everything below it."""
    return _group(root)


def letters(nodes: Sequence[TaskLogNode]) -> str:
    """The statuses as one text, for `seen`."""
    return "".join(_LETTERS[NodeStatus(node.status)] for node in nodes)


def parts(root: LogPart) -> Iterator[LogPart]:
    """The part itself and all below it."""
    yield root
    for child in root.children:
        yield from parts(child)


def nodes_in(root: LogPart) -> list[TaskLogNode]:
    """Every stored node of the tree in the order in which they came to be."""
    stored = [part.node for part in parts(root) if part.node.pk is not None]
    return sorted(stored, key=lambda node: node.pk)


def nodes_of(task: ServerTask) -> list[TaskLogNode]:
    """The same, read for themselves."""
    return list(task.nodes.order_by("id"))


def news(
    task: ServerTask,
    nodes: Sequence[TaskLogNode],
    *,
    after: int,
    seen: str,
    verbose: bool,
    limit: int = MOST_AT_ONCE,
) -> News:
    """Lines after `after`, and nodes that are new or different since `seen`."""
    rows = TaskLogLine.objects.filter(task=task, seq__gt=after).order_by("seq")
    # one more than fits tells whether to ask again at once
    fetched = list(rows[: limit + 1])
    taken = fetched[:limit]
    by_key = {node.key: node for node in nodes}
    lines: dict[str, list[Line]] = {}
    for row in taken:
        if verbose or row.category != Category.VERBOSE.value:
            lines.setdefault(lines_id(by_key.get(row.node_key)), []).append(line_of(row))
    old, fresh = nodes[: len(seen)], nodes[len(seen) :]
    changed = [node for node, letter in zip(old, seen, strict=False) if letters([node]) != letter]
    return News(
        lines=lines,
        fresh=[
            (children_id(by_key.get(node.parent_key or "")), _bare(node))
            for node in fresh
            if node.key
        ],
        changed=[_bare(node) for node in changed if node.key],
        last=taken[-1].seq if taken else after,
        has_more=len(fetched) > limit,
    )


def lines_id(node: TaskLogNode | None) -> str:
    """The element that holds a node's lines. The root has its own from the start, planned or not."""
    return f"lines-{node.pk}" if node and node.key else "lines-root"


def children_id(node: TaskLogNode | None) -> str:
    return f"children-{node.pk}" if node and node.key else "children-root"


def line_of(row: TaskLogLine) -> Line:
    return Line(
        number=row.seq,
        moment=row.occurred_at,
        level=row.category.lower(),
        html=styled(row.text, row.spans or ()),
    )


def styled(text: str, spans: Sequence[Sequence[object]]) -> SafeString:
    """The text with its colours. Everything else in it is text, whatever it looks like (S9)."""
    return mark_safe("".join(_pieces(text, spans)))  # noqa: S308 - every piece is escaped


def _pieces(text: str, spans: Sequence[Sequence[object]]) -> Iterator[str]:
    done = 0
    for start, end, style in spans:
        if not isinstance(start, int) or not isinstance(end, int) or start < done:
            continue
        yield escape(disarmed(text[done:start]))
        shown = disarmed(text[start:end])
        yield format_html('<span class="{}">{}</span>', _classes(str(style)), shown)
        done = end
    yield escape(disarmed(text[done:]))


def _classes(style: str) -> str:
    """ "bold fg-1" as classes "ansi-bold ansi-fg-1"; anything unknown gives none."""
    if not _STYLE.fullmatch(style):
        return ""
    return " ".join(f"ansi-{word}" for word in style.split())


def _group(part: LogPart) -> Group:
    group = _bare(part.node)
    group.lines = [line_of(row) for row in part.lines]
    group.children = [_group(child) for child in part.children]
    return group


def _bare(node: TaskLogNode) -> Group:
    return Group(node, statuses.node_status(node.status))

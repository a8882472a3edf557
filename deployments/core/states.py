"""The states of tasks, of parts of a task's log, and the table of moves. domain.md 19.1, 20."""

from enum import StrEnum


class TaskState(StrEnum):
    """Where a server task is; the values are the API's words."""

    QUEUED = "Queued"
    EXECUTING = "Executing"
    CANCELLING = "Cancelling"
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCELED = "Canceled"
    TIMED_OUT = "TimedOut"


MOVES: dict[TaskState, frozenset[TaskState]] = {
    TaskState.QUEUED: frozenset({TaskState.EXECUTING, TaskState.CANCELED, TaskState.TIMED_OUT}),
    TaskState.EXECUTING: frozenset({TaskState.SUCCESS, TaskState.FAILED, TaskState.CANCELLING}),
    TaskState.CANCELLING: frozenset({TaskState.CANCELED}),
}
ACTIVE = sorted(state.value for state in MOVES)
FINAL = sorted(state.value for state in TaskState if state not in MOVES)


class IllegalMove(Exception):
    """A move the table does not have. Always a bug of ours, never the user's doing."""


def check_move(came_from: TaskState, to: TaskState) -> None:
    """Raises IllegalMove unless the table has this move."""
    if to not in MOVES.get(came_from, ()):
        raise IllegalMove(f"{came_from} -> {to}")


class NodeStatus(StrEnum):
    """How a part of the task (step, action, machine) stands, as the log tree shows it."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    WARNING = "SuccessWithWarning"
    CANCELED = "Canceled"


FINAL_NODES = frozenset(NodeStatus) - {NodeStatus.PENDING, NodeStatus.RUNNING}


def parent_status(children: list[NodeStatus]) -> NodeStatus:
    """A finished parent's status from its children's: Failed if any failed, a warning if any has one,
    Skipped if all were. domain.md 20."""
    if NodeStatus.FAILED in children:
        return NodeStatus.FAILED
    if NodeStatus.CANCELED in children:
        return NodeStatus.CANCELED
    if children and all(child == NodeStatus.SKIPPED for child in children):
        return NodeStatus.SKIPPED
    if NodeStatus.WARNING in children:
        return NodeStatus.WARNING
    return NodeStatus.SUCCESS


class Category(StrEnum):
    """The level of a log line; the values are the API's words (api-dialect.md 7.6)."""

    VERBOSE = "Verbose"
    INFO = "Info"
    HIGHLIGHT = "Highlight"
    WAIT = "Wait"
    PROGRESS = "Progress"
    WARNING = "Warning"
    ERROR = "Error"
    FATAL = "Fatal"
    PLANNED = "Planned"
    FINISHED = "Finished"
    ABANDONED = "Abandoned"


class JournalState(StrEnum):
    """What is known of one attempt of an action on a machine. security-and-reliability.md 6.1."""

    STARTED = "Started"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class Health(StrEnum):
    """What the last health check of a target found. domain.md 6.2."""

    HEALTHY = "Healthy"
    WARNINGS = "HasWarnings"
    UNHEALTHY = "Unhealthy"
    UNAVAILABLE = "Unavailable"
    UNKNOWN = "Unknown"


DEPLOYABLE_HEALTH = frozenset({Health.HEALTHY, Health.WARNINGS, Health.UNKNOWN})

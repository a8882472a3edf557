"""States as people see them: one word, one icon, one tone each (ui.md 8). The API keeps its own words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from deployments.core.states import Health, NodeStatus, TaskState
from deployments.models import Interruption, ServerTask, Target


@dataclass(frozen=True)
class Status:
    word: str
    icon: str
    tone: str


SUCCEEDED = Status("Succeeded", "succeeded", "succeeded")
WITH_WARNINGS = Status("Succeeded with warnings", "warning", "warning")
FAILED = Status("Failed", "failed", "failed")
TIMED_OUT = Status("Timed out", "timed-out", "failed")
RUNNING = Status("Running", "running", "running")
CANCELLING = Status("Cancelling", "running", "running")
WAITING = Status("Waiting", "approval", "attention")
WAITING_FOR_APPROVAL = Status("Waiting for approval", "approval", "attention")
NEEDS_DECISION = Status("Needs decision", "decision", "attention")
QUEUED = Status("Queued", "queued", "queued")
SCHEDULED = Status("Scheduled", "scheduled", "queued")
CANCELLED = Status("Cancelled", "cancelled", "quiet")
SKIPPED = Status("Skipped", "skipped", "quiet")
NEVER = Status("Never deployed", "never", "quiet")
PENDING = Status("Pending", "pending", "quiet")
BLOCKED = Status("Blocked", "blocked", "held")
FROZEN = Status("Frozen", "frozen", "held")
DISABLED = Status("Disabled", "blocked", "held")

EVERY = (
    *(SUCCEEDED, WITH_WARNINGS, FAILED, TIMED_OUT, RUNNING, CANCELLING),
    *(WAITING, WAITING_FOR_APPROVAL, NEEDS_DECISION, QUEUED, SCHEDULED),
    *(CANCELLED, SKIPPED, NEVER, PENDING, BLOCKED, FROZEN, DISABLED),
)

_TASK = {
    TaskState.QUEUED: QUEUED,
    TaskState.EXECUTING: RUNNING,
    TaskState.CANCELLING: CANCELLING,
    TaskState.SUCCESS: SUCCEEDED,
    TaskState.FAILED: FAILED,
    TaskState.CANCELED: CANCELLED,
    TaskState.TIMED_OUT: TIMED_OUT,
}

_NODE = {
    NodeStatus.PENDING: PENDING,
    NodeStatus.RUNNING: RUNNING,
    NodeStatus.SUCCESS: SUCCEEDED,
    NodeStatus.FAILED: FAILED,
    NodeStatus.SKIPPED: SKIPPED,
    NodeStatus.WARNING: WITH_WARNINGS,
    NodeStatus.CANCELED: CANCELLED,
}

_HEALTH = {
    Health.HEALTHY: Status("Healthy", "succeeded", "succeeded"),
    Health.WARNINGS: Status("Warnings", "warning", "warning"),
    Health.UNHEALTHY: Status("Unhealthy", "failed", "failed"),
    Health.UNAVAILABLE: Status("Unavailable", "timed-out", "failed"),
    Health.UNKNOWN: Status("Unknown", "unknown", "queued"),
}
HOST_KEY_CHANGED = Status("Host key changed", "fingerprint", "attention")


def task_status(task: ServerTask, now: datetime) -> Status:
    """How a task stands, as far as its own row tells."""
    state = TaskState(task.state)
    if state == TaskState.QUEUED and task.queue_time > now:
        return SCHEDULED
    if state == TaskState.EXECUTING and task.is_waiting:
        return WAITING
    if state == TaskState.SUCCESS and task.has_warnings_or_errors:
        return WITH_WARNINGS
    return _TASK[state]


def waiting_status(pending: Iterable[Interruption]) -> Status:
    """What a waiting task waits for: a decision about a failure is more urgent than an approval."""
    kinds = {interruption.kind for interruption in pending}
    if Interruption.Kind.GUIDED_FAILURE in kinds:
        return NEEDS_DECISION
    return WAITING_FOR_APPROVAL if kinds else WAITING


def node_status(status: str) -> Status:
    """How a part of a task stands, by the word of its log node."""
    return _NODE[NodeStatus(status)]


def health_status(health: Health) -> Status:
    """What a health check found."""
    return _HEALTH[health]


def target_status(target: Target) -> Status:
    """Disabled and a changed host key hide what the last health check said."""
    if target.is_disabled:
        return DISABLED
    if target.offered_fingerprint and target.offered_fingerprint != target.fingerprint:
        return HOST_KEY_CHANGED
    return _HEALTH[Health(target.health)]

"""What former workers did of a task, from its rows. security-and-reliability.md 6.1."""

from collections import defaultdict

from deployments.core.operations import Facts, OutputValue
from deployments.core.states import JournalState, NodeStatus
from deployments.engine.recording import Attempt, History, Past, Reply, Where
from deployments.models import Interruption, OutputVariable, ServerTask, StepJournal
from spaces.models import User


def history(task: ServerTask) -> History:
    """Everything journalled so far, in order; empty for a task that was never begun."""
    attempts: dict[Where, list[Past]] = defaultdict(list)
    for row in StepJournal.objects.filter(task=task).order_by("attempt", "id"):
        past = _past(row)
        attempts[past.attempt.where].append(past)
    return History(
        attempts={where: tuple(past) for where, past in attempts.items()},
        outputs=tuple(map(_output, OutputVariable.objects.filter(task=task).order_by("id"))),
        nodes={key: NodeStatus(status) for key, status in task.nodes.values_list("key", "status")},
        asked=_asked(task),
    )


def reply_to(asked: Interruption) -> Reply | None:
    """What was answered; None while nobody has."""
    if asked.is_pending:
        return None
    who: User | None = asked.responsible_user
    return Reply(
        result=asked.result,
        notes=asked.notes,
        user_id=who.wire_id if who else "",
        username=who.username if who else asked.submitted_by,
        display_name=who.display_name if who else "",
        email=who.email if who else "",
    )


def _asked(task: ServerTask) -> dict[Where, dict[int, Reply | None]]:
    found: dict[Where, dict[int, Reply | None]] = defaultdict(dict)
    rows = Interruption.objects.filter(task=task, kind=Interruption.Kind.GUIDED_FAILURE)
    for row in rows.select_related("responsible_user"):
        found[row.action_id, row.machine_id][row.attempt] = reply_to(row)
    return found


def _past(row: StepJournal) -> Past:
    attempt = Attempt(row.step_id, row.action_id, row.machine_id, row.attempt, row.run_token)
    return Past(
        attempt,
        JournalState(row.state),
        row.operation,
        (row.stdout_offset, row.stderr_offset),
        Facts.from_json(row.facts),
        row.error,
    )


def _output(row: OutputVariable) -> OutputValue:
    return OutputValue(
        step=row.step_name,
        name=row.name,
        value=row.reveal("secret") if row.is_sensitive else row.value,
        is_sensitive=row.is_sensitive,
        machine=None if row.machine_id is None else (row.machine_id, row.machine_name),
    )

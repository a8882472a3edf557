"""What former workers did of a task, from its rows. security-and-reliability.md 6.1."""

from collections import defaultdict

from deployments.core.operations import Facts, OutputValue
from deployments.core.states import JournalState, NodeStatus
from deployments.engine.recording import Attempt, History, Past, Where
from deployments.models import OutputVariable, ServerTask, StepJournal


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
    )


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

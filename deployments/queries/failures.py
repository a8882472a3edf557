"""What a person needs to see to decide about a failure: how it ended, and the last it said. ui.md 7(e)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from deployments.core.guidance import FailurePoint, Guidance
from deployments.models import Interruption, StepJournal, TaskLogLine

LAST_LINES = 20


@dataclass(frozen=True)
class Failure:
    """One failure that waits for an answer. others: how many targets of the step failed with it."""

    exit_code: int | None
    lines: tuple[TaskLogLine, ...]
    retries_left: int
    others: int


def failures(interruptions: Iterable[Interruption]) -> dict[int, Failure]:
    """The failures among these, by interruption, in three queries for any number of them."""
    asked = [row for row in interruptions if row.kind == Interruption.Kind.GUIDED_FAILURE]
    if not asked:
        return {}
    tasks = {row.task_id for row in asked}
    related = list(
        Interruption.objects.filter(task_id__in=tasks, kind=Interruption.Kind.GUIDED_FAILURE).only(
            "task_id", "step_id", "action_id", "machine_id", "is_pending", "result"
        )
    )
    codes, lines = _exit_codes(asked), _last_lines(asked)
    return {
        row.pk: Failure(
            exit_code=codes.get((row.task_id, row.action_id, row.machine_id, row.attempt)),
            lines=tuple(lines[row.task_id, row.node_key]),
            retries_left=FailurePoint(retried=_retried(row, related)).retries_left,
            others=sum(_is_beside(row, other) for other in related),
        )
        for row in asked
    }


def _retried(row: Interruption, related: Sequence[Interruption]) -> int:
    place = (row.task_id, row.action_id, row.machine_id)
    return sum(
        (other.task_id, other.action_id, other.machine_id) == place
        and other.result == Guidance.RETRY
        for other in related
    )


def _is_beside(row: Interruption, other: Interruption) -> bool:
    same_step = (other.task_id, other.step_id) == (row.task_id, row.step_id)
    return same_step and other.is_pending and other.pk != row.pk


def _exit_codes(
    asked: Sequence[Interruption],
) -> dict[tuple[int, str, int | None, int], int | None]:
    rows = StepJournal.objects.filter(
        task_id__in={row.task_id for row in asked}, action_id__in={row.action_id for row in asked}
    )
    return {
        (task, action, machine, attempt): code
        for task, action, machine, attempt, code in rows.values_list(
            "task_id", "action_id", "machine_id", "attempt", "exit_code"
        )
    }


def _last_lines(asked: Sequence[Interruption]) -> dict[tuple[int, str], list[TaskLogLine]]:
    """The last lines of each failed attempt, in order."""
    places = Q()
    for row in asked:
        places |= Q(task_id=row.task_id, node_key=row.node_key)
    number = Window(
        RowNumber(), partition_by=[F("task_id"), F("node_key")], order_by=F("seq").desc()
    )
    found: dict[tuple[int, str], list[TaskLogLine]] = defaultdict(list)
    rows = TaskLogLine.objects.filter(places).annotate(number=number)
    for line in rows.filter(number__lte=LAST_LINES).order_by("seq"):
        found[line.task_id, line.node_key].append(line)
    return found

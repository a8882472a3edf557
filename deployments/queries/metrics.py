"""What reports are made of: finished deployments, what shipped, what is scheduled. domain.md 28, ui.md 6.

Everything covers only what the actor may see, in a number of queries that does not grow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    JSONField,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Now

from deployments.core.metrics import Finished, is_failure
from deployments.core.states import TaskState
from deployments.models import Deployment, Environment, Release
from spaces.access import visible
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission

MOST = 20_000  # deployments that one report counts
COUNTED = (TaskState.SUCCESS.value, TaskState.FAILED.value)


@dataclass(frozen=True)
class Range:
    """What a report is about. environment: None for all of them."""

    since: datetime
    environment: Environment | None = None


def finished_deployments(actor: Actor, space: Space, about: Range) -> list[Finished]:
    """The newest `MOST` that ended in the range, as the metrics count them."""
    waited = ExpressionWrapper(
        F("task__interruptions__submitted_at") - F("task__interruptions__created_at"),
        output_field=DurationField(),
    )
    rows = list(
        _ended(actor, space, about)
        .annotate(waited=Sum(waited), brought=_BROUGHT)
        .order_by("-task__finished_at")
        .values(*_COLUMNS)[:MOST]
    )
    began = _beginnings(rows)
    return [_finished(row, began) for row in rows]


def shipped(actor: Actor, space: Space, about: Range) -> QuerySet[Deployment]:
    """What went well in the range, the newest first."""
    rows = _ended(actor, space, about).filter(
        task__state=TaskState.SUCCESS.value, failure_encountered=False
    )
    return _with_names(rows).order_by("-task__finished_at")


def scheduled(actor: Actor, space: Space) -> QuerySet[Deployment]:
    """What will start by itself later, the soonest first."""
    rows = Deployment.objects.in_space(space).filter(
        task__state=TaskState.QUEUED.value, task__queue_time__gt=Now()
    )
    seen = visible(actor, Permission.DEPLOYMENT_VIEW, rows)
    return _with_names(seen).order_by("task__queue_time")


# Versions that came to the environment by this deployment; what a roll-back takes away did not.
_BROUGHT = Func(
    F("changes"),
    Value("$[*] ? (!(@.IsReverted == true)).Version"),
    template="jsonb_path_query_array(%(expressions)s::jsonpath)",
    output_field=JSONField(),
)
_COLUMNS = (
    "project_id",
    "environment_id",
    "failure_encountered",
    "brought",
    "waited",
    "task__state",
    "task__created_at",
    "task__queue_time",
    "task__started_at",
    "task__finished_at",
)


def _with_names(rows: QuerySet[Deployment]) -> QuerySet[Deployment]:
    return rows.select_related("project", "release", "environment", "task")


def _ended(actor: Actor, space: Space, about: Range) -> QuerySet[Deployment]:
    rows: QuerySet[Deployment] = Deployment.objects.in_space(space).filter(
        task__state__in=COUNTED, task__finished_at__gte=about.since, task__started_at__isnull=False
    )
    if about.environment is not None:
        rows = rows.filter(environment=about.environment)
    return visible(actor, Permission.DEPLOYMENT_VIEW, rows)


def _beginnings(rows: Iterable[dict[str, Any]]) -> dict[tuple[int, str], datetime]:
    """When the releases that these deployments brought were created, by project and version."""
    wanted = {(row["project_id"], version) for row in rows for version in row["brought"]}
    found = Release.objects.filter(
        Q(project_id__in={project for project, _ in wanted}),
        Q(version__in={version for _, version in wanted}),
    )
    return {
        (project, version): at
        for project, version, at in found.values_list("project_id", "version", "assembled_at")
    }


def _finished(row: dict[str, Any], began: dict[tuple[int, str], datetime]) -> Finished:
    starts = [
        at
        for version in row["brought"]
        if (at := began.get((row["project_id"], version))) is not None
    ]
    started, ended = row["task__started_at"], row["task__finished_at"]
    return Finished(
        place=(row["project_id"], row["environment_id"], None),
        at=ended,
        is_failure=is_failure(
            TaskState(row["task__state"]), failure_encountered=row["failure_encountered"]
        ),
        began=min(starts, default=None),
        duration=ended - started,
        waited=row["waited"] or timedelta(),
        queued=max(started - max(row["task__created_at"], row["task__queue_time"]), timedelta()),
    )

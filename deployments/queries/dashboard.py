"""Which release is where: the dashboard's cells, in a number of queries that never grows. domain.md 26."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from deployments.core.states import TaskState
from deployments.models import Deployment, Environment, Project
from deployments.queries.progression import effective_phases
from spaces.access import visible
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission

Key = tuple[int, int]


@dataclass(frozen=True)
class Cell:
    """One project in one environment.

    shown: the latest deployment that is not merely scheduled. current: the latest successful one, where
    it is another: a failed attempt never hides what really runs. scheduled: one waiting for its time.
    """

    shown: Deployment | None
    current: Deployment | None = None
    scheduled: Deployment | None = None


@dataclass(frozen=True)
class Dashboard:
    """Projects in rows, environments in columns. `columns` gives the environments of each project."""

    projects: Sequence[Project]
    environments: Sequence[Environment]
    columns: dict[int, frozenset[int]]
    cells: dict[Key, Cell]


def dashboard(
    actor: Actor, space: Space, *, projects: QuerySet[Project] | None = None, limit: int = 100
) -> Dashboard:
    """The first `limit` visible projects with their cells."""
    rows = Project.objects.in_space(space) if projects is None else projects
    wanted = list(
        visible(actor, Permission.PROJECT_VIEW, rows)
        .select_related("group", "lifecycle")
        .order_by("group__name", "name")[:limit]
    )
    environments = list(
        visible(actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(space))
    )
    phases = effective_phases(space, {project.lifecycle_id for project in wanted})
    columns = {
        project.pk: frozenset(
            env for phase in phases[project.lifecycle_id] for env in phase.environments
        )
        for project in wanted
    }
    used = frozenset().union(*columns.values())
    shown = [environment for environment in environments if environment.pk in used]
    return Dashboard(wanted, shown, columns, cells(actor, wanted, shown))


def cells(
    actor: Actor, projects: Sequence[Project], environments: Sequence[Environment]
) -> dict[Key, Cell]:
    """The cells of these rows and columns, by (project id, environment id); empty ones are absent."""
    if not projects or not environments:
        return {}
    there = visible(
        actor,
        Permission.DEPLOYMENT_VIEW,
        Deployment.objects.filter(project__in=projects, environment__in=environments),
    )
    scheduled = Q(task__state=TaskState.QUEUED.value, task__queue_time__gt=Now())
    latest = _newest(there.exclude(scheduled))
    current = _newest(there.filter(task__state=TaskState.SUCCESS.value))
    later = _newest(there.filter(scheduled))
    return {
        key: Cell(
            latest.get(key),
            current.get(key) if current.get(key) != latest.get(key) else None,
            later.get(key),
        )
        for key in latest.keys() | current.keys() | later.keys()
    }


def newest_per_release(actor: Actor, release_ids: Iterable[int]) -> dict[Key, Deployment]:
    """The newest deployment of each release to each environment, by (release id, environment id)."""
    rows = visible(
        actor,
        Permission.DEPLOYMENT_VIEW,
        Deployment.objects.filter(release_id__in=list(release_ids)),
    )
    found = (
        rows.order_by("release_id", "environment_id", "-id")
        .distinct("release_id", "environment_id")
        .select_related("task", "release", "environment")
    )
    return {(row.release_id, row.environment_id): row for row in found}


def _newest(rows: QuerySet[Deployment]) -> dict[Key, Deployment]:
    """The newest row of each cell. One index probe per cell, however long the history is."""
    newer = rows.filter(
        project=OuterRef("project"), environment=OuterRef("environment"), pk__gt=OuterRef("pk")
    )
    found = rows.filter(~Exists(newer)).select_related("task", "release", "environment")
    return {(row.project_id, row.environment_id): row for row in found}

"""Which release is where: the dashboard's cells, in a number of queries that never grows. domain.md 26."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from deployments.models import Deployment, Environment, Project
from deployments.queries.progression import effective_phases
from spaces.access import allowed, visible
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
    keys = [
        (project.pk, environment.pk)
        for project in projects
        for environment in environments
        if allowed(actor, Permission.DEPLOYMENT_VIEW, project, environment=environment)
    ]
    picked = _picked(keys)
    rows = Deployment.objects.select_related("task", "release", "environment").in_bulk(
        [pk for found in picked.values() for pk in found if pk is not None]
    )
    return {
        key: Cell(
            shown=rows.get(shown),
            current=rows.get(current) if current != shown else None,
            scheduled=rows.get(scheduled),
        )
        for key, (shown, current, scheduled) in picked.items()
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


def _picked(keys: Sequence[Key]) -> dict[Key, tuple[int | None, int | None, int | None]]:
    """(shown, current, scheduled) deployment ids of each cell that has any.

    One index probe per cell and kind, so the cost does not grow with history.
    """
    if not keys:
        return {}
    projects, environments = zip(*keys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [list(projects), list(environments)])
        return {(row[0], row[1]): (row[2], row[3], row[4]) for row in cursor.fetchall()}


_NEWEST = """
WITH cell AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS c(project_id, environment_id))
SELECT cell.project_id, cell.environment_id, shown.id, current.id, scheduled.id
FROM cell
LEFT JOIN LATERAL (
    SELECT d.id FROM deployments_deployment d JOIN deployments_servertask t ON t.id = d.task_id
    WHERE d.project_id = cell.project_id AND d.environment_id = cell.environment_id
      AND NOT (t.state = 'Queued' AND t.queue_time > now())
    ORDER BY d.id DESC LIMIT 1
) shown ON true
LEFT JOIN LATERAL (
    SELECT d.id FROM deployments_deployment d JOIN deployments_servertask t ON t.id = d.task_id
    WHERE d.project_id = cell.project_id AND d.environment_id = cell.environment_id
      AND t.state = 'Success'
    ORDER BY d.id DESC LIMIT 1
) current ON true
LEFT JOIN LATERAL (
    SELECT d.id FROM deployments_deployment d JOIN deployments_servertask t ON t.id = d.task_id
    WHERE d.project_id = cell.project_id AND d.environment_id = cell.environment_id
      AND t.state = 'Queued' AND t.queue_time > now()
    ORDER BY d.id DESC LIMIT 1
) scheduled ON shown.id IS NULL OR scheduled.id > shown.id
WHERE COALESCE(shown.id, current.id, scheduled.id) IS NOT NULL
"""

"""Which release is where: the dashboard's cells, in a number of queries that never grows. domain.md 26."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from deployments.models import (
    Deployment,
    Environment,
    Project,
    Tenant,
    TenantProjectEnvironment,
)
from deployments.queries.progression import effective_phases
from spaces.access import allowed, visible
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission

Key = tuple[int, int]
PlaceKey = tuple[int, int, int | None]
Picked = tuple[int | None, int | None, int | None]


@dataclass(frozen=True)
class TenantSummary:
    """How far a project's tenants are in one environment: `on` of `total` run `version`, the newest
    that any of them runs."""

    total: int
    on: int
    version: str


@dataclass(frozen=True)
class Cell:
    """One project in one environment, for one tenant, for none, or summed up over all.

    shown: the latest deployment that is not merely scheduled; summed up, the one that deserves attention
    most. current: the latest successful one, where it is another: a failed attempt never hides what
    really runs. scheduled: one waiting for its time. tenants: where it is summed up.
    """

    shown: Deployment | None
    current: Deployment | None = None
    scheduled: Deployment | None = None
    tenants: TenantSummary | None = None

    @property
    def running(self) -> Deployment | None:
        """What runs there, as far as anything succeeded."""
        found = self.current or self.shown
        return found if found is not None and found.task.is_success else None


@dataclass(frozen=True)
class Dashboard:
    """Projects in rows, environments in columns. `columns` gives the environments of each project.

    places: each tenant's cell and the one for none, by (project id, environment id, tenant id). cells:
    summed up.
    """

    projects: Sequence[Project]
    environments: Sequence[Environment]
    columns: dict[int, frozenset[int]]
    places: dict[PlaceKey, Cell]

    @property
    def cells(self) -> dict[Key, Cell]:
        return summed_up(self.places)


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
    return Dashboard(wanted, shown, columns, place_cells(actor, wanted, shown))


def cells(
    actor: Actor, projects: Sequence[Project], environments: Sequence[Environment]
) -> dict[Key, Cell]:
    """The cells of these rows and columns, by (project id, environment id); empty ones are absent."""
    return summed_up(place_cells(actor, projects, environments))


def place_cells(
    actor: Actor, projects: Sequence[Project], environments: Sequence[Environment]
) -> dict[PlaceKey, Cell]:
    """The same for each connected tenant and for none, by (project id, environment id, tenant id)."""
    return _filled(_keys(actor, projects, environments))


def tenant_cells(
    actor: Actor, tenant: Tenant, pairs: Iterable[tuple[Project, Environment]]
) -> dict[Key, Cell]:
    """The cells of one tenant in these places, by (project id, environment id); empty ones are absent."""
    keys: list[PlaceKey] = [
        (project.pk, environment.pk, tenant.pk)
        for project, environment in pairs
        if allowed(
            actor, Permission.DEPLOYMENT_VIEW, project, environment=environment, tenant=tenant
        )
    ]
    return {
        (project, environment): cell for (project, environment, _), cell in _filled(keys).items()
    }


def _filled(keys: Sequence[PlaceKey]) -> dict[PlaceKey, Cell]:
    picked = _picked(keys)
    rows = Deployment.objects.select_related("task", "release", "environment", "tenant").in_bulk(
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


def summed_up(places: Mapping[PlaceKey, Cell]) -> dict[Key, Cell]:
    """One cell for each project and environment, whoever it is for."""
    found: dict[Key, list[Cell]] = defaultdict(list)
    tenanted: set[Key] = set()
    for (project, environment, tenant), cell in places.items():
        found[project, environment].append(cell)
        if tenant is not None:
            tenanted.add((project, environment))
    return {key: _sum(some) if key in tenanted else some[0] for key, some in found.items()}


def _sum(some: Sequence[Cell]) -> Cell:
    attempted = [cell for cell in some if cell.shown is not None]
    worst = max(attempted, key=_urgency, default=some[0])
    running = [cell.running for cell in some if cell.running is not None]
    newest = max((row.release for row in running), key=lambda r: r.assembled_at, default=None)
    return Cell(
        shown=worst.shown,
        current=worst.current,
        scheduled=worst.scheduled,
        tenants=TenantSummary(
            total=len(some),
            on=sum(row.release == newest for row in running),
            version=newest.version if newest else "",
        ),
    )


def _urgency(cell: Cell) -> tuple[int, int]:
    """How much a cell deserves attention: waiting for a person, failed, with warnings, running, queued."""
    shown = cell.shown
    if shown is None:
        return (0, 0)
    task = shown.task
    grades = (
        task.state in ("Executing", "Queued"),
        task.state == "Executing",
        task.has_warnings_or_errors,
        task.state in ("Failed", "TimedOut"),
        task.is_waiting,
    )
    return (max((n for n, there in enumerate(grades, start=1) if there), default=0), shown.pk)


def _keys(
    actor: Actor, projects: Sequence[Project], environments: Sequence[Environment]
) -> list[PlaceKey]:
    """Where these projects may be deployed, as far as the actor sees deployments there."""
    tenants = _tenants(projects, environments)
    return [
        (project.pk, environment.pk, tenant)
        for project in projects
        for environment in environments
        for tenant in (None, *tenants.get((project.pk, environment.pk), ()))
        if allowed(
            actor, Permission.DEPLOYMENT_VIEW, project, environment=environment, tenant=tenant
        )
    ]


def _tenants(
    projects: Sequence[Project], environments: Sequence[Environment]
) -> dict[Key, list[int]]:
    """The connected tenants of each project in each environment."""
    with_tenants = [row.pk for row in projects if row.tenanted_mode != "Untenanted"]
    if not with_tenants:
        return {}
    rows = TenantProjectEnvironment.objects.filter(
        connection__project__in=with_tenants, environment__in=environments
    )
    found: dict[Key, list[int]] = defaultdict(list)
    for project, environment, tenant in rows.order_by("connection__tenant__name").values_list(
        "connection__project_id", "environment_id", "connection__tenant_id"
    ):
        found[project, environment].append(tenant)
    return found


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


def newest_per_tenant(actor: Actor, release_ids: Iterable[int]) -> dict[Key, list[Deployment]]:
    """The newest deployment of each release to each environment for each tenant and for none."""
    rows = visible(
        actor,
        Permission.DEPLOYMENT_VIEW,
        Deployment.objects.filter(release_id__in=list(release_ids)),
    )
    newest = (
        rows.order_by("release_id", "environment_id", "tenant_id", "-id")
        .distinct("release_id", "environment_id", "tenant_id")
        .select_related("task", "release", "environment")
    )
    found: dict[Key, list[Deployment]] = defaultdict(list)
    for row in newest:
        found[row.release_id, row.environment_id].append(row)
    return found


def _picked(keys: Sequence[PlaceKey]) -> dict[PlaceKey, Picked]:
    """(shown, current, scheduled) deployment ids of each cell that has any.

    One index probe per cell and kind, so the cost does not grow with history.
    """
    found: dict[PlaceKey, Picked] = {}
    for query, some in (
        (_NEWEST_UNTENANTED, [key for key in keys if key[2] is None]),
        (_NEWEST_FOR_TENANTS, [key for key in keys if key[2] is not None]),
    ):
        if some:
            with connection.cursor() as cursor:
                cursor.execute(query, [list(column) for column in zip(*some, strict=True)])
                found |= {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in cursor}
    return found


_NEWEST = """
WITH cell AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
    AS c(project_id, environment_id, tenant_id)
)
SELECT cell.project_id, cell.environment_id, cell.tenant_id, shown.id, current.id, scheduled.id
FROM cell
LEFT JOIN LATERAL (
    SELECT d.id FROM deployments_deployment d JOIN deployments_servertask t ON t.id = d.task_id
    WHERE d.project_id = cell.project_id AND d.environment_id = cell.environment_id AND {tenant}
      AND NOT (t.state = 'Queued' AND t.queue_time > now())
    ORDER BY d.id DESC LIMIT 1
) shown ON true
LEFT JOIN LATERAL (
    SELECT d.id FROM deployments_deployment d JOIN deployments_servertask t ON t.id = d.task_id
    WHERE d.project_id = cell.project_id AND d.environment_id = cell.environment_id AND {tenant}
      AND t.state = 'Success'
    ORDER BY d.id DESC LIMIT 1
) current ON true
LEFT JOIN LATERAL (
    SELECT d.id FROM deployments_deployment d JOIN deployments_servertask t ON t.id = d.task_id
    WHERE d.project_id = cell.project_id AND d.environment_id = cell.environment_id AND {tenant}
      AND t.state = 'Queued' AND t.queue_time > now()
    ORDER BY d.id DESC LIMIT 1
) scheduled ON shown.id IS NULL OR scheduled.id > shown.id
WHERE COALESCE(shown.id, current.id, scheduled.id) IS NOT NULL
"""
# two texts: an index serves "= x" and "IS NULL", but not "IS NOT DISTINCT FROM"
_NEWEST_UNTENANTED = _NEWEST.replace("{tenant}", "d.tenant_id IS NULL")
_NEWEST_FOR_TENANTS = _NEWEST.replace("{tenant}", "d.tenant_id = cell.tenant_id")

"""A project's board: which release rows to show, and what each cell offers. domain.md 26, ui.md 7(b)."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployments.core.lifecycles import Progression
from deployments.models import Deployment, Environment, Project, Release
from deployments.queries.blockers import Blocker, board_blockers
from deployments.queries.dashboard import cells, newest_per_release
from deployments.queries.progression import effective_phases, progressions
from spaces.access import visible
from spaces.actors import Actor
from spaces.permissions import Permission

NEWER_UNDEPLOYED = 3


@dataclass(frozen=True)
class BoardCell:
    """A release in an environment: the newest deployment there, and why another one may not start.

    is_next: the sensible next promotion of its row, the only one drawn as the primary action.
    """

    release: Release
    environment: Environment
    deployment: Deployment | None
    blockers: Sequence[Blocker]
    is_current: bool
    is_next: bool


@dataclass(frozen=True)
class BoardRow:
    release: Release
    progression: Progression
    cells: Sequence[BoardCell]


@dataclass(frozen=True)
class Board:
    environments: Sequence[Environment]
    rows: Sequence[BoardRow]


def board(actor: Actor, project: Project) -> Board:
    """For each environment the latest and the latest successful release, and up to three newer,
    undeployed ones; newest first."""
    environments = environments_of(actor, project)
    where = cells(actor, [project], environments)
    current = {
        environment_id: (cell.current or cell.shown) for (_, environment_id), cell in where.items()
    }
    deployed = {
        deployment.release_id
        for cell in where.values()
        for deployment in (cell.shown, cell.current)
        if deployment is not None
    }
    return board_of(actor, _releases(actor, project, deployed), environments, current)


def board_of(
    actor: Actor,
    releases: Sequence[Release],
    environments: Sequence[Environment],
    current: dict[int, Deployment | None],
) -> Board:
    """The same for given releases, such as a page of all of them."""
    standings = progressions(releases)
    blockers = board_blockers(actor, releases, environments, standings)
    newest = newest_per_release(actor, [release.pk for release in releases])
    rows = []
    for release in releases:
        following = set(standings[release.pk].next_deployments)
        row = []
        for environment in environments:
            key = (release.pk, environment.pk)
            running = current.get(environment.pk)
            row.append(
                BoardCell(
                    release=release,
                    environment=environment,
                    deployment=newest.get(key),
                    blockers=blockers[key],
                    is_current=running is not None
                    and running.release_id == release.pk
                    and running.task.is_success,
                    is_next=environment.pk in following
                    and not blockers[key]
                    and not is_under_way(newest.get(key)),
                )
            )
        rows.append(BoardRow(release, standings[release.pk], row))
    return Board(environments, rows)


def is_under_way(deployment: Deployment | None) -> bool:
    """Whether there is no sense in offering the same deployment once more."""
    return deployment is not None and not deployment.task.is_completed


def environments_of(actor: Actor, project: Project) -> list[Environment]:
    """The environments of the project's lifecycle that the actor may see, in order of phases."""
    phases = effective_phases(project.space_id, [project.lifecycle_id])[project.lifecycle_id]
    order = [env for phase in phases for env in phase.environments]
    rows = visible(
        actor,
        Permission.ENVIRONMENT_VIEW,
        Environment.objects.in_space(project.space_id).filter(pk__in=order),
    )
    return sorted(rows, key=lambda row: order.index(row.pk))


def _releases(actor: Actor, project: Project, deployed: set[int]) -> list[Release]:
    """Deployed ones and, above the newest of them, at most three that are not deployed anywhere."""
    rows = visible(
        actor, Permission.RELEASE_VIEW, Release.objects.filter(project=project)
    ).select_related("project", "channel")
    kept = list(rows.filter(pk__in=deployed))
    newest = max((release.assembled_at for release in kept), default=None)
    undeployed = rows.exclude(pk__in=deployed)
    if newest is not None:
        undeployed = undeployed.filter(assembled_at__gt=newest)
    return sorted(
        [*kept, *undeployed.order_by("-assembled_at", "-id")[:NEWER_UNDEPLOYED]],
        key=lambda release: (release.assembled_at, release.pk),
        reverse=True,
    )

"""What a person could deploy next: the newest release that may go to each environment they deploy to.

ui.md 6: a developer's newest builds, a tester's queue. A number of queries that does not grow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from deployments.models import Deployment, Environment, Project, Release
from deployments.queries.blockers import board_blockers
from deployments.queries.board import is_under_way
from deployments.queries.dashboard import cells, newest_per_release
from deployments.queries.progression import progressions
from spaces.access import rights_of, visible
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission

PROJECTS = 100
NEWEST = 5  # releases of a project that are looked at


@dataclass(frozen=True)
class Ready:
    """A release that may go to an environment now. running: what succeeded there last, if anything."""

    release: Release
    environment: Environment
    running: Deployment | None


def deploys_in_some_environments(actor: Actor, space: Space) -> bool:
    """Whether the actor deploys, but not everywhere: a developer, a tester."""
    if actor.is_system:
        return False
    scopes = rights_of(actor).scopes(space.pk, Permission.DEPLOYMENT_CREATE)
    return bool(scopes) and all(scope.environments is not None for scope in scopes)


def ready_to_deploy(actor: Actor, space: Space) -> list[Ready]:
    """By project and environment: the newest release that may go there and is newer than what runs.

    Lifecycle, blocks and permissions are judged; targets and packages are on the page of deploying.
    """
    environments = list(
        visible(actor, Permission.DEPLOYMENT_CREATE, Environment.objects.in_space(space))
    )
    projects = _projects(actor, space)
    releases = _newest_releases(actor, projects)
    if not environments or not releases:
        return []
    chosen: dict[tuple[int, int], Ready] = {}
    for ready in _offers(actor, projects, releases, environments):
        chosen.setdefault((ready.release.project_id, ready.environment.pk), ready)
    return list(chosen.values())


def _offers(
    actor: Actor,
    projects: Sequence[Project],
    releases: Sequence[Release],
    environments: Sequence[Environment],
) -> Iterator[Ready]:
    standings = progressions(releases)
    blockers = board_blockers(actor, releases, environments, standings)
    last = newest_per_release(actor, standings)
    where = cells(actor, projects, environments)
    for release, environment in product(releases, environments):
        attempt = (release.pk, environment.pk)
        if environment.pk not in standings[release.pk].next_deployments or blockers[attempt]:
            continue
        cell = where.get((release.project_id, environment.pk))
        running = cell.current or cell.shown if cell else None
        if not is_under_way(last.get(attempt)) and _is_newer(release, running):
            yield Ready(release, environment, running)


def _is_newer(release: Release, running: Deployment | None) -> bool:
    if running is None or not running.task.is_success:
        return True
    return release.assembled_at > running.release.assembled_at


def _projects(actor: Actor, space: Space) -> list[Project]:
    rows = Project.objects.in_space(space).filter(is_disabled=False)
    return list(visible(actor, Permission.PROJECT_VIEW, rows).order_by("name")[:PROJECTS])


def _newest_releases(actor: Actor, projects: Sequence[Project]) -> list[Release]:
    """By project, the newest first."""
    rows = Release.objects.filter(project__in=projects)
    numbered = visible(actor, Permission.RELEASE_VIEW, rows).annotate(
        number=Window(
            RowNumber(),
            partition_by=F("project_id"),
            order_by=[F("assembled_at").desc(), F("id").desc()],
        )
    )
    return list(
        numbered.filter(number__lte=NEWEST)
        .select_related("project", "channel")
        .order_by("project__name", "-assembled_at", "-id")
    )

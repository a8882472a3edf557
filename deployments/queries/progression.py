"""Where releases stand in their lifecycles, for one release or a page of them. domain.md 8."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q

from deployments.core import lifecycles
from deployments.core.lifecycles import Progression
from deployments.core.states import TaskState
from deployments.models import Defect, Deployment, Environment, Lifecycle, Phase, Release
from deployments.queries.tenants import Subject, connected_environments
from spaces.models import Space


def progression_of(release: Release) -> Progression:
    """Where one release stands and may go. Its lifecycle is looked up now, not as of creation."""
    return progressions([release])[release.pk]


def progressions(releases: Sequence[Release]) -> dict[int, Progression]:
    """The same for many releases of one space, by release id, in five queries however many.

    A project that deploys for tenants only stands where any of them does. The releases need `project` and `channel` loaded.
    """
    if not releases:
        return {}
    phases = effective_phases(releases[0].space_id, {lifecycle_id(release) for release in releases})
    done = _successes(releases)
    blocked = _with_defect(releases)
    return {
        release.pk: lifecycles.progression(
            phases[lifecycle_id(release)],
            done[release.pk],
            has_defect=release.pk in blocked,
        )
        for release in releases
    }


def standings(release: Release, subjects: Sequence[Subject]) -> dict[int | None, Progression]:
    """Where one release stands for each subject, by the tenant's id, in six queries however many.

    Each progresses by itself; a phase in which it has no environment is passed by whoever did (8.3(7)).
    """
    phases = effective_phases(release.space_id, [lifecycle_id(release)])[lifecycle_id(release)]
    done: dict[int | None, set[int]] = defaultdict(set)
    rows = Deployment.objects.filter(release=release, task__state=TaskState.SUCCESS.value)
    for tenant_id, environment_id in rows.values_list("tenant_id", "environment_id").distinct():
        done[tenant_id].add(environment_id)
    gaps = lifecycles.satisfied_gaps(
        phases, set().union(*done.values()), connected_environments(release.project)
    )
    has_defect = release.pk in _with_defect([release])
    return {
        subject.id: lifecycles.progression(
            phases
            if subject.tenant is None
            else lifecycles.for_subject(phases, subject.connected or frozenset()),
            done[subject.id],
            gaps_satisfied=None if subject.tenant is None else gaps,
            has_defect=has_defect,
        )
        for subject in subjects
    }


def lifecycle_id(release: Release) -> int:
    """The channel's lifecycle, else the project's: resolved at use (domain.md 8.2)."""
    return int(release.channel.lifecycle_id or release.project.lifecycle_id)


def effective_phases(
    space: Space | int, lifecycle_ids: Iterable[int]
) -> dict[int, tuple[lifecycles.Phase, ...]]:
    """The phases of these lifecycles as they count today, by lifecycle id."""
    wanted = set(lifecycle_ids)
    rows = (
        Phase.objects.in_space(space)
        .filter(lifecycle_id__in=wanted)
        .prefetch_related("environments")
        .order_by("sort_order", "id")
    )
    stored: dict[int, list[lifecycles.Phase]] = defaultdict(list)
    for row in rows:
        stored[row.lifecycle_id].append(phase_value(row))
    order = list(Environment.objects.in_space(space).values_list("pk", flat=True))
    return {pk: lifecycles.effective_phases(stored[pk], order) for pk in wanted}


def phases_of(lifecycle: Lifecycle) -> tuple[lifecycles.Phase, ...]:
    """The effective phases of one lifecycle."""
    return effective_phases(lifecycle.space_id, [lifecycle.pk])[lifecycle.pk]


def phase_value(row: Phase) -> lifecycles.Phase:
    """A stored phase as a plain value."""
    members = list(row.environments.all())
    return lifecycles.Phase(
        id=f"Phases-{row.pk}",
        name=row.name,
        automatic=tuple(m.environment_id for m in members if m.is_automatic),
        manual=tuple(m.environment_id for m in members if not m.is_automatic),
        minimum=row.minimum_environments,
        is_optional=row.is_optional,
        is_priority=row.is_priority,
    )


def _successes(releases: Sequence[Release]) -> dict[int, set[int]]:
    """Environments where each release ever succeeded: later failures do not revoke it (8.3(2))."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = (
        Deployment.objects.filter(
            Q(tenant__isnull=True) | Q(project__tenanted_mode="Tenanted"),
            release__in=releases,
            task__state=TaskState.SUCCESS.value,
        )
        .values_list("release_id", "environment_id")
        .distinct()
    )
    for release_id, environment_id in rows:
        found[release_id].add(environment_id)
    return found


def _with_defect(releases: Sequence[Release]) -> set[int]:
    rows = Defect.objects.filter(release__in=releases, resolved_at__isnull=True)
    return set(rows.values_list("release_id", flat=True))

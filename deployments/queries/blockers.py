"""Why something cannot be done now, all reasons at once, for buttons, previews, services and workers.

Whoever offers an act asks here, and the service that performs it asks the same function, so no button
promises what the POST refuses (ui.md U1, U11).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployments.core.lifecycles import Progression
from deployments.core.plan import Plan
from deployments.core.tags import carries, in_words
from deployments.models import Assembly, Environment, Package, Project, Release, Tenant
from deployments.queries.plan_inputs import NO_OPTIONS, RunOptions, machines_in, plan_of
from deployments.queries.progression import progressions, standings
from deployments.queries.tenant_values import TenantValues
from deployments.queries.tenants import UNTENANTED, Subject, subjects
from deployments.queries.variable_inputs import missing_answers
from spaces.access import allowed
from spaces.actors import Actor
from spaces.permissions import Permission


@dataclass(frozen=True)
class Blocker:
    """One reason: a stable code for programs, a sentence for people (ui.md 4.3)."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Place:
    """Where a release may be deployed: an environment, for a tenant or for none."""

    environment: Environment
    tenant: Tenant | None = None

    def __str__(self) -> str:
        return f"{self.environment} for {self.tenant}" if self.tenant else str(self.environment)


def deploy_blockers(
    actor: Actor,
    release: Release,
    environment: Environment,
    options: RunOptions = NO_OPTIONS,
    planned: Plan | None = None,
    tenant: Tenant | None = None,
) -> list[Blocker]:
    """Why `actor` cannot deploy this now, permission first. Empty: the service will accept it.

    planned: the plan of exactly this, for a caller who has worked it out.
    """
    return permission_blockers(actor, release, environment, tenant) + deployment_blockers(
        release, environment, options, planned, tenant
    )


def permission_blockers(
    actor: Actor, release: Release, environment: Environment, tenant: Tenant | None = None
) -> list[Blocker]:
    if allowed(
        actor, Permission.DEPLOYMENT_CREATE, release, environment=environment, tenant=tenant
    ):
        return []
    place = Place(environment, tenant)
    return [Blocker("no-permission", f"Your teams do not allow you to deploy to {place}.")]


def deployment_blockers(
    release: Release,
    environment: Environment,
    options: RunOptions = NO_OPTIONS,
    planned: Plan | None = None,
    tenant: Tenant | None = None,
) -> list[Blocker]:
    """What stands in the way whoever asks: project, tenant, lifecycle, packages, answers, targets,
    options. domain.md 17.2: all of it together.
    """
    place = Place(environment, tenant)
    plans = {place: planned} if planned else None
    return places_blockers(release, [place], options, plans)[place]


def places_blockers(
    release: Release,
    places: Sequence[Place],
    options: RunOptions = NO_OPTIONS,
    plans: Mapping[Place, Plan] | None = None,
) -> dict[Place, list[Blocker]]:
    """The same for many places at once; the number of queries depends on the environments alone.

    plans: of exactly these places, for a caller who has worked them out.
    """
    starting = places_start_blockers(release, places)
    people = {s.id: s for s in subjects(release.project, _tenants(places))}
    environments = {place.environment for place in places}
    choices = {e: [*choice_blockers(release, e, options)] for e in environments}
    machines = {} if plans else {e: machines_in(e) for e in environments}

    def plan_at(place: Place) -> Plan:
        if plans:
            return plans[place]
        subject, there = people[_id(place.tenant)], machines[place.environment]
        return plan_of(release, place.environment, options, subject, there)

    return {
        place: [
            *starting[place],
            *choices[place.environment],
            *(Blocker("no-targets", problem) for problem in plan_at(place).problems),
        ]
        for place in places
    }


def choice_blockers(
    assembly: Assembly, environment: Environment, options: RunOptions
) -> Iterator[Blocker]:
    """What is wrong with what a person chose and answered."""
    yield from _choice_blockers(assembly, environment, options)
    yield from _prompt_blockers(assembly, environment, options)


def start_blockers(
    release: Release, environment: Environment, tenant: Tenant | None = None
) -> list[Blocker]:
    """What can change between queueing and starting, so the worker asks again. domain.md 17.4."""
    place = Place(environment, tenant)
    return places_start_blockers(release, [place])[place]


def places_start_blockers(release: Release, places: Sequence[Place]) -> dict[Place, list[Blocker]]:
    """The same for many places at once, in constant queries."""
    people = {s.id: s for s in subjects(release.project, _tenants(places))}
    where = standings(release, list(people.values()))
    gaps = gap_blockers(release.project, places)
    names, packages = environment_names(release.space_id), package_blockers(release)
    found = {}
    for place in places:
        subject = people[_id(place.tenant)]
        tenanted = tenant_blockers(release, place.environment, subject)
        found[place] = [
            *project_blockers(release.project),
            *(tenanted or lifecycle_blockers(where[subject.id], place, release, names)),
            *(() if tenanted else gaps[place]),
            *packages,
        ]
    return found


def gap_blockers(project: Project, places: Sequence[Place]) -> dict[Place, list[Blocker]]:
    """What tenants have no value for where they need one, in constant queries. domain.md 14.5."""
    tenants = [place.tenant for place in places if place.tenant is not None]
    values = TenantValues.of(project, tenants)
    return {
        place: [
            Blocker(
                "missing-tenant-values", f"{place.tenant} has no value for {template} in {env}."
            )
            for env in [place.environment]
            for template in values.missing(_id(place.tenant), env.pk)
        ]
        for place in places
    }


def tenant_blockers(release: Release, environment: Environment, subject: Subject) -> list[Blocker]:
    """Whether the project deploys for this subject there: mode, state, connection, channel. 17.2, 23.1."""
    project, tenant = release.project, subject.tenant
    if tenant is None:
        if project.tenanted_mode != "Tenanted":
            return []
        return [Blocker("tenant", f"{project} is deployed for tenants only: choose tenants.")]
    found = []
    if project.tenanted_mode == "Untenanted":
        found.append(f"{project} is deployed without tenants.")
    if tenant.is_disabled:
        found.append(f"The tenant {tenant} is disabled.")
    if environment.pk not in (subject.connected or ()):
        found.append(f"The tenant {tenant} is not connected to {project} in {environment}.")
    if not carries(release.channel.tenant_tags, subject.tags):
        meant = in_words(release.channel.tenant_tags)
        found.append(f"The channel {release.channel} is for tenants with {meant}, not {tenant}.")
    return [Blocker("tenant", text) for text in found]


def project_blockers(project: Project) -> list[Blocker]:
    if not project.is_disabled:
        return []
    return [Blocker("archived", f"The project {project} is disabled.")]


def lifecycle_blockers(
    standing: Progression, place: Place, release: Release, names: Mapping[int, str]
) -> list[Blocker]:
    """Whether the lifecycle, or a defect, holds the release back from the place.

    names: of the space's environments, by id.
    """
    environment, whom = place.environment, f" for {place.tenant}" if place.tenant else ""
    phase = standing.phase_of(environment.pk)
    if phase is None:
        text = f"{environment} is not part of the lifecycle that {release} follows."
        return [Blocker("lifecycle", text)]
    found = []
    if not phase.reachable:
        missing = _missing_names(standing, environment, names)
        found.append(
            Blocker("lifecycle", f"{release} must succeed in {missing} before {environment}{whom}.")
        )
    if phase.blocked:
        text = f"{release} is blocked by an unresolved problem and cannot go to {environment}."
        found.append(Blocker("release-blocked", text))
    return found


def board_blockers(
    actor: Actor,
    releases: Sequence[Release],
    environments: Sequence[Environment],
    standings: Mapping[int, Progression] | None = None,
) -> dict[tuple[int, int], list[Blocker]]:
    """Permission, project and lifecycle for a board, by (release id, environment id), in constant
    queries. Targets, packages and answers are judged on the deploy page, before anything is queued.

    standings: where the releases stand, for a caller who has worked that out.
    """
    if not releases:
        return {}
    names = environment_names(releases[0].space_id)
    standings = progressions(releases) if standings is None else standings
    return {
        (release.pk, environment.pk): [
            *permission_blockers(actor, release, environment),
            *project_blockers(release.project),
            *(
                tenant_blockers(release, environment, UNTENANTED)
                or lifecycle_blockers(standings[release.pk], Place(environment), release, names)
            ),
        ]
        for release in releases
        for environment in environments
    }


def environment_names(space_id: int) -> dict[int, str]:
    """What the environments of a space are called, by id."""
    return dict(Environment.objects.in_space(space_id).values_list("pk", "name"))


def _missing_names(
    standing: Progression, environment: Environment, names: Mapping[int, str]
) -> str:
    """The phases that hold it up; one in which a tenant has no environment waits for anybody else."""
    return " and ".join(
        (phase.name or _listed(phase.environments or phase.others, names))
        + ("" if phase.environments else " (for any tenant)")
        for phase in standing.missing_before(environment.pk)
    )


def _listed(environments: Iterable[int], names: Mapping[int, str]) -> str:
    return " and ".join(names[env] for env in environments if env in names)


def package_blockers(assembly: Assembly) -> list[Blocker]:
    """Packages of the built-in feed that were deleted after they were frozen."""
    wanted = {item["sha256"]: item for item in assembly.packages if item.get("sha256")}
    there = set(
        Package.objects.in_space(assembly.space_id)
        .filter(sha256__in=list(wanted))
        .values_list("sha256", flat=True)
    )
    return [
        Blocker(
            "missing-package",
            f"The package {item['package_id']} {item['version']} (step {item['step_name']}) "
            "is no longer in the feed.",
        )
        for sha256, item in wanted.items()
        if sha256 not in there
    ]


def _prompt_blockers(
    assembly: Assembly, environment: Environment, options: RunOptions
) -> Iterable[Blocker]:
    return (
        Blocker("missing-variables", f"A value for {label} is required.")
        for label in missing_answers(assembly, environment.pk, options.form_values)
    )


def _choice_blockers(
    assembly: Assembly, environment: Environment, options: RunOptions
) -> Iterable[Blocker]:
    actions = {a.id: a for step in assembly.steps for a in step.actions}
    noun = assembly._meta.verbose_name
    for action_id in sorted(options.skip_actions):
        action = actions.get(action_id)
        if action is None:
            yield Blocker("options", f"There is no step {action_id} to skip in this {noun}.")
        elif action.is_required or _is_guarded(action.properties):
            yield Blocker("options", f"The step {action.name} is required and cannot be skipped.")
    if both := options.specific_machines & options.excluded_machines:
        yield Blocker("options", f"{len(both)} targets are both chosen and excluded.")
    yield from _machine_blockers(environment, options)


def _machine_blockers(environment: Environment, options: RunOptions) -> Iterable[Blocker]:
    named = options.specific_machines | options.excluded_machines
    if not named:
        return
    there = set(environment.targets.filter(target_id__in=named).values_list("target_id", flat=True))
    for machine_id in sorted(named - there):
        yield Blocker("options", f"Machines-{machine_id} is not a target of {environment}.")


def _is_guarded(properties: object) -> bool:
    """A manual intervention with responsible teams is required by nature (domain.md 11.1)."""
    return isinstance(properties, dict) and bool(
        properties.get("Octopus.Action.Manual.ResponsibleTeamIds", "").strip()
    )


def _tenants(places: Sequence[Place]) -> list[Tenant | None]:
    return list({_id(place.tenant): place.tenant for place in places}.values())


def _id(tenant: Tenant | None) -> int | None:
    return tenant.pk if tenant else None

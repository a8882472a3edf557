"""Why something cannot be done now, all reasons at once, for buttons, previews, services and workers.

Whoever offers an act asks here, and the service that performs it asks the same function, so no button
promises what the POST refuses (ui.md U1, U11).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deployments.core.lifecycles import Progression
from deployments.core.plan import Plan
from deployments.models import Assembly, Environment, Package, Project, Release
from deployments.queries.plan_inputs import NO_OPTIONS, RunOptions, plan_of
from deployments.queries.progression import progression_of, progressions
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


def deploy_blockers(
    actor: Actor,
    release: Release,
    environment: Environment,
    options: RunOptions = NO_OPTIONS,
    planned: Plan | None = None,
) -> list[Blocker]:
    """Why `actor` cannot deploy this now, permission first. Empty: the service will accept it.

    planned: the plan of exactly this, for a caller who has worked it out.
    """
    return permission_blockers(actor, release, environment) + deployment_blockers(
        release, environment, options, planned
    )


def permission_blockers(actor: Actor, release: Release, environment: Environment) -> list[Blocker]:
    if allowed(actor, Permission.DEPLOYMENT_CREATE, release, environment=environment):
        return []
    return [Blocker("no-permission", f"Your teams do not allow you to deploy to {environment}.")]


def deployment_blockers(
    release: Release,
    environment: Environment,
    options: RunOptions = NO_OPTIONS,
    planned: Plan | None = None,
) -> list[Blocker]:
    """What stands in the way whoever asks: project, lifecycle, packages, answers, targets, options.

    domain.md 17.2: all of it together.
    """
    return [
        *start_blockers(release, environment),
        *option_blockers(release, environment, options, planned),
    ]


def option_blockers(
    assembly: Assembly,
    environment: Environment,
    options: RunOptions,
    planned: Plan | None = None,
) -> list[Blocker]:
    """What is wrong with the choices for a run, and whether it would reach any target."""
    planned = planned or plan_of(assembly, environment, options)
    return [
        *_choice_blockers(assembly, environment, options),
        *_prompt_blockers(assembly, environment, options),
        *(Blocker("no-targets", problem) for problem in planned.problems),
    ]


def start_blockers(release: Release, environment: Environment) -> list[Blocker]:
    """What can change between queueing and starting, so the worker asks again. domain.md 17.4."""
    return [
        *project_blockers(release.project),
        *lifecycle_blockers(
            progression_of(release), environment, release, environment_names(release.space_id)
        ),
        *package_blockers(release),
    ]


def project_blockers(project: Project) -> list[Blocker]:
    if not project.is_disabled:
        return []
    return [Blocker("archived", f"The project {project} is disabled.")]


def lifecycle_blockers(
    standing: Progression, environment: Environment, release: Release, names: Mapping[int, str]
) -> list[Blocker]:
    """Whether the lifecycle, or a defect, holds the release back from the environment.

    names: of the space's environments, by id.
    """
    phase = standing.phase_of(environment.pk)
    if phase is None:
        text = f"{environment} is not part of the lifecycle that {release} follows."
        return [Blocker("lifecycle", text)]
    found = []
    if not phase.reachable:
        missing = _missing_names(standing, environment, names)
        found.append(
            Blocker("lifecycle", f"{release} must succeed in {missing} before {environment}.")
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
            *lifecycle_blockers(standings[release.pk], environment, release, names),
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
    return " and ".join(
        phase.name or " and ".join(names[env] for env in phase.environments if env in names)
        for phase in standing.missing_before(environment.pk)
    )


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

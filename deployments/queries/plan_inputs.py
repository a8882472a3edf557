"""Rows -> PlanInput: what the planner needs to know about one deployment, made or only thought of."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployments.core.plan import ChosenPackage, Plan, PlanInput, plan
from deployments.core.states import Health
from deployments.core.targeting import Machine, Selected, Selection, select
from deployments.models import Deployment, Environment, Release, Target


@dataclass(frozen=True)
class DeploymentOptions:
    """What a person may choose about a deployment besides release and environment. domain.md 17.1.

    skip_actions: action ids. machines: target ids. form_values: prompted variables by name.
    use_guided_failure: None = as configured. queue_time: None = now.
    """

    skip_actions: frozenset[str] = frozenset()
    specific_machines: frozenset[int] = frozenset()
    excluded_machines: frozenset[int] = frozenset()
    form_values: dict[str, str] = field(default_factory=dict)
    use_guided_failure: bool | None = None
    force_package_download: bool = False
    force_package_redeployment: bool = False
    queue_time: datetime | None = None
    queue_expiry: datetime | None = None
    comments: str = ""

    @classmethod
    def of(cls, deployment: Deployment) -> "DeploymentOptions":
        """The options a deployment was made with; sealed answers are left out."""
        return cls(
            skip_actions=frozenset(deployment.skip_actions),
            specific_machines=frozenset(deployment.specific_machines),
            excluded_machines=frozenset(deployment.excluded_machines),
            form_values=dict(deployment.form_values),
            use_guided_failure=deployment.use_guided_failure,
            force_package_download=deployment.force_package_download,
            force_package_redeployment=deployment.force_package_redeployment,
            comments=deployment.comments,
        )


NO_OPTIONS = DeploymentOptions()


def plan_of(release: Release, environment: Environment, options: DeploymentOptions) -> Plan:
    """What deploying this would do now: the preview's and the blockers' source."""
    return plan(plan_input(release, environment, options))


def plan_input(
    release: Release, environment: Environment, options: DeploymentOptions = NO_OPTIONS
) -> PlanInput:
    """Everything planning asks for, in three queries."""
    return PlanInput(
        steps=release.process.parsed,
        environment=environment.pk,
        machines=selected_machines(release, environment, options),
        channel=release.channel_id,
        skipped=options.skip_actions,
        packages=chosen_packages(release.packages),
        allow_no_targets=release.project.allow_no_targets,
    )


def selected_machines(
    release: Release, environment: Environment, options: DeploymentOptions
) -> Selected:
    """The targets of the environment that this deployment reaches. domain.md 17.5."""
    return select(
        machines_in(environment),
        Selection(
            environment=environment.pk,
            only=options.specific_machines,
            excluded=options.excluded_machines,
            skip_unavailable=release.project.skip_unavailable_targets,
            exclude_unhealthy=release.project.exclude_unhealthy_targets,
        ),
    )


def machines_in(environment: Environment) -> list[Machine]:
    """The targets of an environment as plain values, disabled ones included."""
    rows = Target.objects.in_space(environment.space_id).filter(
        environments__environment_id=environment.pk
    )
    return [machine_value(row, environment.pk) for row in rows]


def machine_value(row: Target, *environments: int) -> Machine:
    """A stored target as a plain value."""
    return Machine(
        id=row.pk,
        name=row.name,
        roles=frozenset(role.lower() for role in row.roles),
        environments=frozenset(environments),
        health=Health(row.health),
        is_disabled=row.is_disabled,
        participation=row.tenanted_participation,
    )


def chosen_packages(packages: list[dict[str, Any]]) -> dict[tuple[str, str], ChosenPackage]:
    """A release's frozen packages, by (action id, reference name)."""
    return {
        (item["action"], item["reference"]): ChosenPackage(
            package_id=item["package_id"],
            version=item["version"],
            feed=item.get("feed"),
            extension=item.get("extension", ".zip"),
            sha256=item.get("sha256", ""),
            size=item.get("size", 0),
        )
        for item in packages
    }

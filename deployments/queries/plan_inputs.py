"""Rows -> PlanInput: what the planner needs to know about one process run, made or only thought of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployments.core.plan import ChosenPackage, Plan, PlanInput, plan
from deployments.core.states import Health
from deployments.core.targeting import Machine, Selected, Selection, select
from deployments.models import Assembly, Environment, ProcessRun, Target
from deployments.queries.tenants import UNTENANTED, Subject


@dataclass(frozen=True)
class RunOptions:
    """What a person may choose about a deployment or runbook run besides what and where. domain.md 17.1.

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
    def of(cls, run: ProcessRun) -> "RunOptions":
        """The options a run was made with; sealed answers are left out."""
        return cls(
            skip_actions=frozenset(run.skip_actions),
            specific_machines=frozenset(run.specific_machines),
            excluded_machines=frozenset(run.excluded_machines),
            form_values=dict(run.form_values),
            use_guided_failure=run.use_guided_failure,
            force_package_download=run.force_package_download,
            force_package_redeployment=run.force_package_redeployment,
            comments=run.comments,
        )


NO_OPTIONS = RunOptions()


def plan_of(
    assembly: Assembly,
    environment: Environment,
    options: RunOptions,
    subject: Subject = UNTENANTED,
    machines: Sequence[Machine] | None = None,
) -> Plan:
    """What carrying this out would do now: the preview's and the blockers' source.

    machines: those of the environment, for a caller who asks for many subjects.
    """
    return plan(plan_input(assembly, environment, options, subject, machines))


def plan_input(
    assembly: Assembly,
    environment: Environment,
    options: RunOptions = NO_OPTIONS,
    subject: Subject = UNTENANTED,
    machines: Sequence[Machine] | None = None,
) -> PlanInput:
    """Everything planning asks for, in four queries."""
    return PlanInput(
        steps=assembly.steps,
        environment=environment.pk,
        machines=selected_machines(assembly, environment, options, subject, machines),
        channel=assembly.channel_number,
        tenant=subject.id,
        tenant_tags=subject.tags,
        skipped=options.skip_actions,
        packages=chosen_packages(assembly.packages),
        allow_no_targets=assembly.settings.allow_no_targets,
    )


def selected_machines(
    assembly: Assembly,
    environment: Environment,
    options: RunOptions,
    subject: Subject = UNTENANTED,
    machines: Sequence[Machine] | None = None,
) -> Selected:
    """The targets of the environment that a run reaches. domain.md 17.5."""
    return select(
        machines_in(environment) if machines is None else machines,
        Selection(
            environment=environment.pk,
            tenant=subject.id,
            tenant_tags=subject.tags,
            only=options.specific_machines,
            excluded=options.excluded_machines,
            skip_unavailable=assembly.settings.skip_unavailable_targets,
            exclude_unhealthy=assembly.settings.exclude_unhealthy_targets,
        ),
    )


def machines_in(environment: Environment) -> list[Machine]:
    """The targets of an environment as plain values, disabled ones included."""
    rows = Target.objects.in_space(environment.space_id).filter(
        environments__environment_id=environment.pk
    )
    return [machine_value(row, environment.pk) for row in rows.prefetch_related("tenants")]


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
        tenants=frozenset(member.tenant_id for member in row.tenants.all()),
        tenant_tags=frozenset(row.tenant_tags),
    )


def chosen_packages(packages: list[dict[str, Any]]) -> dict[tuple[str, str], ChosenPackage]:
    """The frozen packages of an assembly, by (action id, reference name)."""
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

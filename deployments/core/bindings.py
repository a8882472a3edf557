"""What each name means in each place of a process run: system values, defined ones, outputs. Pure.

Rules: variables-and-versions.md 2-4, domain.md 14. Values are templates still; `core.templates` evaluates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.core.operations import OutputValue
from deployments.core.plan import Plan, PlannedAction, PlannedMachine, PlannedStep
from deployments.core.release_notes import changes_variables
from deployments.core.tags import tag_keys
from deployments.core.templates import Variables, get_flag
from deployments.core.variables import DEPLOYMENT_PROCESS, Definition, Resolver, Situation

Values = dict[str, str]


@dataclass(frozen=True)
class Thing:
    """A row other rows are told about by the id clients see and its name."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Person:
    id: str = ""
    username: str = ""
    display_name: str = ""
    email: str = ""


@dataclass(frozen=True)
class ReleaseFacts:
    """The release that is deployed, and its neighbours (id, number) where there are any."""

    id: str = ""
    number: str = ""
    notes: str = ""
    created: str = ""
    channel: Thing = Thing()
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    previous: Thing = Thing()
    previous_here: Thing = Thing()
    current_here: Thing = Thing()


@dataclass(frozen=True)
class MachineFacts:
    """A target, with what its endpoint tells scripts (never a secret)."""

    machine: Thing
    roles: tuple[str, ...] = ()
    host: str = ""
    endpoint: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunFacts:
    """A deployment or runbook run as values. ids of machines are row ids; times are ISO 8601.

    mode: Deploy, Redeploy or Rollback (domain.md 14.7). links: by the last part of their names, such as
    "ProjectLink". changes: documents of `core.release_notes`. secrets: sensitive properties, opened, by action id.
    own: what only this kind of run tells, by whole names. process: whose scope it is in
    (`VariableScope.processes`).
    """

    space: Thing = Thing()
    project: Thing = Thing()
    group: Thing = Thing()
    environment: Thing = Thing()
    environment_order: int = 0
    release: ReleaseFacts = ReleaseFacts()
    deployment: Thing = Thing()
    created: str = ""
    created_by: Person = Person()
    comments: str = ""
    changes: Sequence[Mapping[str, Any]] = ()
    changes_markdown: str = ""
    mode: str = "Deploy"
    previous_successful: str = ""
    force_download: bool = False
    force_redeployment: bool = False
    specific_machines: tuple[str, ...] = ()
    excluded_machines: tuple[str, ...] = ()
    task: Thing = Thing()
    arguments: Mapping[str, str] = field(default_factory=dict)
    queue_time: str = ""
    queue_expiry: str = ""
    machines: Mapping[int, MachineFacts] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tenant: Thing = Thing()
    tenant_tags: tuple[str, ...] = ()
    tenant_id: int | None = None
    environment_id: int | None = None
    channel_id: int | None = None
    own: Mapping[str, str] = field(default_factory=dict)
    process: str = DEPLOYMENT_PROCESS


@dataclass(frozen=True)
class Standing:
    """How a step or action stands: Pending, Skipped, Abandoned, Canceled, Running, Succeeded, Failed."""

    code: str = "Pending"
    error: str = ""


@dataclass(frozen=True)
class Progress:
    """What a run has come to so far. `error` is set from the first failure that counts on."""

    outputs: tuple[OutputValue, ...] = ()
    steps: Mapping[str, Standing] = field(default_factory=dict)
    actions: Mapping[str, Standing] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Bound:
    """The variables of one place. sensitive: canonical (lower-case) names of those to be hidden."""

    variables: Variables
    sensitive: frozenset[str]


class Bindings:
    """Binds names for one run. What does not depend on the place is worked out once."""

    def __init__(self, facts: RunFacts, definitions: Sequence[Definition], plan: Plan) -> None:
        self._facts = facts
        self._definitions = tuple(definitions)
        self._resolver = Resolver(self._definitions)
        self._system = system_values(facts) | _process_values(plan)

    def flag(self, name: str) -> bool:
        """Whether a switch is on for the run as a whole. domain.md 14.6."""
        return get_flag(self.bind(Progress()).variables, name)

    def secrets(self) -> Iterator[str]:
        """Every sensitive value in play, whatever its scope: none may show in a log."""
        for definition in self._definitions:
            if definition.is_sensitive and definition.value:
                yield definition.value
        for properties in self._facts.secrets.values():
            yield from properties.values()

    def secret_names(self, action: PlannedAction) -> Iterator[str]:
        """The sensitive properties of an action."""
        return iter(self._facts.secrets.get(action.action.id, ()))

    def bind(
        self,
        progress: Progress,
        step: PlannedStep | None = None,
        action: PlannedAction | None = None,
        machine: PlannedMachine | None = None,
    ) -> Bound:
        """The variables as `step`, `action` and `machine` see them; None where there is none.

        System values win over outputs, these over defined values, whatever their scopes.
        """
        defined = self._resolver.at(self._situation(step, action, machine))
        outputs = output_values(progress.outputs, machine.id if machine else None)
        place = _place_values(step, action, machine, self._facts)
        values = {
            **{definition.name: definition.value for definition in defined.values()},
            **outputs,
            **self._system,
            **_standing_values(progress),
            **place,
        }
        secret = self._facts.secrets.get(action.action.id, {}) if action else {}
        sensitive = {name for name, definition in defined.items() if definition.is_sensitive}
        sensitive |= {name.lower() for name in secret}
        sensitive |= _sensitive_outputs(progress.outputs)
        return Bound(Variables({**values, **secret}), frozenset(sensitive))

    def _situation(
        self,
        step: PlannedStep | None,
        action: PlannedAction | None,
        machine: PlannedMachine | None,
    ) -> Situation:
        ids = {step.step.id, step.step.slug} if step else set()
        if action:
            ids |= {action.action.id, action.action.slug}
        return Situation(
            environment=self._facts.environment_id,
            machine=machine.id if machine else None,
            machine_roles=frozenset(role.lower() for role in machine.roles)
            if machine
            else frozenset(),
            step_roles=frozenset(step.step.roles) if step else frozenset(),
            actions=frozenset(ids - {""}),
            channel=self._facts.channel_id,
            tenant=self._facts.tenant_id,
            tenant_tags=tag_keys(self._facts.tenant_tags),
            process=self._facts.process,
        )


def output_values(outputs: Sequence[OutputValue], machine_id: int | None) -> Values:
    """`Octopus.Action[Step].Output.Name` and its per-machine forms; on its own machine a step's own
    value counts, elsewhere the last one written. variables-and-versions.md 4."""
    values: Values = {}
    for output in outputs:
        values[f"Octopus.Action[{output.step}].Output.{output.name}"] = output.value
        if output.machine:
            name = f"Octopus.Action[{output.step}].Output[{output.machine[1]}].{output.name}"
            values[name] = output.value
    own = (o for o in outputs if o.machine and o.machine[0] == machine_id)
    values.update({f"Octopus.Action[{o.step}].Output.{o.name}": o.value for o in own})
    return values


def _sensitive_outputs(outputs: Sequence[OutputValue]) -> set[str]:
    secret = [output for output in outputs if output.is_sensitive]
    return {name.lower() for name in output_values(secret, None)}


def system_values(facts: RunFacts) -> Values:
    """Every system value that is the same everywhere in the run. Empty ones are left out, so
    that templates can ask whether there is one."""
    found = {
        **_release_values(facts.release),
        **changes_variables(facts.changes),
        **_deployment_values(facts),
        **_where_values(facts),
        **{f"Octopus.Web.{name}": link for name, link in facts.links.items()},
        **facts.own,
    }
    return {name: value for name, value in found.items() if value}


def _release_values(release: ReleaseFacts) -> Values:
    prefix = "Octopus.Release."
    values = {
        prefix + "Id": release.id,
        prefix + "Number": release.number,
        prefix + "Notes": release.notes,
        prefix + "Created": release.created,
        prefix + "Channel.Id": release.channel.id,
        prefix + "Channel.Name": release.channel.name,
        **{f"{prefix}CustomFields[{name}]": text for name, text in release.custom_fields.items()},
    }
    neighbours = {
        "Previous": release.previous,
        "PreviousForEnvironment": release.previous_here,
        "CurrentForEnvironment": release.current_here,
    }
    for name, neighbour in neighbours.items():
        values |= {
            f"{prefix}{name}.Id": neighbour.id,
            f"{prefix}{name}.Number": neighbour.name,
        }
    return values


def _deployment_values(facts: RunFacts) -> Values:
    prefix = "Octopus.Deployment."
    by = facts.created_by
    values = {
        prefix + "Id": facts.deployment.id,
        prefix + "Name": facts.deployment.name,
        prefix + "Comments": facts.comments,
        prefix + "ChangesMarkdown": facts.changes_markdown,
        prefix + "Created": facts.created,
        prefix + "CreatedBy.Id": by.id,
        prefix + "CreatedBy.Username": by.username,
        prefix + "CreatedBy.DisplayName": by.display_name,
        prefix + "CreatedBy.EmailAddress": by.email,
        prefix + "Mode": facts.mode,
        prefix + "PreviousSuccessful.Id": facts.previous_successful,
        prefix + "ForcePackageDownload": str(facts.force_download),
        prefix + "ForcePackageRedeployment": str(facts.force_redeployment),
        prefix + "SpecificMachines": ",".join(facts.specific_machines),
        prefix + "ExcludedMachines": ",".join(facts.excluded_machines),
        prefix + "Tenant.Id": facts.tenant.id,
        prefix + "Tenant.Name": facts.tenant.name,
        prefix + "Tenant.Tags": ",".join(facts.tenant_tags),
        prefix + "Machines": ",".join(m.machine.id for m in facts.machines.values()),
        "Octopus.Task.Id": facts.task.id,
        "Octopus.Task.Name": facts.task.name,
        "Octopus.Task.QueueTime": facts.queue_time,
        "Octopus.Task.QueueTimeExpiry": facts.queue_expiry,
        **{f"Octopus.Task.Argument[{name}]": text for name, text in facts.arguments.items()},
    }
    for known in facts.machines.values():
        values |= {
            f"{prefix}Targets[{known.machine.id}].Id": known.machine.id,
            f"{prefix}Targets[{known.machine.id}].Name": known.machine.name,
        }
    return values


def _where_values(facts: RunFacts) -> Values:
    things = {
        "Space": facts.space,
        "Project": facts.project,
        "ProjectGroup": facts.group,
        "Environment": facts.environment,
    }
    values = {f"Octopus.{kind}.Id": thing.id for kind, thing in things.items()}
    values |= {f"Octopus.{kind}.Name": thing.name for kind, thing in things.items()}
    values["Octopus.Environment.SortOrder"] = str(facts.environment_order)
    in_role: dict[str, list[str]] = {}
    for known in facts.machines.values():
        for role in known.roles:
            in_role.setdefault(role, []).append(known.machine.id)
    for role, ids in in_role.items():
        values[f"Octopus.Environment.MachinesInRole[{role}]"] = ",".join(ids)
    return values


def _process_values(plan: Plan) -> Values:
    """What every step may ask about every other."""
    values: Values = {}
    for step in plan.steps:
        name = f"Octopus.Step[{step.step.name}]"
        values |= {
            f"{name}.Id": step.step.id,
            f"{name}.Name": step.step.name,
            f"{name}.Number": str(step.number),
        }
        for action in step.actions:
            values |= _described(action, f"Octopus.Action[{action.action.name}]")
    return values


def _described(action: PlannedAction, prefix: str) -> Values:
    values = {
        f"{prefix}.Id": action.action.id,
        f"{prefix}.Name": action.action.name,
        f"{prefix}.Number": action.number,
        f"{prefix}.IsSkipped": "True" if action.skipped else "",
    }
    for reference, chosen in action.packages.items():
        base = f"{prefix}.Package[{reference}]" if reference else f"{prefix}.Package"
        values |= {
            f"{base}.PackageId": chosen.package_id,
            f"{base}.PackageVersion": chosen.version,
            f"{base}.FeedId": f"Feeds-{chosen.feed}" if chosen.feed else "",
        }
    return values


def _standing_values(progress: Progress) -> Values:
    values: Values = {}
    for kind, standings in (("Step", progress.steps), ("Action", progress.actions)):
        for name, standing in standings.items():
            values[f"Octopus.{kind}[{name}].Status.Code"] = standing.code
            if standing.error:
                values[f"Octopus.{kind}[{name}].Status.Error"] = standing.error
                values[f"Octopus.{kind}[{name}].Status.ErrorDetail"] = standing.error
    if progress.error:
        values["Octopus.Deployment.Error"] = progress.error
        values["Octopus.Deployment.ErrorDetail"] = progress.error
    return values


def _place_values(
    step: PlannedStep | None,
    action: PlannedAction | None,
    machine: PlannedMachine | None,
    facts: RunFacts,
) -> Values:
    values: Values = {}
    if step:
        values |= {
            **step.step.properties,
            "Octopus.Step.Id": step.step.id,
            "Octopus.Step.Name": step.step.name,
            "Octopus.Step.Number": str(step.number),
            "Octopus.Action.TargetRoles": ",".join(step.step.roles),
        }
    if action:
        values |= dict(action.action.properties) | _described(action, "Octopus.Action")
    if machine:
        values |= _machine_values(machine, facts.machines.get(machine.id))
    return values


def _machine_values(machine: PlannedMachine, known: MachineFacts | None) -> Values:
    values = {
        "Octopus.Machine.Id": f"Machines-{machine.id}",
        "Octopus.Machine.Name": machine.name,
        "Octopus.Machine.Roles": ",".join(machine.roles),
    }
    if known:
        values["Octopus.Machine.Hostname"] = known.host
        values |= {f"Octopus.Endpoint.{name}": text for name, text in known.endpoint.items()}
    return values

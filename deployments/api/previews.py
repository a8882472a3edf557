"""What a deployment would do, and where it could go: the documents of api-dialect.md 8.9."""

from typing import Any

from deployments.api.forms import control, element
from deployments.core.plan import Plan, PlannedAction, PlannedStep
from deployments.core.variables import VariableScope
from deployments.models import Assembly, Environment, Release, VariableSet
from deployments.queries.deployment_changes import ReleaseChanges, running_versions
from deployments.queries.plan_inputs import NO_OPTIONS, plan_of
from deployments.queries.progression import progression_of
from deployments.queries.switches import uses_guidance
from deployments.queries.variable_inputs import prompts_of
from deployments.steps.manual import TEAMS
from spaces.access import allowed, visible
from spaces.actors import Actor
from spaces.api.documents import api_address
from spaces.permissions import Permission


def template_document(actor: Actor, release: Release) -> dict[str, Any]:
    """Where the release can go now: environments that are open and that the actor may deploy to."""
    address = api_address(f"Spaces-{release.space_id}/releases/{release.wire_id}/deployments")
    return {
        "IsDeploymentProcessModified": release.process.version != release.project.process.version,
        "IsVariableSetModified": variables_changed(release),
        "IsLibraryVariableSetModified": library_changed(release),
        "DeploymentNotes": release.notes,
        "PromoteTo": [
            {
                "Id": environment.wire_id,
                "Name": environment.name,
                "Links": {
                    "Preview": f"{address}/preview/{environment.wire_id}{{?includeDisabledSteps}}"
                },
            }
            for environment in open_environments(actor, release)
        ],
        "TenantPromotions": [],
        "Links": {"Self": f"{address}/template"},
    }


def open_environments(actor: Actor, release: Release) -> list[Environment]:
    """The environments that the lifecycle opens and the actor may deploy to, in order."""
    rows = Environment.objects.in_space(release.space_id).filter(
        pk__in=progression_of(release).deployable
    )
    return [
        environment
        for environment in visible(actor, Permission.ENVIRONMENT_VIEW, rows)
        if allowed(actor, Permission.DEPLOYMENT_CREATE, release, environment=environment)
    ]


def preview_document(
    release: Release, environment: Environment, *, include_disabled: bool = False
) -> dict[str, Any]:
    """What deploying would do, and what it would bring."""
    document = run_preview(release, environment, include_disabled=include_disabled)
    return document | {"Changes": _changes(release, environment)}


def run_preview(
    assembly: Assembly, environment: Environment, *, include_disabled: bool = False
) -> dict[str, Any]:
    """The steps with their targets, and the questions to the person who runs them."""
    planned = plan_of(assembly, environment, NO_OPTIONS)
    steps = [
        _step(step, action, planned)
        for step in planned.steps
        for action in step.actions
        if include_disabled or not action.action.is_disabled
    ]
    return {
        "StepsToExecute": steps,
        "Form": _form(assembly, environment),
        "UseGuidedFailureModeByDefault": uses_guidance(assembly, environment, None),
        "ReleaseNotes": assembly.notes,
        "Changes": [],
        "Links": {},
    }


def _changes(release: Release, environment: Environment) -> list[dict[str, Any]]:
    running = running_versions(release, [environment])
    return ReleaseChanges(release).since(running.get(environment.pk)).documents


def _step(step: PlannedStep, action: PlannedAction, planned: Plan) -> dict[str, Any]:
    needs_targets = bool(step.step.roles)
    guarded = bool(action.action.properties.get(TEAMS, "").strip())
    return {
        "ActionId": action.action.id,
        "ActionName": action.action.name,
        "ActionNumber": action.number,
        "Roles": list(step.step.roles),
        "Machines": [
            {"Id": f"Machines-{machine.id}", "Name": machine.name} for machine in action.machines
        ],
        "MachineNames": [machine.name for machine in action.machines],
        "CanBeSkipped": not action.action.is_required and not guarded,
        "IsDisabled": action.action.is_disabled,
        "HasNoApplicableMachines": needs_targets and not action.machines,
        "UnavailableMachines": [
            {"Name": name, "Reason": why} for name, why in planned.left_out if needs_targets
        ],
        "ExcludedMachines": [],
        "SkippedReason": action.skipped,
    }


def _form(assembly: Assembly, environment: Environment) -> dict[str, Any]:
    """Prompted variables that apply there. Elements are named by the variable's id."""
    elements, values = [], {}
    for asked in prompts_of(assembly):
        scope = VariableScope.from_json(asked["scope"])
        if scope.environments and environment.pk not in scope.environments:
            continue
        name = f"Variables-{asked['id']}"
        required = bool(asked["prompt"].get("required"))
        said = control(
            "VariableValue",
            asked["name"],
            Label=asked["prompt"].get("label") or asked["name"],
            Description=asked["prompt"].get("description", ""),
            Required=required,
            DisplaySettings=_display(asked),
        )
        elements.append(element(name, said, required=required))
        values[name] = "" if asked["is_sensitive"] else asked["value"]
    return {"Values": values, "Elements": elements}


def _display(asked: dict[str, Any]) -> dict[str, str]:
    kind = "Sensitive" if asked["is_sensitive"] else asked["prompt"].get("control", "")
    shown = {"Octopus.ControlType": kind or "SingleLineText"}
    if options := asked["prompt"].get("options"):
        shown["Octopus.SelectOptions"] = options if isinstance(options, str) else "\n".join(options)
    return shown


def variables_changed(assembly: Assembly) -> bool:
    """Whether the project's own variables were saved after the assembly took its copy."""
    live = assembly.project.variable_set
    taken = assembly.variables.set_versions.get(str(live.pk))
    return taken is not None and taken != live.version


def library_changed(assembly: Assembly) -> bool:
    """Whether a library set was saved, included or left out after the assembly took its copy."""
    included = VariableSet.objects.filter(library_set_id__in=assembly.project.library_sets)
    live = included.filter(variables__isnull=False).distinct().values_list("pk", "version")
    own = str(assembly.project.variable_set.pk)
    taken = {pk: version for pk, version in assembly.variables.set_versions.items() if pk != own}
    return {str(pk): version for pk, version in live} != taken

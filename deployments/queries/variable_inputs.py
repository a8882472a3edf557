"""Variables of an assembly or a run as plain definitions for the resolver."""

from collections.abc import Iterable, Mapping
from typing import Any

from deployments.core.variables import Definition, Source, VariableScope
from deployments.models import (
    Assembly,
    ProcessRun,
    Project,
    Tenant,
    Variable,
    VariableSnapshot,
)
from deployments.queries.tenant_values import TenantValues
from spaces import secrets

PROMPTED_ID = 0


def definitions_for(run: ProcessRun) -> list[Definition]:
    """Every value a run may use, secrets opened: for the worker that runs it, nobody else.

    Prompted answers replace the definition of their name; what the tenant says counts as it is now.
    domain.md 14.3.
    """
    stored = definitions_of(run.assembly.variables, reveal=True)
    stored += tenant_definitions(run.project, run.tenant, reveal=True)
    return stored + _answers(run, stored)


def tenant_definitions(
    project: Project, tenant: Tenant | None, *, reveal: bool = False
) -> list[Definition]:
    """What the tenant says to the project's templates and its library sets'; nothing without a tenant."""
    if tenant is None:
        return []
    return TenantValues.of(project, [tenant]).definitions(tenant.pk, reveal=reveal)


def definitions_of(snapshot: VariableSnapshot, *, reveal: bool = False) -> list[Definition]:
    """The definitions of a snapshot. Without `reveal` sensitive ones have no value."""
    return [_definition(entry, snapshot.space_id, reveal=reveal) for entry in snapshot.entries]


def live_variables(project: Project) -> list[tuple[int, Variable]]:
    """(order, variable) of the project (order 0) and of its included library sets, in their order."""
    order = {pk: index for index, pk in enumerate(project.library_sets, start=1)}
    rows = Variable.objects.in_space(project.space_id).select_related("set")
    own = rows.filter(set__project=project)
    included = rows.filter(set__library_set_id__in=list(order))
    found = [(0, row) for row in own]
    return found + [(order[int(row.set.library_set_id or 0)], row) for row in included]


def variables_now(project: Project) -> VariableSnapshot:
    """What a snapshot of the project's variables would hold, not saved; secrets stay sealed."""
    rows = live_variables(project)
    return VariableSnapshot(
        space_id=project.space_id,
        project=project,
        entries=[_entry(order, row) for order, row in rows],
        set_versions={str(row.set_id): row.set.version for _, row in rows},
    )


def prompts_of(assembly: Assembly) -> list[dict[str, Any]]:
    """The prompted variables that runs of it may use, by label: {"id", "name", "prompt", "scope", "value",
    "is_sensitive"}. A sensitive one's stored value is left out."""
    prompted = [
        entry
        for entry in assembly.variables.entries
        if entry.get("prompt") is not None and _may_apply(entry["scope"], assembly)
    ]
    shown = [
        {key: entry[key] for key in ("id", "name", "prompt", "scope", "value", "is_sensitive")}
        for entry in prompted
    ]
    return sorted(shown, key=lambda entry: (entry["prompt"].get("label") or entry["name"]).lower())


def answers_by_name(assembly: Assembly, given: Mapping[str, str]) -> dict[str, str]:
    """Answers by the variables' names; they may come by the ids of the form's elements."""
    names = {f"Variables-{entry['id']}": entry["name"] for entry in prompts_of(assembly)}
    return {names.get(key, key): value for key, value in given.items()}


def missing_answers(
    assembly: Assembly, environment_id: int, form_values: Mapping[str, str]
) -> list[str]:
    """Labels of required prompts for this environment that stay blank. domain.md 14.4."""
    given = {name.lower(): value for name, value in form_values.items()}
    missing = []
    for entry in prompts_of(assembly):
        scope = VariableScope.from_json(entry["scope"])
        applies = not scope.environments or environment_id in scope.environments
        answer = given.get(entry["name"].lower(), entry["value"])
        has_stored_secret = entry["is_sensitive"] and entry["name"].lower() not in given
        if (
            applies
            and entry["prompt"].get("required")
            and not answer.strip()
            and not has_stored_secret
        ):
            missing.append(entry["prompt"].get("label") or entry["name"])
    return missing


def _may_apply(data: Mapping[str, Any], assembly: Assembly) -> bool:
    """Whether a value of this scope is for the assembly's process and channel. domain.md 14.4."""
    scope = VariableScope.from_json(data)
    return (not scope.processes or assembly.process_owner in scope.processes) and (
        not scope.channels or assembly.channel_number in scope.channels
    )


def _definition(entry: Mapping[str, Any], space_id: int, *, reveal: bool) -> Definition:
    value: str | None = entry["value"]
    if entry["is_sensitive"]:
        value = _opened(entry, space_id) if reveal else None
    return Definition(
        id=entry["id"],
        name=entry["name"],
        value=value,
        scope=VariableScope.from_json(entry["scope"]),
        is_sensitive=entry["is_sensitive"],
        source=Source.LIBRARY if entry["order"] else Source.PROJECT,
        order=entry["order"],
        type=entry["type"],
    )


def _entry(order: int, row: Variable) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "value": row.value,
        "secret": row.secret,
        "secret_id": str(row.secret_id),
        "is_sensitive": row.is_sensitive,
        "type": row.type,
        "scope": row.scope,
        "prompt": row.prompt,
        "order": order,
        "set": row.set_id,
    }


def _opened(entry: Mapping[str, Any], space_id: int) -> str:
    """A snapshot carries the sealed text with the identity it was sealed for."""
    if not entry["secret"]:
        return ""
    return secrets.open_(
        entry["secret"],
        table=Variable._meta.db_table,
        row=entry["secret_id"],
        field="secret",
        space_id=space_id,
    )


def _answers(run: ProcessRun, stored: Iterable[Definition]) -> list[Definition]:
    sensitive = {definition.name.lower() for definition in stored if definition.is_sensitive}
    values = dict(run.form_values) | run.reveal_json("sealed_form_values")
    return [
        Definition(
            id=PROMPTED_ID,
            name=name,
            value=value,
            is_sensitive=name.lower() in sensitive,
            source=Source.PROMPTED,
        )
        for name, value in values.items()
    ]

"""Which value each variable has somewhere, and why: for the preview page and the API. ui.md 7(g)."""

from collections.abc import Sequence
from dataclasses import dataclass

from deployments.core.tags import tag_keys
from deployments.core.templates import SelfReference, TemplateLimit, Variables, evaluate
from deployments.core.variables import (
    DEPLOYMENT_PROCESS,
    Definition,
    Explanation,
    Situation,
    by_name,
    explain,
    resolve,
)
from deployments.models import Environment, Project, Target, Tenant, Variable
from deployments.queries.tenant_value_access import TenantValueAccess
from deployments.queries.tenant_values import TenantValues
from deployments.queries.tenants import tags_of
from deployments.queries.variable_access import VariableAccess
from deployments.queries.variable_inputs import live_variables
from spaces.actors import Actor

HIDDEN = "********"


@dataclass(frozen=True)
class PreviewRow:
    """One name in one situation.

    value: the evaluated text, `HIDDEN` for a sensitive one, None when nothing applies.
    why: the winning definition and the losers with the rule that beat each. problems: in words.
    """

    name: str
    value: str | None
    is_sensitive: bool
    why: Explanation
    problems: tuple[str, ...] = ()


def variable_preview(
    actor: Actor, project: Project, where: Situation, tenant: Tenant | None = None
) -> list[PreviewRow]:
    """Every variable of the project, its library sets and the tenant that the actor may see, by name.

    tenant: that of the situation. Secrets are never opened: where another value includes one, it shows as `HIDDEN`.
    """
    definitions = visible_definitions(actor, project) + _of_tenant(actor, project, tenant)
    values = Variables(
        {
            winner.name: HIDDEN if winner.is_sensitive else winner.value
            for winner in resolve(definitions, where).values()
        }
    )
    return [
        _row(name, same_name, where, values)
        for name, same_name in sorted(by_name(definitions).items())
    ]


def visible_definitions(actor: Actor, project: Project) -> list[Definition]:
    """The project's and library sets' definitions that the actor may see, without secrets."""
    rows = live_variables(project)
    seen: set[int] = set()
    for variable_set in {row.set for _, row in rows}:
        access = VariableAccess.of(actor, variable_set)
        own: Sequence[Variable] = [row for _, row in rows if row.set_id == variable_set.pk]
        seen |= {row.pk for row in access.seen(own)}
    return [row.as_definition(order) for order, row in rows if row.pk in seen]


def _of_tenant(actor: Actor, project: Project, tenant: Tenant | None) -> list[Definition]:
    """What the tenant says that the actor may see."""
    if tenant is None:
        return []
    values = TenantValues.of(project, [tenant])
    access = TenantValueAccess.of(actor, tenant)
    return values.only(access.may_see).definitions(tenant.pk)


def situation_of(
    *,
    environment: Environment | None = None,
    tenant: Tenant | None = None,
    machine: Target | None = None,
    channel_id: int | None = None,
    role: str = "",
    action_id: str = "",
) -> Situation:
    """The situation a person picked. A role without a machine stands for any machine that has it."""
    roles = frozenset(name.lower() for name in machine.roles) if machine else frozenset()
    if role:
        roles |= {role.lower()}
    return Situation(
        environment=environment.pk if environment else None,
        machine=machine.pk if machine else None,
        machine_roles=roles,
        step_roles=frozenset({role.lower()}) if role else frozenset(),
        actions=frozenset({action_id} - {""}),
        channel=channel_id,
        tenant=tenant.pk if tenant else None,
        tenant_tags=tag_keys(tags_of([tenant])[tenant.pk]) if tenant else frozenset(),
        process=DEPLOYMENT_PROCESS,
    )


def _row(
    name: str, definitions: Sequence[Definition], where: Situation, values: Variables
) -> PreviewRow:
    why = explain(definitions, name, where)
    if why.winner is None:
        return PreviewRow(definitions[0].name, None, definitions[0].is_sensitive, why)
    problems = ["Two values are equally specific; the older one is used."] if why.is_tie else []
    if why.winner.is_sensitive:
        return PreviewRow(why.winner.name, HIDDEN, True, why, tuple(problems))
    value, found = _evaluated(why.winner.value or "", values)
    return PreviewRow(why.winner.name, value, False, why, (*problems, *found))


def _evaluated(text: str, values: Variables) -> tuple[str, list[str]]:
    """The text with its references filled in, and what could not be filled in."""
    try:
        result = evaluate(text, values)
    except (SelfReference, TemplateLimit) as problem:
        return text, [str(problem)]
    return result.value or "", [result.error] if result.error else []

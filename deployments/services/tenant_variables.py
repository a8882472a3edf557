"""What tenants say to the templates of their projects and library sets. domain.md 14.5, 4.4."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from deployments.models import (
    Tenant,
    TenantVariable,
    TenantVariableEnvironment,
    VariableTemplate,
)
from deployments.queries.tenant_sheets import tenant_sheet
from deployments.queries.tenant_value_access import TenantValueAccess
from deployments.queries.tenant_values import environment_ids, values_in
from deployments.services.changes import Changes, refuse
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import PermissionRefused
from spaces.naming import text_problems
from spaces.permissions import Permission

HIDDEN = "********"
EVERYWHERE = 0  # no id of an environment
Place = tuple[int, frozenset[int]]  # template, environments


@dataclass(frozen=True)
class TenantValueRow:
    """One value as somebody wants it.

    environments: ids of those where it counts; none = all. value: None keeps the stored secret of a
    sensitive template; "" is no value, and the default counts. id: of the value it replaces; without one
    that is the value of the same place.
    """

    template: VariableTemplate
    value: str | None
    environments: frozenset[int] = frozenset()
    id: int | None = None

    @property
    def place(self) -> Place:
        return self.template.pk, self.environments


@dataclass(frozen=True)
class _Edit:
    """A wanted value, and the stored one that it replaces."""

    row: TenantValueRow
    known: TenantVariable | None

    @property
    def is_change(self) -> bool:
        if self.known is None or _place(self.known) != self.row.place:
            return True
        value = self.row.value
        return value is not None and (bool(self.known.secret) or value != self.known.value)


@transaction.atomic
def save_tenant_values(
    *,
    actor: Actor,
    tenant: Tenant,
    templates: Sequence[VariableTemplate],
    rows: Sequence[TenantValueRow],
) -> None:
    """Make `rows` what the tenant says to `templates`; values that the actor cannot see stay untouched.

    Raises PermissionRefused naming the values out of reach, Invalid with every reason.
    """
    tenant = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
    access = TenantValueAccess.of(actor, tenant)
    stored = list(values_in(templates, [tenant]))
    shown = [row for row in stored if access.may_see(row.template, _place(row)[1])]
    hidden = [_place(row) for row in stored if row not in shown]
    edits = _edits(shown, [row for row in rows if row.value != ""])
    refuse(_problems(access, hidden, edits))
    kept = {edit.known.pk for edit in edits if edit.known}
    gone = [row for row in shown if row.pk not in kept]
    _refuse_out_of_reach(access, gone, edits)
    if changes := _write(tenant, gone, edits):
        record(actor, "Modified", tenant, details=changes)


def copy_values(actor: Actor, original: Tenant, copy: Tenant) -> None:
    """Give a new tenant what another one says, as far as the actor may see it; secrets stay behind."""
    for row in tenant_sheet(actor, original).values:
        if not row.secret:
            places = frozenset(environment_ids(row))
            _saved(copy, _Edit(TenantValueRow(row.template, row.value, places), None))


def _place(stored: TenantVariable) -> Place:
    return stored.template_id, frozenset(environment_ids(stored))


def _edits(shown: Sequence[TenantVariable], rows: Sequence[TenantValueRow]) -> list[_Edit]:
    """Each wanted value with the stored one that it names, or that has its place."""
    by_id = {(row.template_id, row.pk): row for row in shown}
    by_place = {_place(row): row for row in shown}
    taken: set[int] = set()
    edits = []
    for row in rows:
        known = by_id.get((row.template.pk, row.id or 0)) or by_place.get(row.place)
        if known is not None and known.pk in taken:
            known = None
        if known is not None:
            taken.add(known.pk)
        edits.append(_Edit(row, known))
    return edits


def _problems(
    access: TenantValueAccess, hidden: Sequence[Place], edits: Sequence[_Edit]
) -> list[str]:
    problems = []
    for edit in edits:
        row = edit.row
        problems += text_problems(f"value of {row.template.name}", row.value or "")
        if row.value is None and edit.known is None:
            problems.append(f"There is no stored value of {row.template.name} to keep.")
        before = _place(edit.known)[1] if edit.known else frozenset()
        problems += _place_problems(access, row, is_new=edit.known is None, before=before)
    return problems + _overlaps(access, hidden, [edit.row for edit in edits])


def _place_problems(
    access: TenantValueAccess, row: TenantValueRow, *, is_new: bool, before: frozenset[int]
) -> list[str]:
    """Why the value cannot be for this tenant, in these environments. What was said already may stay when
    connections change."""
    template, added = row.template, row.environments - before
    if unknown := sorted(added - access.environments.keys()):
        return [f"There is no Environments-{pk} here." for pk in unknown]
    if template.project_id is None:
        if not is_new or access.including.get(template.library_set_id or 0):
            return []
        return [f"No project of {access.tenant} includes {template.library_set}."]
    if is_new and template.project_id not in access.projects:
        return [f"The tenant {access.tenant} is not connected to {template.project}."]
    outside = added - access.connected.get(template.project_id, frozenset())
    return [
        f"The tenant {access.tenant} is not connected to {template.project} in "
        f"{access.environments[pk]}."
        for pk in sorted(outside)
    ]


def _overlaps(
    access: TenantValueAccess, hidden: Sequence[Place], rows: Sequence[TenantValueRow]
) -> list[str]:
    """Values of one template for the same place, those out of sight included: nobody could say which one
    counts."""
    seen: dict[int, set[int]] = defaultdict(set)
    for template_id, environments in hidden:
        seen[template_id] |= environments or {EVERYWHERE}
    problems = []
    for row in rows:
        for pk in row.environments or {EVERYWHERE}:
            if pk in seen[row.template.pk]:
                where = access.environments[pk] if pk else "all environments"
                problems.append(f"{row.template.name} has two values for {where}.")
            seen[row.template.pk].add(pk)
    return problems


def _refuse_out_of_reach(
    access: TenantValueAccess, gone: Sequence[TenantVariable], edits: Sequence[_Edit]
) -> None:
    """Every value that is added, changed or removed must be editable before and after (domain.md 4.4)."""
    changed = [edit for edit in edits if edit.is_change]
    touched = [(row.template, _place(row)[1]) for row in gone]
    touched += [(edit.row.template, edit.row.environments) for edit in changed]
    touched += [(e.known.template, _place(e.known)[1]) for e in changed if e.known]
    refused = [template for template, places in touched if not access.may_edit(template, places)]
    if refused:
        raise PermissionRefused(
            Permission.VARIABLE_EDIT.value,
            [
                f"You may not edit {name} for {access.tenant} everywhere that it counts."
                for name in dict.fromkeys(template.name for template in refused)
            ],
        )


def _write(tenant: Tenant, gone: Sequence[TenantVariable], edits: Sequence[_Edit]) -> Changes:
    changes: Changes = {}
    for stored in gone:
        changes[_label(stored.template, _place(stored))] = [_told(stored), None]
    TenantVariable.objects.filter(pk__in=[stored.pk for stored in gone]).delete()
    for edit in edits:
        if edit.is_change:
            before = _told(edit.known) if edit.known else None
            stored = _saved(tenant, edit)
            changes[_label(edit.row.template, edit.row.place)] = [before, _told(stored)]
    return changes


def _saved(tenant: Tenant, edit: _Edit) -> TenantVariable:
    row, space_id = edit.row, tenant.space_id
    stored = edit.known or TenantVariable(space_id=space_id, tenant=tenant, template=row.template)
    if row.value is not None and row.template.is_sensitive:
        stored.seal_field("secret", row.value)
    elif row.value is not None:
        stored.value = row.value
    stored.save()
    there = set(environment_ids(stored)) if edit.known else set()
    stored.environments.filter(environment__in=there - row.environments).delete()
    TenantVariableEnvironment.objects.bulk_create(
        TenantVariableEnvironment(space_id=space_id, variable=stored, environment_id=pk)
        for pk in sorted(row.environments - there)
    )
    return stored


def _label(template: VariableTemplate, place: Place) -> str:
    there = ", ".join(f"Environments-{pk}" for pk in sorted(place[1]))
    return f"{template.name} ({there})" if there else template.name


def _told(stored: TenantVariable) -> str:
    """A value as audit shows it; of a secret only that it was said."""
    return HIDDEN if stored.secret else stored.value

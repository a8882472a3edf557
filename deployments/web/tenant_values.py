"""What a tenant says to its projects and library sets: one page with every value. ui.md 7(l).

Sections come one for each library set and each project. A project's values are asked for each environment; a
value that counts in several is shown once and stays whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from deployments.models import TenantVariable, VariableTemplate
from deployments.queries.tenant_sheets import TenantSheet, tenant_sheet
from deployments.queries.tenant_values import environment_ids
from deployments.services.tenant_variables import TenantValueRow, save_tenant_values
from deployments.web.guards import SpaceRequest, in_space
from deployments.web.tenants import found_tenant
from spaces.access import authorize
from spaces.permissions import Permission
from spaces.web.forms import PageForm


@dataclass(frozen=True)
class Asked:
    """One value to be given. places: ids of environments, none = all. where: in words.

    typed: what the field shows; nothing of a secret. is_missing: neither given nor defaulted.
    """

    template: VariableTemplate
    places: frozenset[int]
    where: str
    stored: TenantVariable | None
    may_edit: bool
    is_missing: bool
    typed: str = ""

    @property
    def key(self) -> str:
        """The name of its field."""
        place = "-".join(str(pk) for pk in sorted(self.places)) or "all"
        return f"value-{self.template.pk}-{place}"

    @property
    def control(self) -> str:
        return str(self.template.display.get("Octopus.ControlType") or "SingleLineText")

    @property
    def options(self) -> list[tuple[str, str]]:
        """(value, label) of a list to choose from."""
        lines = str(self.template.display.get("Octopus.SelectOptions") or "").splitlines()
        pairs = [line.partition("|") for line in lines if line.strip()]
        return [(value.strip(), (label or value).strip()) for value, _, label in pairs]


@dataclass(frozen=True)
class Section:
    """The values of one owner."""

    title: str
    is_shared: bool
    values: Sequence[Asked]

    @property
    def missing(self) -> int:
        return sum(value.is_missing for value in self.values)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def tenant_variables(request: SpaceRequest, tenant: str) -> HttpResponse:
    """`?missing=1` shows only what has to be given yet; saving changes only what is shown."""
    row = found_tenant(request, tenant)
    sheet = tenant_sheet(request.actor, row)
    if not sheet.access.may_see_something():
        raise Http404
    if request.method == "POST" and not sheet.access.may_edit_something():
        authorize(request.actor, Permission.VARIABLE_EDIT, row)
    asked = list(_asked(sheet, request.POST))
    form = PageForm(request.POST or None)
    if request.method == "POST" and form.refusable(lambda: _save(request, sheet, asked)):
        messages.success(request, f"The values of {row} were saved.")
        return redirect("tenant_variables", request.space.slug, row.slug)
    only_missing = request.GET.get("missing") == "1"
    context = {
        "tenant": row,
        "form": form,
        "sections": list(_sections([a for a in asked if a.is_missing or not only_missing])),
        "missing": sum(value.is_missing for value in asked),
        "only_missing": only_missing,
        "may_edit": sheet.access.may_edit_something(),
    }
    return render(request, "deployments/tenant_variables.html", context, status=form.status)


def _save(request: SpaceRequest, sheet: TenantSheet, asked: Sequence[Asked]) -> bool:
    save_tenant_values(
        actor=request.actor,
        tenant=sheet.tenant,
        templates=list({value.template.pk: value.template for value in asked}.values()),
        rows=[row for value in asked if (row := _row(value, request.POST))],
    )
    return True


def _row(asked: Asked, posted: QueryDict) -> TenantValueRow | None:
    """The value as typed; what is not on the form, and an empty secret, stays. None: there is none."""
    stored = asked.stored
    number = stored.pk if stored else None
    typed = posted.get(asked.key)
    if typed is None or (asked.template.is_sensitive and not typed):
        if stored is None or f"clear-{asked.key}" in posted:
            return None
        kept = None if stored.secret else stored.value
        return TenantValueRow(asked.template, kept, asked.places, number)
    return TenantValueRow(asked.template, typed.replace("\r\n", "\n"), asked.places, number)


def _asked(sheet: TenantSheet, posted: QueryDict) -> Iterator[Asked]:
    """Every value that there is, and one for each place that has none."""
    for template in sheet.templates:
        said = sheet.said(template)
        covered = {pk for row in said for pk in environment_ids(row)}
        has_common = any(not environment_ids(row) for row in said)
        for row in said:
            yield _value(sheet, template, frozenset(environment_ids(row)), row, posted)
        if template.project_id is None and not has_common:
            yield _value(sheet, template, frozenset(), None, posted)
        elif template.project_id is not None:
            for pk in sheet.places(template):
                if pk not in covered and not has_common:
                    yield _value(sheet, template, frozenset({pk}), None, posted)


def _value(
    sheet: TenantSheet,
    template: VariableTemplate,
    places: frozenset[int],
    stored: TenantVariable | None,
    posted: QueryDict,
) -> Asked:
    environments = sheet.access.environments
    where = ", ".join(environments[pk].name for pk in sorted(places) if pk in environments)
    asked = Asked(
        template=template,
        places=places,
        where=where or "All environments",
        stored=stored,
        may_edit=sheet.access.may_edit(template, places),
        is_missing=stored is None and not template.has_default and _is_needed(sheet, template),
        typed=stored.value if stored else "",
    )
    if template.is_sensitive or asked.key not in posted:
        return asked
    return Asked(**{**vars(asked), "typed": posted[asked.key]})


def _is_needed(sheet: TenantSheet, template: VariableTemplate) -> bool:
    """Whether it counts anywhere, and not every place has a value of its own."""
    return any(sheet.value(template, pk) is None for pk in sheet.places(template))


def _sections(asked: Sequence[Asked]) -> Iterator[Section]:
    """Common values first, then the projects."""
    owners = dict.fromkeys((a.template.library_set, a.template.project) for a in asked)
    for library_set, project in sorted(owners, key=lambda owner: owner[1] is not None):
        own = [
            a
            for a in asked
            if (a.template.library_set, a.template.project) == (library_set, project)
        ]
        yield Section(str(project or library_set), project is None, own)

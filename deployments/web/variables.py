"""Variables of a project: a grid to read and edit, and a page for one value with its scope. ui.md 7(g).

Saving always names every value the person sees: the ones the filter hides go along unchanged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from deployments.core.tags import tag_key
from deployments.core.variables import VariableScope
from deployments.models import (
    Channel,
    Environment,
    LibraryVariableSet,
    Project,
    Target,
    Variable,
    VariableSet,
)
from deployments.queries.roles import known_roles
from deployments.queries.tenants import tags_in
from deployments.queries.variable_access import VariableAccess
from deployments.services.variables import VariableRow, save_variables, variable_warnings
from deployments.web.guards import ProjectRequest, SpaceRequest, in_project
from deployments.web.prompts import CONTROLS, SINGLE
from deployments.web.variable_scopes import named_scope, scope_words
from spaces.access import allowed, visible
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.permissions import Permission
from spaces.web.forms import CodeArea, PageForm, Rows

NEW_ROWS = 2


class ValueForm(PageForm):
    """One value with everything about it."""

    name = forms.CharField(max_length=400, widget=forms.TextInput({"class": "mono"}))
    value = forms.CharField(required=False, widget=CodeArea(4), strip=False)
    is_sensitive = forms.BooleanField(
        label="Sensitive",
        required=False,
        help_text="Kept sealed, masked in logs, never shown again.",
    )
    description = forms.CharField(label="Note", required=False, max_length=1000)
    environments = Rows(Environment.objects.none(), required=False)
    roles = forms.CharField(required=False, help_text="Target roles, separated by commas.")
    machines = Rows(Target.objects.none(), label="Targets", required=False)
    actions = forms.MultipleChoiceField(
        label="Steps", required=False, widget=forms.CheckboxSelectMultiple
    )
    channels = Rows(Channel.objects.none(), required=False)
    tenant_tags = forms.MultipleChoiceField(
        label="Tenants with these tags", required=False, widget=forms.CheckboxSelectMultiple
    )
    is_prompted = forms.BooleanField(label="Ask when deploying", required=False)
    prompt_label = forms.CharField(label="Label of the question", required=False, max_length=200)
    prompt_help = forms.CharField(label="Help for it", required=False, max_length=1000)
    prompt_control = forms.ChoiceField(label="Asked with", choices=CONTROLS, required=False)
    prompt_options = forms.CharField(
        label="Choices",
        required=False,
        widget=CodeArea(4),
        help_text="For a list: one on each line, as value|what people read.",
    )
    is_required = forms.BooleanField(label="An answer is required", required=False)

    scope = ("environments", "roles", "machines", "actions", "channels", "tenant_tags")
    prompt = (
        "is_prompted",
        "prompt_label",
        "prompt_help",
        "prompt_control",
        "prompt_options",
        "is_required",
    )

    def __init__(self, pages: "SetPages", data: QueryDict | None, row: Variable | None) -> None:
        request = pages.request
        super().__init__(data, initial=_initial(row) if row else {"name": request.GET.get("name")})
        space, actor = request.space, request.actor
        self.offer(
            "environments",
            visible(actor, Permission.ENVIRONMENT_VIEW, Environment.objects.in_space(space)),
        )
        self.offer(
            "machines", visible(actor, Permission.MACHINE_VIEW, Target.objects.in_space(space))
        )
        self.fields["machines"].widget.attrs["class"] = "choices-scroll"
        self._offer_parts(pages.project)
        tags = [tag.canonical_name for tag in tags_in(space)]
        self.choices("tenant_tags", [(tag_key(name), name) for name in tags])
        if not tags:
            del self.fields["tenant_tags"]
        if known := known_roles(space):
            self.fields["roles"].help_text += f" In use: {', '.join(known[:20])}."
        if row and row.is_sensitive:
            self.fields["value"].widget.attrs["placeholder"] = "Set - type to replace"

    def _offer_parts(self, project: Project | None) -> None:
        """Steps and channels exist in projects only."""
        steps = project.process.parsed() if project else []
        self.choices("actions", [(a.id, a.name) for step in steps for a in step.actions])
        if not steps:
            del self.fields["actions"]
        if project is None:
            del self.fields["channels"]
        else:
            self.offer("channels", project.channels.all())

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "value", "is_sensitive", "description")]

    @property
    def scope_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.scope if name in self.fields]

    @property
    def prompt_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.prompt]

    def row(self, stored: Variable | None) -> VariableRow:
        """The value as typed; an empty text keeps a stored secret."""
        given = self.cleaned_data
        value = given["value"].replace("\r\n", "\n")
        keeps = stored is not None and stored.is_sensitive and given["is_sensitive"] and not value
        return VariableRow(
            name=given["name"],
            value=None if keeps else value,
            id=stored.pk if stored else None,
            is_sensitive=given["is_sensitive"],
            type=stored.type if stored and not given["is_sensitive"] else "String",
            description=given["description"],
            scope=self._scope(stored),
            prompt=self._prompt(stored),
        )

    def _scope(self, stored: Variable | None) -> VariableScope:
        """Kinds that have no field here keep what they were."""
        given = self.cleaned_data
        before = VariableScope.from_json(stored.scope if stored else {})
        if "tenant_tags" in self.fields:
            before = replace(before, tenant_tags=frozenset(given["tenant_tags"]))
        return replace(
            before,
            environments=frozenset(row.pk for row in given["environments"]),
            roles=frozenset(r.strip().lower() for r in given["roles"].split(",") if r.strip()),
            machines=frozenset(row.pk for row in given.get("machines", ())),
            actions=frozenset(given.get("actions", ())),
            channels=frozenset(row.pk for row in given.get("channels", ())),
        )

    def _prompt(self, stored: Variable | None) -> dict[str, Any] | None:
        given = self.cleaned_data
        if not given["is_prompted"]:
            return None
        return (stored.prompt or {} if stored else {}) | {
            "label": given["prompt_label"],
            "description": given["prompt_help"],
            "control": given["prompt_control"] or SINGLE,
            "options": given["prompt_options"],
            "required": given["is_required"],
        }


@dataclass(frozen=True)
class Shown:
    """A value in the grid. scope: (kind, word) for each limit."""

    variable: Variable
    scope: Sequence[tuple[str, str]]
    may_edit: bool
    typed: str
    url: str

    @property
    def rows(self) -> int:
        return min(12, self.typed.count("\n") + 1)


@dataclass(frozen=True)
class SharedValues:
    """An included library set with its values, each with its scope in words."""

    library_set: LibraryVariableSet
    values: Sequence[tuple[Variable, Sequence[tuple[str, str]]]]


@dataclass(frozen=True)
class SetPages:
    """Where the pages of a set are: below its project, or in the library."""

    request: SpaceRequest
    variable_set: VariableSet

    @property
    def project(self) -> Project | None:
        return self.variable_set.project

    @cached_property
    def access(self) -> VariableAccess:
        return VariableAccess.of(self.request.actor, self.variable_set)

    @property
    def may_edit(self) -> bool:
        library_set = self.variable_set.library_set
        if library_set is not None and not allowed(
            self.request.actor, Permission.LIBRARY_VARIABLE_SET_EDIT, library_set
        ):
            return False
        return self.access.may_edit_something()

    def may_edit_scope(self, scope: VariableScope) -> bool:
        return self.may_edit and self.access.may_edit(scope)

    def authorize_edit(self, scope: VariableScope | None = None) -> None:
        """Refuse unless values of this scope, or of any at all, may be edited. Raises PermissionRefused."""
        if not (self.may_edit if scope is None else self.may_edit_scope(scope)):
            raise PermissionRefused(Permission.VARIABLE_EDIT.value)

    @property
    def grid_url(self) -> str:
        return self._url("variables", "library_set")

    @property
    def new_url(self) -> str:
        return self._url("new_variable", "new_shared_variable")

    def url(self, row: Variable) -> str:
        return self._url("variable", "shared_variable", row.pk)

    def remove_url(self, row: Variable) -> str:
        return self._url("remove_variable", "remove_shared_variable", row.pk)

    def _url(self, in_project: str, in_library: str, *more: int) -> str:
        owner: Any = self.variable_set.project or self.variable_set.library_set  # always one
        route = in_project if self.variable_set.project_id else in_library
        return reverse(route, args=[self.request.space.slug, owner.slug, *more])


@in_project(Permission.VARIABLE_VIEW)
@require_http_methods(["GET", "POST"])
def variables(request: ProjectRequest) -> HttpResponse:
    """The grid, and below it what the project includes from the library."""
    return grid(request, _own(request), {"shared": _shared(request)})


@in_project(Permission.VARIABLE_VIEW)
@require_http_methods(["GET", "POST"])
def new_variable(request: ProjectRequest) -> HttpResponse:
    return added(request, _own(request), {})


@in_project(Permission.VARIABLE_VIEW)
@require_http_methods(["GET", "POST"])
def variable(request: ProjectRequest, variable_id: int) -> HttpResponse:
    return edited(request, _own(request), variable_id, {})


@in_project(Permission.VARIABLE_VIEW)
@require_POST
def remove_variable(request: ProjectRequest, variable_id: int) -> HttpResponse:
    return removed(request, _own(request), variable_id)


def grid(request: SpaceRequest, variable_set: VariableSet, more: dict[str, Any]) -> HttpResponse:
    """POST changes names and values in place, adds the new rows and removes the marked ones."""
    pages = SetPages(request, variable_set)
    problems: list[str] = []
    status = 200
    if request.method == "POST":
        pages.authorize_edit()
        try:
            _save(request, pages.access, _edited(request.POST, _seen(pages.access)))
        except (Invalid, Conflict) as refusal:
            problems, status = refusal.reasons, 409 if isinstance(refusal, Conflict) else 422
        else:
            messages.success(request, "The variables were saved.")
            return redirect(pages.grid_url)
    text = request.GET.get("q", "").strip().lower()
    rows = [row for row in _seen(pages.access) if text in row.name.lower()]
    shown = list(_shown(pages, rows))
    context = {
        "project": pages.project,
        "pages": pages,
        "set": variable_set,
        "names": [
            (name, list(group)) for name, group in groupby(shown, lambda row: row.variable.name)
        ],
        "text": text,
        "problems": problems,
        "warnings": variable_warnings(rows),
        "new_rows": range(NEW_ROWS),
        "may_edit": pages.may_edit,
        **more,
    }
    return render(request, "deployments/variables.html", context, status=status)


def added(request: SpaceRequest, variable_set: VariableSet, more: dict[str, Any]) -> HttpResponse:
    """The page for a new value, for those who may edit something."""
    pages = SetPages(request, variable_set)
    pages.authorize_edit()
    form = ValueForm(pages, request.POST or None, None)
    if form.is_valid():
        rows = [*map(_kept, _seen(pages.access)), form.row(None)]
        if form.refusable(lambda: _save(request, pages.access, rows)):
            messages.success(request, f"{form.cleaned_data['name']} was added.")
            return redirect(pages.grid_url)
    return _page(pages, form, None, more)


def edited(
    request: SpaceRequest, variable_set: VariableSet, variable_id: int, more: dict[str, Any]
) -> HttpResponse:
    """The page of one value with its scope."""
    pages = SetPages(request, variable_set)
    stored = _found(pages.access, variable_id)
    if request.method == "POST":
        pages.authorize_edit(VariableScope.from_json(stored.scope))
    form = ValueForm(pages, request.POST or None, stored)
    if form.is_valid():
        rows = [form.row(row) if row.pk == stored.pk else _kept(row) for row in _seen(pages.access)]
        if form.refusable(lambda: _save(request, pages.access, rows)):
            messages.success(request, f"{form.cleaned_data['name']} was saved.")
            return redirect(pages.grid_url)
    return _page(pages, form, stored, more)


def removed(request: SpaceRequest, variable_set: VariableSet, variable_id: int) -> HttpResponse:
    pages = SetPages(request, variable_set)
    gone = _found(pages.access, variable_id)
    _save(request, pages.access, [_kept(row) for row in _seen(pages.access) if row.pk != gone.pk])
    messages.success(request, f"{gone.name} was removed.")
    return redirect(pages.grid_url)


def _page(
    pages: SetPages, form: ValueForm, stored: Variable | None, more: dict[str, Any]
) -> HttpResponse:
    scope = VariableScope.from_json(stored.scope) if stored else None
    context = {
        "project": pages.project,
        "pages": pages,
        "set": pages.variable_set,
        "form": form,
        "variable": stored,
        "remove_url": pages.remove_url(stored) if stored else "",
        "may_edit": scope is None or pages.may_edit_scope(scope),
        **more,
    }
    return render(pages.request, "deployments/variable.html", context, status=form.status)


def _save(
    request: SpaceRequest, access: VariableAccess, rows: Sequence[VariableRow]
) -> VariableSet:
    """`version` in the form says which variables were looked at; later ones are a conflict."""
    looked_at = request.POST.get("version", "")
    return save_variables(
        actor=request.actor,
        variable_set=access.variable_set,
        rows=rows,
        version=int(looked_at) if looked_at.isdigit() else None,
    )


def _edited(posted: QueryDict, stored: Sequence[Variable]) -> list[VariableRow]:
    """The whole set after the edits of the grid. A row without a field in the form stays as it is."""
    rows = []
    for variable in stored:
        if f"remove-{variable.pk}" in posted:
            continue
        kept = _kept(variable)
        value = posted.get(f"value-{variable.pk}")
        if value is not None and not (variable.is_sensitive and value == ""):
            kept = replace(kept, value=value.replace("\r\n", "\n"))
        rows.append(replace(kept, name=posted.get(f"name-{variable.pk}", variable.name)))
    for index in range(NEW_ROWS):
        name = posted.get(f"new-name-{index}", "").strip()
        if name or posted.get(f"new-value-{index}"):
            sensitive = f"new-sensitive-{index}" in posted
            value = posted.get(f"new-value-{index}", "").replace("\r\n", "\n")
            rows.append(VariableRow(name, value, is_sensitive=sensitive))
    return rows


def _kept(variable: Variable) -> VariableRow:
    """The value as it is stored; a secret stays sealed."""
    return VariableRow(
        name=variable.name,
        value=None if variable.is_sensitive else variable.value,
        id=variable.pk,
        is_sensitive=variable.is_sensitive,
        type="String" if variable.is_sensitive else variable.type,
        description=variable.description,
        scope=VariableScope.from_json(variable.scope),
        prompt=variable.prompt,
    )


def _shown(pages: SetPages, rows: Sequence[Variable]) -> Iterator[Shown]:
    request = pages.request
    words = scope_words(request.space, pages.project, [row.scope for row in rows])
    typed: Mapping[str, str] = request.POST if request.method == "POST" else {}
    for row in rows:
        yield Shown(
            variable=row,
            scope=named_scope(row.scope, words),
            may_edit=pages.may_edit_scope(VariableScope.from_json(row.scope)),
            typed=typed.get(f"value-{row.pk}", "" if row.is_sensitive else row.value),
            url=pages.url(row),
        )


def _shared(request: ProjectRequest) -> list[SharedValues]:
    """What the project includes from the library, as far as the person may see it, in precedence."""
    order = {pk: index for index, pk in enumerate(request.project.library_sets)}
    rows = LibraryVariableSet.objects.in_space(request.space).filter(pk__in=order)
    seen = visible(request.actor, Permission.LIBRARY_VARIABLE_SET_VIEW, rows)
    found = []
    for row in sorted(seen.select_related("variable_set"), key=lambda row: order[row.pk]):
        values = _seen(VariableAccess.of(request.actor, row.variable_set))
        words = scope_words(request.space, None, [value.scope for value in values])
        found.append(
            SharedValues(row, [(value, named_scope(value.scope, words)) for value in values])
        )
    return found


def _initial(row: Variable) -> dict[str, Any]:
    scope, prompt = VariableScope.from_json(row.scope), row.prompt or {}
    return {
        "name": row.name,
        "value": "" if row.is_sensitive else row.value,
        "is_sensitive": row.is_sensitive,
        "description": row.description,
        "environments": list(scope.environments),
        "roles": ", ".join(sorted(scope.roles)),
        "machines": list(scope.machines),
        "actions": list(scope.actions),
        "channels": list(scope.channels),
        "tenant_tags": list(scope.tenant_tags),
        "is_prompted": row.prompt is not None,
        "prompt_label": prompt.get("label", ""),
        "prompt_help": prompt.get("description", ""),
        "prompt_control": prompt.get("control", SINGLE),
        "prompt_options": prompt.get("options", ""),
        "is_required": prompt.get("required", False),
    }


def _own(request: ProjectRequest) -> VariableSet:
    return VariableSet.objects.select_related("project").get(project=request.project)


def _seen(access: VariableAccess) -> list[Variable]:
    return access.seen(access.variable_set.variables.order_by("name", "id"))


def _found(access: VariableAccess, variable_id: int) -> Variable:
    for row in _seen(access):
        if row.pk == variable_id:
            return row
    raise Http404

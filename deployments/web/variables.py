"""Variables of a project: a grid to read and edit, and a page for one value with its scope. ui.md 7(g).

Saving always names every value the person sees: the ones the filter hides go along unchanged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from deployments.core.variables import VariableScope
from deployments.models import Channel, Environment, Target, Variable, VariableSet
from deployments.queries.roles import known_roles
from deployments.queries.variable_access import VariableAccess
from deployments.services.variables import VariableRow, save_variables, variable_warnings
from deployments.web.guards import ProjectRequest, in_project
from spaces.access import visible
from spaces.errors import Conflict, Invalid
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
    is_prompted = forms.BooleanField(label="Ask when deploying", required=False)
    prompt_label = forms.CharField(label="Label of the question", required=False, max_length=200)
    prompt_help = forms.CharField(label="Help for it", required=False, max_length=1000)
    is_required = forms.BooleanField(label="An answer is required", required=False)

    scope = ("environments", "roles", "machines", "actions", "channels")
    prompt = ("is_prompted", "prompt_label", "prompt_help", "is_required")

    def __init__(
        self, request: ProjectRequest, data: QueryDict | None, row: Variable | None
    ) -> None:
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
        self.offer("channels", request.project.channels.all())
        steps = request.project.process.parsed()
        self.choices("actions", [(a.id, a.name) for step in steps for a in step.actions])
        if known := known_roles(space):
            self.fields["roles"].help_text += f" In use: {', '.join(known[:20])}."
        if row and row.is_sensitive:
            self.fields["value"].widget.attrs["placeholder"] = "Set - type to replace"
        if not steps:
            del self.fields["actions"]

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
            "required": given["is_required"],
        }


@dataclass(frozen=True)
class Shown:
    """A value in the grid. scope: (kind, word) for each limit."""

    variable: Variable
    scope: Sequence[tuple[str, str]]
    may_edit: bool
    typed: str

    @property
    def rows(self) -> int:
        return min(12, self.typed.count("\n") + 1)


@in_project(Permission.VARIABLE_VIEW)
@require_http_methods(["GET", "POST"])
def variables(request: ProjectRequest) -> HttpResponse:
    """The grid. POST changes names and values in place, adds the new rows and removes the marked ones."""
    access = _access(request)
    problems: list[str] = []
    status = 200
    if request.method == "POST":
        try:
            _save(request, access, _edited(request.POST, _seen(access)))
        except (Invalid, Conflict) as refusal:
            problems, status = refusal.reasons, 409 if isinstance(refusal, Conflict) else 422
        else:
            messages.success(request, "The variables were saved.")
            return redirect("variables", *_here(request))
    text = request.GET.get("q", "").strip().lower()
    rows = [row for row in _seen(access) if text in row.name.lower()]
    shown = list(_shown(request, access, rows))
    context = {
        "project": request.project,
        "set": access.variable_set,
        "names": [
            (name, list(group)) for name, group in groupby(shown, lambda row: row.variable.name)
        ],
        "text": text,
        "problems": problems,
        "warnings": variable_warnings(rows),
        "new_rows": range(NEW_ROWS),
        "may_edit": access.may_edit_something(),
    }
    return render(request, "deployments/variables.html", context, status=status)


@in_project(Permission.VARIABLE_VIEW)
@require_http_methods(["GET", "POST"])
def new_variable(request: ProjectRequest) -> HttpResponse:
    access = _access(request)
    if not access.may_edit_something():
        raise Http404
    form = ValueForm(request, request.POST or None, None)
    if form.is_valid():
        rows = [*map(_kept, _seen(access)), form.row(None)]
        if form.refusable(lambda: _save(request, access, rows)):
            messages.success(request, f"{form.cleaned_data['name']} was added.")
            return redirect("variables", *_here(request))
    return _page(request, access, form, None)


@in_project(Permission.VARIABLE_VIEW)
@require_http_methods(["GET", "POST"])
def variable(request: ProjectRequest, variable_id: int) -> HttpResponse:
    access = _access(request)
    stored = _found(access, variable_id)
    form = ValueForm(request, request.POST or None, stored)
    if form.is_valid():
        rows = [form.row(row) if row.pk == stored.pk else _kept(row) for row in _seen(access)]
        if form.refusable(lambda: _save(request, access, rows)):
            messages.success(request, f"{form.cleaned_data['name']} was saved.")
            return redirect("variables", *_here(request))
    return _page(request, access, form, stored)


@in_project(Permission.VARIABLE_VIEW)
@require_POST
def remove_variable(request: ProjectRequest, variable_id: int) -> HttpResponse:
    access = _access(request)
    gone = _found(access, variable_id)
    _save(request, access, [_kept(row) for row in _seen(access) if row.pk != gone.pk])
    messages.success(request, f"{gone.name} was removed.")
    return redirect("variables", *_here(request))


def _page(
    request: ProjectRequest, access: VariableAccess, form: ValueForm, stored: Variable | None
) -> HttpResponse:
    scope = VariableScope.from_json(stored.scope) if stored else None
    context = {
        "project": request.project,
        "set": access.variable_set,
        "form": form,
        "variable": stored,
        "may_edit": scope is None or access.may_edit(scope),
    }
    return render(request, "deployments/variable.html", context, status=form.status)


def _save(
    request: ProjectRequest, access: VariableAccess, rows: Sequence[VariableRow]
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


def _shown(
    request: ProjectRequest, access: VariableAccess, rows: Sequence[Variable]
) -> Iterator[Shown]:
    words = _words(request, access, rows)
    typed: Mapping[str, str] = request.POST if request.method == "POST" else {}
    for row in rows:
        scope = VariableScope.from_json(row.scope)
        yield Shown(
            variable=row,
            scope=[
                (kind, words.get((kind, str(entry)), str(entry)))
                for kind, entries in row.scope.items()
                for entry in entries
            ],
            may_edit=access.may_edit(scope),
            typed=typed.get(f"value-{row.pk}", "" if row.is_sensitive else row.value),
        )


def _words(
    request: ProjectRequest, access: VariableAccess, rows: Sequence[Variable]
) -> dict[tuple[str, str], str]:
    """What people call the entries of scopes, by (kind, entry)."""
    named = [pk for row in rows for pk in row.scope.get("machines", ())]
    targets = Target.objects.in_space(request.space).filter(pk__in=named)
    words = {("environments", str(pk)): row.name for pk, row in access.environments.items()}
    words |= {("machines", str(pk)): name for pk, name in targets.values_list("pk", "name")}
    channels = request.project.channels.values_list("pk", "name")
    words |= {("channels", str(pk)): name for pk, name in channels}
    for step in request.project.process.parsed():
        words[("actions", step.id)] = step.name
        words |= {("actions", action.id): action.name for action in step.actions}
    return words


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
        "is_prompted": row.prompt is not None,
        "prompt_label": prompt.get("label", ""),
        "prompt_help": prompt.get("description", ""),
        "is_required": prompt.get("required", False),
    }


def _access(request: ProjectRequest) -> VariableAccess:
    return VariableAccess.of(request.actor, VariableSet.objects.get(project=request.project))


def _seen(access: VariableAccess) -> list[Variable]:
    return access.seen(access.variable_set.variables.order_by("name", "id"))


def _found(access: VariableAccess, variable_id: int) -> Variable:
    for row in _seen(access):
        if row.pk == variable_id:
            return row
    raise Http404


def _here(request: ProjectRequest) -> list[str]:
    return [request.space.slug, request.project.slug]

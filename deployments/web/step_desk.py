"""The pages on which steps are edited, whoever's they are: the list, one step, and the small changes. ui.md 7(f)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from deployments.core.process import Action, Condition, Step, groups
from deployments.models import Channel, EditedProcess, Environment
from deployments.web.guards import ProjectRequest
from deployments.web.moving import moved
from deployments.web.step_forms import FORMS, StepForm
from deployments.web.step_types import STEP_TYPES, step_type
from spaces.errors import DomainError

Steps = Sequence[Step]


@dataclass(frozen=True)
class Words:
    """What the pages say. intro: what the steps are. after_removal: what becomes of what was frozen."""

    intro: str
    after_removal: str


@dataclass(frozen=True)
class CardAction:
    """An action on a card, and where it leads."""

    action: Action
    url: str
    toggle: str
    remove: str


@dataclass(frozen=True)
class Card:
    """A step as the list shows it. about: where and when it runs, in words."""

    step: Step
    number: int
    about: Sequence[str]
    actions: Sequence[CardAction]

    @property
    def is_disabled(self) -> bool:
        return all(action.is_disabled for action in self.step.actions)


@dataclass(frozen=True)
class StepDesk:
    """save: replaces all steps, given the version that was looked at. prefix: of the routes' names.
    names: what their addresses begin with. crumbs: the template of the way to here.
    """

    request: ProjectRequest
    process: EditedProcess
    save: Callable[[Steps, int | None], object]
    may_edit: bool
    prefix: str
    names: Sequence[str]
    crumbs: str
    words: Words
    has_channels: bool

    def url(self, route: str, *more: str) -> str:
        return reverse(f"{self.prefix}{route}", args=[*self.names, *more])

    @cached_property
    def list_url(self) -> str:
        return self.url("process")

    @cached_property
    def new_url(self) -> str:
        return self.url("new_step")

    @cached_property
    def move_url(self) -> str:
        return self.url("move_step")

    def show(self) -> HttpResponse:
        """All steps in their order."""
        steps = self.process.parsed()
        names = self._names()
        numbers = {step.id: number for number, step in enumerate(steps, start=1)}
        context = {
            "groups": [
                [self._card(step, numbers[step.id], names) for step in group]
                for group in groups(steps)
            ],
            "first": steps[0].id if steps else "",
            "last": steps[-1].id if steps else "",
        }
        return self._render("process", context)

    def new(self) -> HttpResponse:
        """`?kind=` says which; without it, the kinds are on offer."""
        kind = self.request.GET.get("kind", "")
        if kind not in FORMS:
            return self._render("step_kinds", {"kinds": STEP_TYPES})
        action = Action(id="", name="", action_type=kind)
        step = Step(id="", name="", actions=(action,))
        form = self._form(step, action)
        if form.is_valid():
            steps = [*self.process.parsed(), form.applied(step, action)]
            if form.refusable(lambda: self._save(steps)):
                return self._done(f"Step {form.cleaned_data['name']} was added.")
        return self._step_page(form, step, action)

    def edit(self, action_id: str) -> HttpResponse:
        """The page of one step."""
        steps = self.process.parsed()
        step, action = _found(steps, action_id)
        form = self._form(step, action)
        if form.is_valid():
            changed = form.applied(step, action)
            wanted = [changed if other.id == step.id else other for other in steps]
            if form.refusable(lambda: self._save(wanted)):
                return self._done(f"Step {form.cleaned_data['name']} was saved.")
        return self._step_page(form, step, action)

    def move(self) -> HttpResponse:
        def reordered(steps: Steps) -> Steps:
            by_id = {step.id: step for step in steps}
            return [by_id[key] for key in moved(list(by_id), self.request.POST)]

        return self._changed(reordered, "The order was changed.")

    def toggle(self, action_id: str) -> HttpResponse:
        """Disable an enabled step, and the other way round."""

        def toggled(action: Action) -> Action:
            return replace(action, is_disabled=not action.is_disabled)

        def with_toggled(steps: Steps) -> Steps:
            _found(steps, action_id)
            return [
                replace(
                    step,
                    actions=tuple(toggled(a) if a.id == action_id else a for a in step.actions),
                )
                for step in steps
            ]

        return self._changed(with_toggled, "The step was changed.")

    def remove(self, action_id: str) -> HttpResponse:
        """Removes the action, and its step when that was its last."""

        def without(steps: Steps) -> Steps:
            _found(steps, action_id)
            kept = [
                replace(step, actions=tuple(a for a in step.actions if a.id != action_id))
                for step in steps
            ]
            return [step for step in kept if step.actions]

        return self._changed(without, "The step was removed.")

    def _form(self, step: Step, action: Action) -> StepForm:
        kind = FORMS.get(action.action_type, StepForm)
        form = kind(self.request, self.request.POST or None, step, action)
        if not self.has_channels:
            form.fields.pop("channels", None)
        return form

    def _changed(self, change: Callable[[Steps], Steps], done: str) -> HttpResponse:
        """Saves the steps after a small change; a refusal is told on the page of the process."""
        try:
            self._save(change(self.process.parsed()))
        except DomainError as refusal:
            messages.error(self.request, str(refusal))
            return redirect(self.list_url)
        return self._done(done)

    def _done(self, told: str) -> HttpResponse:
        messages.success(self.request, told)
        return redirect(self.list_url)

    def _save(self, steps: Steps) -> object:
        """`version` in the form says which process was looked at; a later one is a conflict."""
        looked_at = self.request.POST.get("version", "")
        return self.save(steps, int(looked_at) if looked_at.isdigit() else None)

    def _step_page(self, form: StepForm, step: Step, action: Action) -> HttpResponse:
        context = {
            "form": form,
            "step": step,
            "action": action,
            "kind": step_type(action.action_type),
            "is_known": action.action_type in FORMS,
        }
        return self._render("step", context, form.status)

    def _render(self, page: str, context: Mapping[str, object], status: int = 200) -> HttpResponse:
        shared = {
            "desk": self,
            "project": self.request.project,
            "process": self.process,
            "may_edit": self.may_edit,
        }
        return render(
            self.request, f"deployments/{page}.html", {**shared, **context}, status=status
        )

    def _card(self, step: Step, number: int, names: dict[tuple[str, int], str]) -> Card:
        actions = [
            CardAction(
                action,
                self.url("step", action.id),
                self.url("toggle_step", action.id),
                self.url("remove_step", action.id),
            )
            for action in step.actions
        ]
        return Card(step, number, list(_about(step, names)), actions)

    def _names(self) -> dict[tuple[str, int], str]:
        environments = Environment.objects.in_space(self.request.space).values_list("pk", "name")
        channels = Channel.objects.filter(project=self.request.project).values_list("pk", "name")
        return {("environment", pk): name for pk, name in environments} | {
            ("channel", pk): name for pk, name in channels
        }


def _about(step: Step, names: dict[tuple[str, int], str]) -> Iterator[str]:
    """Where and when it runs, in words."""
    action = step.actions[0]
    if action.action_type == "Octopus.Manual":
        yield "Asks a person"
    elif step.roles:
        by = "From the worker for" if action.runs_on_server else "On"
        yield f"{by} targets with role {' or '.join(step.roles)}"
    else:
        yield "On the worker"
    if step.window:
        yield f"{step.window} at once"
    for reference in action.packages:
        yield f"Package {reference.package_id}"
    if action.environments:
        yield f"Only in {_list(names, 'environment', action.environments)}"
    if action.excluded_environments:
        yield f"Not in {_list(names, 'environment', action.excluded_environments)}"
    if action.channels:
        yield f"Only in channel {_list(names, 'channel', action.channels)}"
    match step.condition:
        case Condition.FAILURE:
            yield "If a step before failed"
        case Condition.ALWAYS:
            yield "Always"
        case Condition.VARIABLE:
            yield "If its expression is true"


def _list(names: dict[tuple[str, int], str], kind: str, ids: Sequence[int]) -> str:
    return " or ".join(names.get((kind, pk), "one that was deleted") for pk in ids)


def _found(steps: Steps, action_id: str) -> tuple[Step, Action]:
    for step in steps:
        for action in step.actions:
            if action.id == action_id:
                return step, action
    raise Http404

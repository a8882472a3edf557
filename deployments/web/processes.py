"""The process of a project: its steps in order, and the page of one step. ui.md 7(f)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.core.process import Action, Condition, Step, groups
from deployments.models import Channel, Environment, Process
from deployments.services.processes import save_process
from deployments.web.guards import ProjectRequest, authorize_post, in_project
from deployments.web.moving import moved
from deployments.web.step_forms import FORMS, StepForm
from deployments.web.step_types import STEP_TYPES, step_type
from spaces.access import allowed
from spaces.errors import DomainError
from spaces.permissions import Permission

Steps = Sequence[Step]


@dataclass(frozen=True)
class Card:
    """A step as the list shows it. about: where and when it runs, in words."""

    step: Step
    number: int
    about: Sequence[str]

    @property
    def is_disabled(self) -> bool:
        return all(action.is_disabled for action in self.step.actions)


@in_project(Permission.PROCESS_VIEW)
@require_GET
def process(request: ProjectRequest) -> HttpResponse:
    found = request.project.process
    steps = found.parsed()
    names = _names(request)
    numbers = {step.id: number for number, step in enumerate(steps, start=1)}
    context = {
        "project": request.project,
        "process": found,
        "groups": [
            [Card(step, numbers[step.id], list(_about(step, names))) for step in group]
            for group in groups(steps)
        ],
        "first": steps[0].id if steps else "",
        "last": steps[-1].id if steps else "",
        "may_edit": _may_edit(request),
    }
    return render(request, "deployments/process.html", context)


@in_project(Permission.PROCESS_EDIT)
@require_http_methods(["GET", "POST"])
def new_step(request: ProjectRequest) -> HttpResponse:
    """`?kind=` says which; without it, the kinds are on offer."""
    kind = request.GET.get("kind", "")
    if kind not in FORMS:
        context = {"project": request.project, "kinds": STEP_TYPES}
        return render(request, "deployments/step_kinds.html", context)
    action = Action(id="", name="", action_type=kind)
    step = Step(id="", name="", actions=(action,))
    form = FORMS[kind](request, request.POST or None, step, action)
    if form.is_valid():
        steps = [*request.project.process.parsed(), form.applied(step, action)]
        if form.refusable(lambda: _save(request, steps)):
            messages.success(request, f"Step {form.cleaned_data['name']} was added.")
            return redirect("process", *_here(request))
    return _step_page(request, form, step, action)


@in_project(Permission.PROCESS_VIEW)
@require_http_methods(["GET", "POST"])
def step_page(request: ProjectRequest, action_id: str) -> HttpResponse:
    authorize_post(request, Permission.PROCESS_EDIT, request.project)
    steps = request.project.process.parsed()
    step, action = _found(steps, action_id)
    kind = FORMS.get(action.action_type, StepForm)
    form = kind(request, request.POST or None, step, action)
    if form.is_valid():
        changed = form.applied(step, action)
        wanted = [changed if other.id == step.id else other for other in steps]
        if form.refusable(lambda: _save(request, wanted)):
            messages.success(request, f"Step {form.cleaned_data['name']} was saved.")
            return redirect("process", *_here(request))
    return _step_page(request, form, step, action)


@in_project(Permission.PROCESS_EDIT)
@require_POST
def move_step(request: ProjectRequest) -> HttpResponse:
    def reordered(steps: Steps) -> Steps:
        by_id = {step.id: step for step in steps}
        return [by_id[key] for key in moved(list(by_id), request.POST)]

    return _changed(request, reordered, "The order was changed.")


@in_project(Permission.PROCESS_EDIT)
@require_POST
def toggle_step(request: ProjectRequest, action_id: str) -> HttpResponse:
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

    return _changed(request, with_toggled, "The step was changed.")


@in_project(Permission.PROCESS_EDIT)
@require_POST
def remove_step(request: ProjectRequest, action_id: str) -> HttpResponse:
    """Removes the action, and its step when that was its last."""

    def without(steps: Steps) -> Steps:
        _found(steps, action_id)
        kept = [
            replace(step, actions=tuple(a for a in step.actions if a.id != action_id))
            for step in steps
        ]
        return [step for step in kept if step.actions]

    return _changed(request, without, "The step was removed.")


def _changed(request: ProjectRequest, change: Callable[[Steps], Steps], done: str) -> HttpResponse:
    """Saves the steps after a small change; a refusal is told on the page of the process."""
    try:
        _save(request, change(request.project.process.parsed()))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("process", *_here(request))


def _save(request: ProjectRequest, steps: Steps) -> Process:
    """`version` in the form says which process was looked at; a later one is a conflict."""
    looked_at = request.POST.get("version", "")
    return save_process(
        actor=request.actor,
        project=request.project,
        steps=steps,
        version=int(looked_at) if looked_at.isdigit() else None,
    )


def _step_page(request: ProjectRequest, form: StepForm, step: Step, action: Action) -> HttpResponse:
    context = {
        "project": request.project,
        "process": request.project.process,
        "form": form,
        "step": step,
        "action": action,
        "kind": step_type(action.action_type),
        "may_edit": _may_edit(request),
        "is_known": action.action_type in FORMS,
    }
    return render(request, "deployments/step.html", context, status=form.status)


def _about(step: Step, names: dict[tuple[str, int], str]):
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


def _names(request: ProjectRequest) -> dict[tuple[str, int], str]:
    environments = Environment.objects.in_space(request.space).values_list("pk", "name")
    channels = Channel.objects.filter(project=request.project).values_list("pk", "name")
    return {("environment", pk): name for pk, name in environments} | {
        ("channel", pk): name for pk, name in channels
    }


def _found(steps: Steps, action_id: str) -> tuple[Step, Action]:
    for step in steps:
        for action in step.actions:
            if action.id == action_id:
                return step, action
    raise Http404


def _may_edit(request: ProjectRequest) -> bool:
    return allowed(request.actor, Permission.PROCESS_EDIT, request.project)


def _here(request: ProjectRequest) -> list[str]:
    return [request.space.slug, request.project.slug]

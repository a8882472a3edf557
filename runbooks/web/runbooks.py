"""Runbooks: the list, one of them with its runs and snapshots, its settings. ui.md 7(k)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from deployments.models import Environment, Project
from deployments.web.danger import DangerForm
from deployments.web.guards import ProjectRequest, authorize_post, in_project
from deployments.web.tabs import tabs
from runbooks.models import Runbook, RunbookRun
from runbooks.models.runbooks import DEFAULT_RUNS_KEPT
from runbooks.queries.blockers import UNPUBLISHED
from runbooks.queries.places import environments_of
from runbooks.services.runbooks import create_runbook, delete_runbook, update_runbook
from runbooks.web.guards import RunbookRequest, in_runbook
from spaces.access import allowed, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm, Rows

TABS = {"runs": "Runs", "snapshots": "Snapshots"}
CANNOT_EDIT = "Your teams do not allow you to change this runbook."
CANNOT_RUN = "Your teams do not allow you to run this runbook anywhere."


class NewRunbookForm(PageForm):
    name = forms.CharField(max_length=200)
    description = forms.CharField(
        widget=forms.Textarea({"rows": 2}), required=False, help_text="Markdown is shown as such."
    )


class RunbookForm(NewRunbookForm):
    environment_scope = forms.ChoiceField(
        label="Where it runs", choices=Runbook.EnvironmentScope.choices
    )
    environments = Rows(
        Environment.objects.none(), label="The environments chosen here", required=False
    )
    runs_kept = forms.IntegerField(
        label="Runs kept",
        min_value=1,
        max_value=100_000,
        required=False,
        widget=forms.NumberInput({"class": "input-short"}),
        help_text="For each environment and tenant. Empty: all.",
    )
    guided_failure = forms.ChoiceField(
        label="Guided failure", choices=Project.GuidedFailure.choices
    )
    allow_no_targets = forms.BooleanField(label="Run even where there is no target", required=False)
    skip_unavailable_targets = forms.BooleanField(
        label="Skip targets that are unavailable", required=False
    )
    exclude_unhealthy_targets = forms.BooleanField(
        label="Leave out unhealthy targets", required=False
    )
    force_package_download = forms.BooleanField(label="Always download packages", required=False)

    def __init__(self, request: RunbookRequest) -> None:
        runbook = request.runbook
        initial = {name: getattr(runbook, name) for name in self.base_fields}
        initial["environments"] = [row.environment_id for row in runbook.environments.all()]
        super().__init__(request.POST or None, initial=initial)
        rows = Environment.objects.in_space(request.space)
        self.offer("environments", visible(request.actor, Permission.ENVIRONMENT_VIEW, rows))


@in_project(Permission.RUNBOOK_VIEW)
@require_GET
def runbooks(request: ProjectRequest) -> HttpResponse:
    rows = visible(
        request.actor, Permission.RUNBOOK_VIEW, Runbook.objects.filter(project=request.project)
    )
    page = Paginator(rows.select_related("published", "project"), 50).get_page(
        request.GET.get("page")
    )
    last = _last_runs(request, list(page))
    context = {
        "project": request.project,
        "page": page,
        "rows": [(runbook, last.get(runbook.pk)) for runbook in page],
        "may_create": allowed(request.actor, Permission.RUNBOOK_EDIT, request.project),
        "cannot": ["Your teams do not allow you to write runbooks in this project."],
    }
    return render(request, "runbooks/runbooks.html", context)


@in_project(Permission.RUNBOOK_EDIT)
@require_http_methods(["GET", "POST"])
def new_runbook(request: ProjectRequest) -> HttpResponse:
    form = NewRunbookForm(request.POST or None)
    created = form.call(create_runbook, actor=request.actor, project=request.project)
    if created:
        messages.success(request, f"Runbook {created} was created. Add its first step.")
        return redirect("runbook_process", *_names(request, created))
    context = {"project": request.project, "form": form}
    return render(request, "runbooks/runbook_new.html", context, status=form.status)


@in_runbook()
@require_GET
def runbook_page(request: RunbookRequest) -> HttpResponse:
    """Its runs, or with `?tab=snapshots` its snapshots."""
    runbook = request.runbook
    tab = request.GET.get("tab", "runs")
    tab = tab if tab in TABS else "runs"
    may_edit = allowed(request.actor, Permission.RUNBOOK_EDIT, runbook)
    rows = _runs(request) if tab == "runs" else runbook.snapshots.select_related("process")
    published = runbook.published
    context = {
        "project": request.project,
        "runbook": runbook,
        "tab": tab,
        "tabs": tabs(request, TABS, tab),
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        "has_steps": bool(runbook.process.steps),
        "is_newer": published and published.process.version != runbook.process.version,
        "may_edit": may_edit,
        "may_publish": may_edit
        and allowed(request.actor, Permission.RUNBOOK_SNAPSHOT_CREATE, runbook),
        "cannot_run": _cannot_run(request, may_edit=may_edit),
        "cannot_edit": [CANNOT_EDIT],
    }
    return render(request, "runbooks/runbook.html", context)


@in_runbook()
@require_http_methods(["GET", "POST"])
def runbook_settings(request: RunbookRequest) -> HttpResponse:
    authorize_post(request, Permission.RUNBOOK_EDIT, request.runbook)
    form = RunbookForm(request)
    saved = form.call(update_runbook, actor=request.actor, runbook=request.runbook)
    if saved:
        messages.success(request, "The settings were saved.")
        return redirect("runbook_settings", *_names(request, saved))
    context = {
        "project": request.project,
        "runbook": request.runbook,
        "form": form,
        "may_edit": allowed(request.actor, Permission.RUNBOOK_EDIT, request.runbook),
        "default_kept": DEFAULT_RUNS_KEPT,
    }
    return render(request, "runbooks/runbook_settings.html", context, status=form.status)


@in_runbook(Permission.RUNBOOK_EDIT)
@require_http_methods(["GET", "POST"])
def remove_runbook(request: RunbookRequest) -> HttpResponse:
    runbook = request.runbook
    form = DangerForm(runbook.name, request.POST or None)
    if form.carry_out(delete_runbook, actor=request.actor, runbook=runbook):
        messages.success(request, f"Runbook {runbook} was deleted.")
        return redirect("runbooks", request.space.slug, request.project.slug)
    return form.page(
        request,
        title=f"Delete the runbook {runbook}",
        lost=(
            f"{runbook.runs.count()} runs with their logs, {runbook.snapshots.count()} snapshots "
            "and its steps are lost."
        ),
        in_the_way=[],
        back=("runbook_settings", *_names(request, runbook)),
    )


def _cannot_run(request: RunbookRequest, *, may_edit: bool) -> list[str]:
    """Why the button that leads to the page of a run is disabled."""
    actor, runbook = request.actor, request.runbook
    if not any(
        allowed(actor, Permission.RUNBOOK_RUN_CREATE, runbook, environment=environment)
        for environment in environments_of(runbook)
    ):
        return [CANNOT_RUN]
    if not request.runbook.process.steps and not request.runbook.published_id:
        return ["It has no steps yet."]
    return [] if may_edit or request.runbook.published_id else [UNPUBLISHED.text]


def _runs(request: RunbookRequest) -> QuerySet[RunbookRun]:
    rows = RunbookRun.objects.filter(runbook=request.runbook)
    seen = visible(request.actor, Permission.RUNBOOK_RUN_VIEW, rows)
    return seen.select_related("task", "environment", "tenant", "snapshot").defer("task__plan")


def _last_runs(request: ProjectRequest, shown: Sequence[Runbook]) -> dict[int, RunbookRun]:
    """The newest run that the person may see, by runbook id."""
    rows: Any = RunbookRun.objects.filter(runbook__in=[runbook.pk for runbook in shown])
    seen = visible(request.actor, Permission.RUNBOOK_RUN_VIEW, rows)
    newest = seen.order_by("runbook_id", "-id").distinct("runbook_id")
    found = newest.select_related("task", "environment", "tenant").defer("task__plan")
    return {run.runbook_id: run for run in found}


def _names(request: ProjectRequest, runbook: Runbook) -> list[str]:
    return [request.space.slug, request.project.slug, runbook.slug]

"""The page on which a runbook is run: environments, prompts, preview. ui.md 7(k)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from deployments.models import Environment
from deployments.queries.blockers import Blocker, Place
from deployments.queries.plan_inputs import RunOptions
from deployments.web.run_form import (
    Choice,
    Preview,
    RunForm,
    RunPage,
    asked,
    digest,
    obstacles,
    production,
    targets_in,
)
from runbooks.models import RunbookRun, RunbookSnapshot
from runbooks.queries.blockers import (
    UNPUBLISHED,
    permission_blockers,
    place_plans,
    places_blockers,
)
from runbooks.queries.places import environments_of
from runbooks.queries.snapshots import DRAFT, draft_of
from runbooks.services.runs import run_draft, run_runbook
from runbooks.web.guards import RunbookRequest, in_runbook
from spaces.access import allowed, visible
from spaces.permissions import Permission

NOWHERE = "The runbook has no environment that you may see."


@dataclass(frozen=True)
class SnapshotChoice:
    """What can be run: key is the snapshot's number or "draft"."""

    key: str
    label: str
    help: str
    is_chosen: bool


@in_runbook()
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def run(request: RunbookRequest) -> HttpResponse:
    """As the page that deploys (`deployments.web.deploy`), without a lifecycle."""
    snapshot = _snapshot(request)
    environments = list(
        visible(request.actor, Permission.ENVIRONMENT_VIEW, environments_of(request.runbook))
    )
    posted = request.method == "POST"
    data = request.POST if posted else asked(request.GET, snapshot, environments)
    form = RunForm(data, snapshot, environments, targets_in(request, environments))
    form.is_valid()
    previews = _previews(request, snapshot, form.chosen(), form.options())
    choices = _choices(request, environments, form.chosen())
    context = {
        "project": request.project,
        "runbook": request.runbook,
        "page": _page(request),
        "form": form,
        "choices": choices,
        "snapshot_choices": _snapshot_choices(request, snapshot),
        "previews": previews,
        "obstacles": _unpublished(request, snapshot) or obstacles(previews, choices, NOWHERE),
        "production": production(previews),
        "digest": digest(previews),
    }
    if not posted or "preview" in request.POST:
        part = "#preview" if request.htmx else ""
        return render(request, f"deployments/run.html{part}", context)
    return _decide(request, snapshot, form, context)


def _decide(
    request: RunbookRequest, snapshot: RunbookSnapshot, form: RunForm, context: dict[str, Any]
) -> HttpResponse:
    """Run, unless what the person saw is not what would happen, or production wants a second look."""
    if not form.is_valid():
        return _again(request, context, 422)
    if request.POST.get("seen") not in (None, "", context["digest"]):
        return _again(request, context | {"changed": True}, 409)
    if context["production"] and "confirmed" not in request.POST:
        form.ask_for_secrets_again()
        return _again(request, context | {"confirming": True}, 200)
    queued = form.refusable(lambda: _queue(request, snapshot, form))
    if queued is None:
        return _again(request, context, form.status)
    if len(queued) == 1:
        return redirect("task", request.space.slug, queued[0].task_id)
    messages.success(request, f"{len(queued)} runs were queued.")
    return redirect("runbook", *_names(request))


def _queue(
    request: RunbookRequest, snapshot: RunbookSnapshot, form: RunForm
) -> Sequence[RunbookRun]:
    places = [Place(environment, None) for environment in form.chosen()]
    if not snapshot.pk and allowed(request.actor, Permission.RUNBOOK_EDIT, request.runbook):
        return run_draft(
            actor=request.actor, runbook=request.runbook, places=places, options=form.options()
        )
    return run_runbook(
        actor=request.actor,
        runbook=request.runbook,
        places=places,
        snapshot=snapshot if snapshot.pk else None,
        options=form.options(),
    )


def _again(request: RunbookRequest, context: dict[str, Any], status: int) -> HttpResponse:
    return render(request, "deployments/run.html", context, status=status)


def _snapshot(request: RunbookRequest) -> RunbookSnapshot:
    """The snapshot that is asked for by number, else the published one, else the draft."""
    asked_for = (request.POST or request.GET).get("snapshot", "")
    rows = request.runbook.snapshots.select_related(
        "project__group", "runbook__project", "process", "variables"
    )
    if asked_for.isascii() and asked_for.isdigit():
        if found := rows.filter(pk=asked_for).first():
            return found
    elif asked_for != "draft" and request.runbook.published_id:
        return rows.get(pk=request.runbook.published_id)
    return draft_of(request.runbook)[0]


def _snapshot_choices(
    request: RunbookRequest, snapshot: RunbookSnapshot
) -> Sequence[SnapshotChoice]:
    """None for who may run only what is published: there is nothing to choose."""
    if not allowed(request.actor, Permission.RUNBOOK_EDIT, request.runbook):
        return []
    published = request.runbook.published
    rows = [published] if published else []
    if snapshot.pk and snapshot != published:
        rows.append(snapshot)
    found = [
        SnapshotChoice(
            str(row.pk), row.name, "Published" if row == published else "", row == snapshot
        )
        for row in rows
    ]
    return [
        *found,
        SnapshotChoice("draft", DRAFT, "The steps and variables of now", not snapshot.pk),
    ]


def _unpublished(request: RunbookRequest, snapshot: RunbookSnapshot) -> list[str]:
    """Nothing else needs to be told to who runs only what is published."""
    may_edit = allowed(request.actor, Permission.RUNBOOK_EDIT, request.runbook)
    return [] if snapshot.pk or may_edit else [UNPUBLISHED.text]


def _choices(
    request: RunbookRequest, environments: Sequence[Environment], chosen: Sequence[Environment]
) -> list[Choice]:
    """Those that are possible first."""

    def against(environment: Environment) -> list[Blocker]:
        return permission_blockers(request.actor, request.runbook, Place(environment, None))

    found = [
        Choice(environment, against(environment), environment in chosen)
        for environment in environments
    ]
    return sorted(found, key=lambda choice: bool(choice.blockers))


def _previews(
    request: RunbookRequest,
    snapshot: RunbookSnapshot,
    environments: Sequence[Environment],
    options: RunOptions,
) -> list[Preview]:
    places = [Place(environment, None) for environment in environments]
    plans = place_plans(snapshot, places, options)
    blockers = places_blockers(request.actor, snapshot, places, options, plans)
    packages = [(item["package_id"], "", item["version"]) for item in snapshot.packages]
    return [Preview(place.environment, plans[place], blockers[place], packages) for place in places]


def _page(request: RunbookRequest) -> RunPage:
    runbook, names = request.runbook, _names(request)
    return RunPage(
        heading=runbook.name,
        address=reverse("run_runbook", args=names),
        back=reverse("runbook", args=names),
        crumbs="runbooks/partials/runbook_crumbs.html",
        verb="Run",
        asks=f"Run {runbook} in",
        cannot="You cannot run this now:",
        to_production="Run in production",
        nowhere=NOWHERE,
    )


def _names(request: RunbookRequest) -> list[str]:
    return [request.space.slug, request.project.slug, request.runbook.slug]

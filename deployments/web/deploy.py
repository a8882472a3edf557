"""The deploy page: choices on the left, what would happen on the right. ui.md 7(d).

The preview calls the real planner and the service's own blockers (U1). The form carries a digest of what
was shown; when that has changed meanwhile, it is shown again instead of being deployed (U14).
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from deployments.models import Environment, Release
from deployments.queries.blockers import board_blockers, deploy_blockers
from deployments.queries.dashboard import cells
from deployments.queries.plan_inputs import RunOptions, plan_of
from deployments.queries.progression import progression_of
from deployments.services.deployments import deploy_to_environments
from deployments.web.guards import ProjectRequest, in_project
from deployments.web.releases import found_release
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
from spaces.access import visible
from spaces.permissions import Permission

NOWHERE = "The lifecycle has no environment that you may see."


@in_project(Permission.RELEASE_VIEW)
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def deploy(request: ProjectRequest, version: str) -> HttpResponse:
    """GET shows the choices of its parameters. POST with `preview` shows those of the form, to htmx the
    `preview` partial alone: answers may be secret, so they never become part of an address."""
    release = found_release(request, version)
    environments = _environments(request, release)
    data = request.POST if request.method == "POST" else asked(request.GET, release, environments)
    form = RunForm(data, release, environments, targets_in(request, environments))
    form.is_valid()
    chosen = form.chosen()
    previews = [_preview(request, release, environment, form.options()) for environment in chosen]
    choices = _choices(request, release, environments, chosen)
    context = {
        "project": request.project,
        "release": release,
        "page": _page(request, release),
        "form": form,
        "choices": choices,
        "previews": previews,
        "obstacles": obstacles(previews, choices, NOWHERE),
        "production": production(previews),
        "digest": digest(previews),
    }
    if request.method == "GET" or "preview" in request.POST:
        part = "#preview" if request.htmx else ""
        return render(request, f"deployments/run.html{part}", context)
    return _decide(request, release, form, previews, context)


def _decide(
    request: ProjectRequest,
    release: Release,
    form: RunForm,
    previews: Sequence[Preview],
    context: dict[str, Any],
) -> HttpResponse:
    """Deploy, unless what the person saw is not what would happen, or production wants a second look."""
    if not form.is_valid():
        return _again(request, context, 422)
    if request.POST.get("seen") not in (None, "", context["digest"]):
        return _again(request, context | {"changed": True}, 409)
    if context["production"] and "confirmed" not in request.POST:
        form.ask_for_secrets_again()
        return _again(request, context | {"confirming": True}, 200)
    queued = form.refusable(
        lambda: deploy_to_environments(
            actor=request.actor,
            release=release,
            environments=form.chosen(),
            options=form.options(),
        )
    )
    if queued is None:
        return _again(request, context, form.status)
    if len(queued) == 1:
        return redirect("task", request.space.slug, queued[0].task_id)
    messages.success(request, f"{len(queued)} deployments were queued.")
    return redirect("release", request.space.slug, request.project.slug, release.version)


def _again(request: ProjectRequest, context: dict[str, Any], status: int) -> HttpResponse:
    return render(request, "deployments/run.html", context, status=status)


def _environments(request: ProjectRequest, release: Release) -> list[Environment]:
    """Those of the release's lifecycle that the person may see, in order of phases."""
    order = [env for phase in progression_of(release).phases for env in phase.phase.environments]
    rows = visible(
        request.actor,
        Permission.ENVIRONMENT_VIEW,
        Environment.objects.in_space(request.space).filter(pk__in=order),
    )
    return sorted(rows, key=lambda row: order.index(row.pk))


def _choices(
    request: ProjectRequest,
    release: Release,
    environments: Sequence[Environment],
    chosen: Sequence[Environment],
) -> list[Choice]:
    """Those that are possible first."""
    blockers = board_blockers(request.actor, [release], environments)
    found = [
        Choice(environment, blockers[release.pk, environment.pk], environment in chosen)
        for environment in environments
    ]
    return sorted(found, key=lambda choice: bool(choice.blockers))


def _preview(
    request: ProjectRequest, release: Release, environment: Environment, options: RunOptions
) -> Preview:
    where = cells(request.actor, [request.project], [environment])
    cell = where.get((request.project.pk, environment.pk))
    current = (cell.current or cell.shown) if cell else None
    there = {p["package_id"]: p["version"] for p in current.release.packages} if current else {}
    planned = plan_of(release, environment, options)
    return Preview(
        environment=environment,
        plan=planned,
        blockers=deploy_blockers(request.actor, release, environment, options, planned),
        packages=[
            (package["package_id"], there.get(package["package_id"], ""), package["version"])
            for package in release.packages
        ],
        now=current.release.version if current else "",
    )


def _page(request: ProjectRequest, release: Release) -> RunPage:
    names = [request.space.slug, request.project.slug]
    return RunPage(
        heading=str(release),
        address=reverse("deploy", args=[*names, release.version]),
        back=reverse("project", args=names),
        crumbs="deployments/partials/deploy_crumbs.html",
        verb="Deploy",
        asks=f"Deploy {release} to",
        cannot="You cannot deploy here now:",
        to_production="Deploy to production",
        nowhere=NOWHERE,
    )

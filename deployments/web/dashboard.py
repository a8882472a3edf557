"""Which release is where in the whole space. ui.md 7(a)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from deployments.models import Environment, Project, ProjectGroup
from deployments.queries.dashboard import Cell, Dashboard, dashboard
from deployments.web import statuses
from deployments.web.guards import SpaceRequest, in_space
from deployments.web.statuses import Status
from spaces.access import anywhere, visible
from spaces.permissions import Permission

# The filter's word for each tone, in the order in which they deserve attention.
TONES = {
    "attention": "Waiting",
    "failed": "Failed",
    "warning": "Warnings",
    "running": "Running",
    "queued": "Queued",
    "succeeded": "Healthy",
}


@dataclass(frozen=True)
class ShownCell:
    """One cell. cell None: nothing was ever deployed; outside: not a place for this project."""

    environment: Environment
    cell: Cell | None
    status: Status | None
    outside: bool


@dataclass(frozen=True)
class Row:
    project: Project
    cells: Sequence[ShownCell]


@dataclass(frozen=True)
class Section:
    """A project group with the environments that its projects use."""

    group: ProjectGroup
    environments: Sequence[Environment]
    rows: Sequence[Row]


@in_space(Permission.PROJECT_VIEW)
@require_GET
@vary_on_headers("HX-Request")
def dashboard_page(request: SpaceRequest) -> HttpResponse:
    """The matrix. htmx polls the same address for the `matrix` partial."""
    if request.session.get("space") != request.space.slug:
        request.session["space"] = request.space.slug
    found = dashboard(request.actor, request.space, projects=_wanted(request))
    shown = sections(found)
    counts = Counter(
        cell.status.tone
        for section in shown
        for row in section.rows
        for cell in row.cells
        if cell.status
    )
    tone = request.GET.get("status", "")
    context = {
        "sections": _only(shown, tone) if tone in TONES else shown,
        "summary": [(key, word, counts[key]) for key, word in TONES.items() if counts[key]],
        "tone": tone,
        "groups": visible(
            request.actor,
            Permission.PROJECT_GROUP_VIEW,
            ProjectGroup.objects.in_space(request.space),
        ),
        "is_filtered": any(request.GET.get(name) for name in ("q", "group", "status")),
        "may_create": anywhere(request.actor, Permission.PROJECT_CREATE, request.space),
    }
    part = "#matrix" if request.htmx else ""
    return render(request, f"deployments/dashboard.html{part}", context)


def _wanted(request: SpaceRequest):
    rows = Project.objects.in_space(request.space).filter(is_disabled=False)
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=text)
    if group := request.GET.get("group", ""):
        rows = rows.filter(group__slug=group)
    return rows


def sections(found: Dashboard) -> list[Section]:
    """Project groups with what is shown of their projects."""
    now = timezone.now()
    found_sections = []
    for group, projects in groupby(found.projects, key=lambda project: project.group):
        listed = list(projects)
        used = frozenset().union(*(found.columns[project.pk] for project in listed))
        environments = [env for env in found.environments if env.pk in used]
        rows = [
            Row(
                project,
                [
                    _shown(
                        environment,
                        found.cells.get((project.pk, environment.pk)),
                        outside=environment.pk not in found.columns[project.pk],
                        now=now,
                    )
                    for environment in environments
                ],
            )
            for project in listed
        ]
        found_sections.append(Section(group, environments, rows))
    return found_sections


def _shown(environment: Environment, cell: Cell | None, *, outside: bool, now) -> ShownCell:
    shown = cell.shown if cell else None
    status = statuses.task_status(shown.task, now) if shown else None
    return ShownCell(environment, cell, status, outside=outside and cell is None)


def _only(sections: Iterable[Section], tone: str) -> list[Section]:
    """The rows in which some cell has this tone."""
    kept = [
        Section(
            section.group,
            section.environments,
            [
                row
                for row in section.rows
                if any(cell.status and cell.status.tone == tone for cell in row.cells)
            ],
        )
        for section in sections
    ]
    return [section for section in kept if section.rows]

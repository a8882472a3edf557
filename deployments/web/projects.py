"""Projects: the list, the overview board, settings. ui.md 7(b)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from deployments.models import Environment, LibraryVariableSet, Lifecycle, Project, ProjectGroup
from deployments.queries.board import board, board_of, environments_of
from deployments.queries.dashboard import cells
from deployments.services.projects import create_project, delete_project, update_project
from deployments.web.danger import DangerForm
from deployments.web.guards import (
    ProjectRequest,
    SpaceRequest,
    authorize_post,
    in_project,
    in_space,
)
from spaces.access import allowed, anywhere, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm

ROWS = 25


class NewProjectForm(PageForm):
    name = forms.CharField(max_length=200)
    description = forms.CharField(
        widget=forms.Textarea({"rows": 2}), required=False, help_text="Markdown is shown as such."
    )
    group = forms.ModelChoiceField(ProjectGroup.objects.none(), empty_label=None)
    lifecycle = forms.ModelChoiceField(
        Lifecycle.objects.none(),
        empty_label=None,
        help_text="The order in which releases go through environments.",
    )

    def __init__(self, request: SpaceRequest, **given) -> None:
        super().__init__(request.POST or None, **given)
        self.offer(
            "group",
            visible(
                request.actor,
                Permission.PROJECT_GROUP_VIEW,
                ProjectGroup.objects.in_space(request.space),
            ),
        )
        self.offer(
            "lifecycle",
            visible(
                request.actor, Permission.LIFECYCLE_VIEW, Lifecycle.objects.in_space(request.space)
            ),
        )


class ProjectForm(NewProjectForm):
    version_template = forms.CharField(
        label="Version of the next release",
        max_length=400,
        help_text="A template such as #{Octopus.Version.LastMajor}.#{Octopus.Version.NextMinor}.0.",
    )
    release_notes_template = forms.CharField(
        label="Template of release notes", widget=forms.Textarea({"rows": 3}), required=False
    )
    library_sets = forms.TypedMultipleChoiceField(
        label="Included variable sets",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    guided_failure = forms.ChoiceField(
        label="Guided failure", choices=Project.GuidedFailure.choices
    )
    allow_no_targets = forms.BooleanField(
        label="Deploy even where there is no target", required=False
    )
    skip_unavailable_targets = forms.BooleanField(
        label="Skip targets that are unavailable", required=False
    )
    exclude_unhealthy_targets = forms.BooleanField(
        label="Leave out unhealthy targets", required=False
    )
    skip_if_already_installed = forms.BooleanField(
        label="Skip packages that are installed already", required=False
    )
    is_disabled = forms.BooleanField(
        label="Disabled", required=False, help_text="Nothing of it can be deployed."
    )

    def __init__(self, request: ProjectRequest, **given) -> None:
        super().__init__(request, **given)
        sets = visible(
            request.actor,
            Permission.LIBRARY_VARIABLE_SET_VIEW,
            LibraryVariableSet.objects.in_space(request.space),
        )
        self.choices("library_sets", [(row.pk, row.name) for row in sets])
        if not sets:
            del self.fields["library_sets"]


@dataclass(frozen=True)
class Listed:
    """Projects under the heading of their group."""

    group: ProjectGroup
    projects: Sequence[Project]


@in_space(Permission.PROJECT_VIEW)
@require_GET
def projects(request: SpaceRequest) -> HttpResponse:
    rows = visible(
        request.actor, Permission.PROJECT_VIEW, Project.objects.in_space(request.space)
    ).select_related("group", "lifecycle")
    text = request.GET.get("q", "").strip()
    if text:
        rows = rows.filter(name__icontains=text)
    page = Paginator(rows.order_by("group__name", "group_id", "name"), 100).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "sections": [
            Listed(group, list(listed)) for group, listed in groupby(page, lambda row: row.group)
        ],
        "text": text,
        "may_create": anywhere(request.actor, Permission.PROJECT_CREATE, request.space),
        "may_see_lifecycles": anywhere(request.actor, Permission.LIFECYCLE_VIEW, request.space),
    }
    return render(request, "deployments/projects.html", context)


@in_space(Permission.PROJECT_CREATE)
@require_http_methods(["GET", "POST"])
def new_project(request: SpaceRequest) -> HttpResponse:
    form = NewProjectForm(request)
    created = form.call(create_project, actor=request.actor, space=request.space)
    if created:
        messages.success(request, f"Project {created} was created. Add its first step.")
        return redirect("process", request.space.slug, created.slug)
    return render(request, "deployments/project_new.html", {"form": form}, status=form.status)


@in_project(Permission.PROJECT_VIEW)
@require_GET
@vary_on_headers("HX-Request")
def project_page(request: ProjectRequest) -> HttpResponse:
    """The overview board. htmx polls the same address for the `board` partial."""
    actor, project = request.actor, request.project
    page = None
    if "all" in request.GET:
        environments = environments_of(actor, project)
        page = Paginator(_releases(request), ROWS).get_page(request.GET.get("page"))
        shown = board_of(actor, list(page), environments, _current(request, environments))
    else:
        shown = board(actor, project)
    context = {
        "project": project,
        "board": shown,
        "page": page,
        "has_steps": bool(project.process.steps),
        "may_create_release": allowed(actor, Permission.RELEASE_CREATE, project),
    }
    part = "#board" if request.htmx else ""
    return render(request, f"deployments/project.html{part}", context)


@in_project(Permission.PROJECT_VIEW)
@require_http_methods(["GET", "POST"])
def project_settings(request: ProjectRequest) -> HttpResponse:
    project = request.project
    authorize_post(request, Permission.PROJECT_EDIT, project)
    initial = vars(project) | {"group": project.group, "lifecycle": project.lifecycle}
    form = ProjectForm(request, initial=initial)
    saved = form.call(update_project, actor=request.actor, project=project)
    if saved:
        messages.success(request, "The settings were saved.")
        return redirect("project_settings", request.space.slug, saved.slug)
    context = {
        "project": project,
        "form": form,
        "may_edit": allowed(request.actor, Permission.PROJECT_EDIT, project),
        "may_delete": allowed(request.actor, Permission.PROJECT_DELETE, project),
    }
    return render(request, "deployments/project_settings.html", context, status=form.status)


@in_project(Permission.PROJECT_DELETE)
@require_http_methods(["GET", "POST"])
def remove_project(request: ProjectRequest) -> HttpResponse:
    project = request.project
    form = DangerForm(project.name, request.POST or None)
    if form.carry_out(delete_project, actor=request.actor, project=project):
        messages.success(request, f"Project {project} was deleted.")
        return redirect("projects", request.space.slug)
    return form.page(
        request,
        title=f"Delete the project {project}",
        lost=(
            f"{project.releases.count()} releases, {project.deployments.count()} deployments with "
            "their logs, its process and its variables are lost. Packages stay."
        ),
        in_the_way=[],
        back=("project_settings", request.space.slug, project.slug),
    )


def _releases(request: ProjectRequest):
    rows = visible(request.actor, Permission.RELEASE_VIEW, request.project.releases.all())
    return rows.select_related("project", "channel")


def _current(request: ProjectRequest, environments: Sequence[Environment]):
    """The deployment that counts as current in each environment, by environment id."""
    found = cells(request.actor, [request.project], environments)
    return {key[1]: cell.current or cell.shown for key, cell in found.items()}

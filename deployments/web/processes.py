"""The process of a project: its steps in order, and the page of one step."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.services.processes import save_process
from deployments.web.guards import ProjectRequest, authorize_post, in_project
from deployments.web.step_desk import StepDesk, Steps, Words
from spaces.access import allowed
from spaces.permissions import Permission

WORDS = Words(
    intro="What a deployment does, in order. Releases keep the steps as they were when they were made.",
    after_removal="New releases do not have it any more. Releases that exist keep it.",
)


@in_project(Permission.PROCESS_VIEW)
@require_GET
def process(request: ProjectRequest) -> HttpResponse:
    return _desk(request).show()


@in_project(Permission.PROCESS_EDIT)
@require_http_methods(["GET", "POST"])
def new_step(request: ProjectRequest) -> HttpResponse:
    return _desk(request).new()


@in_project(Permission.PROCESS_VIEW)
@require_http_methods(["GET", "POST"])
def step_page(request: ProjectRequest, action_id: str) -> HttpResponse:
    authorize_post(request, Permission.PROCESS_EDIT, request.project)
    return _desk(request).edit(action_id)


@in_project(Permission.PROCESS_EDIT)
@require_POST
def move_step(request: ProjectRequest) -> HttpResponse:
    return _desk(request).move()


@in_project(Permission.PROCESS_EDIT)
@require_POST
def toggle_step(request: ProjectRequest, action_id: str) -> HttpResponse:
    return _desk(request).toggle(action_id)


@in_project(Permission.PROCESS_EDIT)
@require_POST
def remove_step(request: ProjectRequest, action_id: str) -> HttpResponse:
    return _desk(request).remove(action_id)


def _desk(request: ProjectRequest) -> StepDesk:
    project = request.project

    def save(steps: Steps, version: int | None) -> object:
        return save_process(actor=request.actor, project=project, steps=steps, version=version)

    return StepDesk(
        request=request,
        process=project.process,
        save=save,
        may_edit=allowed(request.actor, Permission.PROCESS_EDIT, project),
        prefix="",
        names=(request.space.slug, project.slug),
        crumbs="deployments/partials/project_crumb.html",
        words=WORDS,
        has_channels=True,
    )

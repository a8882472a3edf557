"""The steps of a runbook."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.web.guards import authorize_post
from deployments.web.step_desk import StepDesk, Steps, Words
from runbooks.services.runbooks import save_runbook_process
from runbooks.web.guards import RunbookRequest, in_runbook
from spaces.access import allowed
from spaces.permissions import Permission

EDITING = (Permission.RUNBOOK_EDIT, Permission.PROCESS_EDIT)
WORDS = Words(
    intro="What a run does, in order. What is published keeps its steps until you publish again.",
    after_removal="New snapshots do not have it any more. Those that exist keep it.",
)


@in_runbook()
@require_GET
def process(request: RunbookRequest) -> HttpResponse:
    return _desk(request).show()


@in_runbook(*EDITING)
@require_http_methods(["GET", "POST"])
def new_step(request: RunbookRequest) -> HttpResponse:
    return _desk(request).new()


@in_runbook()
@require_http_methods(["GET", "POST"])
def step_page(request: RunbookRequest, action_id: str) -> HttpResponse:
    for permission in EDITING:
        authorize_post(request, permission, request.runbook)
    return _desk(request).edit(action_id)


@in_runbook(*EDITING)
@require_POST
def move_step(request: RunbookRequest) -> HttpResponse:
    return _desk(request).move()


@in_runbook(*EDITING)
@require_POST
def toggle_step(request: RunbookRequest, action_id: str) -> HttpResponse:
    return _desk(request).toggle(action_id)


@in_runbook(*EDITING)
@require_POST
def remove_step(request: RunbookRequest, action_id: str) -> HttpResponse:
    return _desk(request).remove(action_id)


def _desk(request: RunbookRequest) -> StepDesk:
    runbook = request.runbook

    def save(steps: Steps, version: int | None) -> object:
        return save_runbook_process(
            actor=request.actor, runbook=runbook, steps=steps, version=version
        )

    return StepDesk(
        request=request,
        process=runbook.process,
        save=save,
        may_edit=all(allowed(request.actor, permission, runbook) for permission in EDITING),
        prefix="runbook_",
        names=(request.space.slug, request.project.slug, runbook.slug),
        crumbs="runbooks/partials/runbook_crumbs.html",
        words=WORDS,
        has_channels=False,
    )

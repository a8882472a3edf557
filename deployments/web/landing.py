"""Where a person begins, by what they may do in the space. ui.md 6."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from deployments.models import ServerTask
from deployments.queries.ready import deploys_in_some_environments, ready_to_deploy
from deployments.web.guards import SpaceRequest, in_space, signed_in
from spaces.access import anywhere, visible, visible_spaces
from spaces.actors import Actor
from spaces.models import Space
from spaces.permissions import Permission as P

MY_TASKS = 5
MAKES = (P.DEPLOYMENT_CREATE, P.RELEASE_CREATE, P.PROCESS_EDIT, P.RUNBOOK_RUN_CREATE)
DECIDES = (P.INTERRUPTION_SUBMIT, P.INTERRUPTION_VIEW_SUBMIT_RESPONSIBLE)


def only_looks(actor: Actor, space: Space) -> bool:
    """Whether somebody came for dashboards and reports alone: no page offers them work, not even disabled
    (ui.md 6, project manager)."""
    reads = anywhere(actor, P.INSIGHTS_REPORT_VIEW, space)
    return reads and not anywhere(actor, P.TASK_VIEW, space)


def landing_page(actor: Actor, space: Space) -> str:
    """The name of the route: what whoever holds just these permissions came for. "" when there is no
    page of the space for them."""

    def holds(*permissions: P) -> bool:
        return any(anywhere(actor, permission, space) for permission in permissions)

    if only_looks(actor, space):
        return "reports"
    if holds(*DECIDES) and not holds(*MAKES):
        return "inbox"
    if deploys_in_some_environments(actor, space):
        return "ready"
    if holds(P.PROJECT_VIEW):
        return "dashboard"
    return "environments" if holds(P.ENVIRONMENT_VIEW) else ""


@signed_in
@require_GET
def landing(request: SpaceRequest) -> HttpResponse:
    """The space a person was in last, else the first that has something for them."""
    last = request.session.get("space")
    spaces = visible_spaces(request.actor).order_by("-is_default", "name")
    for space in sorted(spaces, key=lambda space: space.slug != last):
        if page := landing_page(request.actor, space):
            return redirect(page, space.slug)
    return render(request, "deployments/nowhere.html")


@signed_in
@require_GET
def space_landing(request: SpaceRequest, space: str) -> HttpResponse:
    """The same for a space that is named."""
    found = visible_spaces(request.actor).filter(slug=space).first()
    page = landing_page(request.actor, found) if found else ""
    if not page:
        raise Http404
    return redirect(page, space)


@in_space(P.DEPLOYMENT_CREATE)
@require_GET
def ready(request: SpaceRequest) -> HttpResponse:
    """What may go where next, and how my own tasks stand."""
    mine = ServerTask.objects.in_space(request.space).filter(requested_by=request.user)
    context = {
        "ready": ready_to_deploy(request.actor, request.space),
        "tasks": visible(request.actor, P.TASK_VIEW, mine)
        .select_related("project")
        .defer("plan")
        .order_by("-id")[:MY_TASKS],
    }
    return render(request, "deployments/ready.html", context)

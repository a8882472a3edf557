"""Tasks: the list, the page of one with its live log, cancelling, doing it again. ui.md 7(e), 7(n)."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from deployments import blobs
from deployments.core.states import ACTIVE, FINAL, FINAL_NODES, NodeStatus, TaskState
from deployments.models import ServerTask, TaskLogNode
from deployments.queries.queue_standing import standing
from deployments.queries.run_kinds import run_kind
from deployments.queries.task_logs import log_tree, raw_log
from deployments.services.resuming import resume_blockers, resume_task
from deployments.services.tasks import abandon_blockers, abandon_task, cancel_task, rerun_task
from deployments.web import log_view, statuses
from deployments.web.guards import SpaceRequest, in_space
from deployments.web.interruptions import Waiting, cards
from deployments.web.tabs import tabs
from spaces.access import allowed, visible
from spaces.permissions import Permission

LISTS = {
    "running": Q(state__in=["Executing", "Cancelling"], is_waiting=False),
    "waiting": Q(state="Executing", is_waiting=True),
    "queued": Q(state="Queued"),
    "finished": Q(state__in=FINAL),
}
LABELS = {
    "all": "All",
    "waiting": "Needs a person",
    "running": "Running",
    "queued": "Queued",
    "finished": "Finished",
}


@in_space(Permission.TASK_VIEW)
@require_GET
def tasks(request: SpaceRequest) -> HttpResponse:
    rows = _seen(request)
    tab = request.GET.get("tab", "all")
    tab = tab if tab in LABELS else "all"
    listed = rows.filter(LISTS[tab]) if tab in LISTS else rows
    page = Paginator(listed.select_related("project", "environment", "requested_by"), 50)
    counts = {name: rows.filter(LISTS[name]).count() for name in ("waiting", "running", "queued")}
    context = {
        "page": page.get_page(request.GET.get("page")),
        "tabs": tabs(request, LABELS, tab, counts),
        "tab": tab,
    }
    return render(request, "deployments/tasks.html", context)


@in_space(Permission.TASK_VIEW)
@require_GET
@vary_on_headers("HX-Request")
def task_page(request: SpaceRequest, task_id: int) -> HttpResponse:
    """One task. With `?after=` htmx asks the same address for what is new since then."""
    task = found_task(request, task_id)
    if request.htmx and "after" in request.GET:
        return _tail(request, task)
    verbose = "verbose" in request.GET
    root = log_tree(task, tail=log_view.SHOWN, verbose=verbose)
    nodes = log_view.nodes_in(root)
    first = min((line.seq for part in log_view.parts(root) for line in part.lines), default=0)
    context = _head(request, task, nodes) | {
        "root": log_view.tree(root),
        "seen": log_view.letters(nodes),
        "last": task.last_seq,
        "cut": first - 1 if first > log_view.SHOWN else 0,
        "verbose": verbose,
        "standing": standing(request.actor, task),
        "artifacts": _artifacts(request, task),
    }
    return render(request, "deployments/task.html", context)


@in_space(Permission.TASK_VIEW)
@require_GET
def task_log(request: SpaceRequest, task_id: int) -> StreamingHttpResponse:
    """The raw log, streamed."""
    task = found_task(request, task_id)
    response = StreamingHttpResponse(raw_log(task), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="{task.wire_id}.log.txt"'
    return response


@in_space(Permission.ARTIFACT_VIEW)
@require_GET
def task_artifact(request: SpaceRequest, task_id: int, artifact_id: int) -> FileResponse:
    """A collected file, always as a download."""
    task = found_task(request, task_id)
    artifact = get_object_or_404(_artifacts(request, task), pk=artifact_id)
    try:
        content = blobs.store().open(artifact.sha256)
    except FileNotFoundError as exc:
        raise Http404 from exc
    return FileResponse(
        content,
        as_attachment=True,
        filename=artifact.file_name,
        content_type="application/octet-stream",
    )


@in_space(Permission.TASK_VIEW)
@require_POST
def task_cancel(request: SpaceRequest, task_id: int) -> HttpResponse:
    cancel_task(actor=request.actor, task=found_task(request, task_id))
    messages.success(request, "The task is being cancelled.")
    return redirect("task", request.space.slug, task_id)


@in_space(Permission.TASK_VIEW)
@require_POST
def task_abandon(request: SpaceRequest, task_id: int) -> HttpResponse:
    abandon_task(actor=request.actor, task=found_task(request, task_id))
    messages.success(request, "The task is abandoned. Look at its targets: work may go on there.")
    return redirect("task", request.space.slug, task_id)


@in_space(Permission.TASK_VIEW)
@require_POST
def task_resume(request: SpaceRequest, task_id: int) -> HttpResponse:
    again = resume_task(actor=request.actor, task=found_task(request, task_id))
    return redirect("task", request.space.slug, again.pk)


@in_space(Permission.TASK_VIEW)
@require_POST
def task_rerun(request: SpaceRequest, task_id: int) -> HttpResponse:
    again = rerun_task(actor=request.actor, task=found_task(request, task_id))
    return redirect("task", request.space.slug, again.pk)


def found_task(request: SpaceRequest, task_id: int) -> ServerTask:
    rows = _seen(request).select_related("project", "environment", "requested_by")
    return get_object_or_404(rows, pk=task_id)


def _seen(request: SpaceRequest):
    return visible(request.actor, Permission.TASK_VIEW, ServerTask.objects.in_space(request.space))


def _artifacts(request: SpaceRequest, task: ServerTask):
    return visible(request.actor, Permission.ARTIFACT_VIEW, task.artifacts.order_by("id"))


def _tail(request: SpaceRequest, task: ServerTask) -> HttpResponse:
    """Lines, statuses and head since the last look. The questions come only when they have changed,
    so that a half-typed note is never replaced (U7)."""
    after = request.GET.get("after", "")
    if not after.isdigit() or len(after) > 18:
        raise Http404
    nodes = log_view.nodes_of(task)
    verbose = "verbose" in request.GET
    found = log_view.news(
        task, nodes, after=int(after), seen=request.GET.get("seen", ""), verbose=verbose
    )
    head = _head(request, task, nodes)
    context = head | {
        "news": found,
        "seen": log_view.letters(nodes),
        "last": found.last,
        "verbose": verbose,
        "questions_changed": request.GET.get("asked") != head["asked"],
    }
    return render(request, "deployments/task_tail.html", context)


def _head(request: SpaceRequest, task: ServerTask, nodes: list[TaskLogNode]) -> dict[str, Any]:
    questions = _questions(request, task)
    kind = run_kind(task)
    run = kind.load(task) if kind else None
    steps = [node for node in nodes if node.parent_key == ""]
    is_final = task.state in FINAL
    return {
        "task": task,
        "kind": kind,
        "run": run,
        "sees_source": bool(kind and run and allowed(request.actor, kind.source, run.project)),
        "status": statuses.waiting_status(q.interruption for q in questions)
        if questions
        else statuses.task_status(task, timezone.now()),
        "questions": questions,
        "asked": "-".join(
            f"{q.interruption.pk}.{q.interruption.responsible_user_id or 0}" for q in questions
        ),
        "steps": steps,
        "done": sum(NodeStatus(node.status) in FINAL_NODES for node in steps),
        "failed": next(
            (node for node in reversed(nodes) if node.key and node.status == NodeStatus.FAILED),
            None,
        ),
        "is_final": is_final,
        "elapsed": (task.finished_at or timezone.now()) - task.started_at
        if task.started_at
        else None,
        "may_cancel": task.state in ACTIVE
        and task.state != TaskState.CANCELLING.value
        and allowed(request.actor, Permission.TASK_CANCEL, task),
        "cancel_offered": task.state in ACTIVE,
        "may_abandon": not abandon_blockers(task)
        and allowed(request.actor, Permission.TASK_CANCEL, task),
        "may_resume": bool(kind and run and is_final and not resume_blockers(task, run)),
        "rerun_blockers": kind.again_blockers(request.actor, run) if kind and is_final else None,
    }


def _questions(request: SpaceRequest, task: ServerTask) -> list[Waiting]:
    rows = visible(
        request.actor,
        Permission.INTERRUPTION_VIEW,
        task.interruptions.filter(is_pending=True).order_by("id"),
    ).select_related("responsible_user", "task__project", "task__environment")
    return cards(request.actor, list(rows))

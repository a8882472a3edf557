"""Snapshots of a runbook: taking and publishing them. ui.md 7(k)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from deployments.queries.release_packages import Selection
from runbooks.models import RunbookSnapshot
from runbooks.queries.snapshots import draft_of, proposed_name
from runbooks.services.snapshots import (
    SnapshotRequest,
    delete_snapshot,
    publish_snapshot,
    take_snapshot,
    unpublish,
)
from runbooks.web.guards import RunbookRequest, in_runbook
from spaces.errors import DomainError
from spaces.permissions import Permission
from spaces.web.forms import PageForm


class SnapshotForm(PageForm):
    """name, notes, and one field for each package the steps need."""

    name = forms.CharField(max_length=200)
    notes = forms.CharField(
        widget=forms.Textarea({"rows": 3}),
        required=False,
        help_text="What is new, for whoever runs it.",
    )

    def __init__(self, request: RunbookRequest, selection: Selection) -> None:
        super().__init__(request.POST or None, initial={"name": proposed_name(request.runbook)})
        self._keys: dict[str, str] = {}
        for needed, found in selection.chosen:
            field = f"package-{needed.action.id}-{needed.reference.name}"
            self.fields[field] = forms.CharField(
                label=needed.label, initial=found.version, max_length=255
            )
            parts = [needed.action.name, needed.reference.name]
            self._keys[field] = ":".join(part for part in parts if part)

    def request(self) -> SnapshotRequest:
        """What was said, as the service takes it."""
        given = self.cleaned_data
        packages = [f"{key}:{given[field]}" for field, key in self._keys.items()]
        return SnapshotRequest(name=given["name"], notes=given["notes"], packages=packages)


@in_runbook(Permission.RUNBOOK_EDIT, Permission.RUNBOOK_SNAPSHOT_CREATE)
@require_http_methods(["GET", "POST"])
def new_snapshot(request: RunbookRequest) -> HttpResponse:
    """Freezes the runbook as it is now; people run that from then on, unless `keep` is pressed."""
    selection = draft_of(request.runbook)[1]
    form = SnapshotForm(request, selection)
    if form.is_valid():
        snapshot = form.refusable(
            lambda: take_snapshot(
                actor=request.actor,
                runbook=request.runbook,
                request=form.request(),
                publish="keep" not in request.POST,
            )
        )
        if snapshot:
            done = "was published" if snapshot.is_published else "was taken"
            messages.success(request, f"{snapshot.name} {done}.")
            return _to_snapshots(request)
    context = {
        "project": request.project,
        "runbook": request.runbook,
        "form": form,
        "selection": selection,
    }
    return render(request, "runbooks/snapshot_new.html", context, status=form.status)


@in_runbook(Permission.RUNBOOK_EDIT)
@require_POST
def publish(request: RunbookRequest, snapshot_id: int) -> HttpResponse:
    snapshot = _found(request, snapshot_id)
    publish_snapshot(actor=request.actor, snapshot=snapshot)
    messages.success(request, f"{snapshot.name} is what people run from now on.")
    return _to_snapshots(request)


@in_runbook(Permission.RUNBOOK_EDIT)
@require_POST
def withdraw(request: RunbookRequest) -> HttpResponse:
    """Publish nothing."""
    unpublish(actor=request.actor, runbook=request.runbook)
    messages.success(request, "Nothing is published any more: only who may edit it can run it.")
    return _to_snapshots(request)


@in_runbook(Permission.RUNBOOK_EDIT)
@require_POST
def remove_snapshot(request: RunbookRequest, snapshot_id: int) -> HttpResponse:
    snapshot = _found(request, snapshot_id)
    try:
        delete_snapshot(actor=request.actor, snapshot=snapshot)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{snapshot.name} was deleted.")
    return _to_snapshots(request)


def _found(request: RunbookRequest, pk: int) -> RunbookSnapshot:
    rows = request.runbook.snapshots.select_related("runbook__project")
    return get_object_or_404(rows, pk=pk)


def _to_snapshots(request: RunbookRequest) -> HttpResponse:
    here = redirect("runbook", request.space.slug, request.project.slug, request.runbook.slug)
    here.headers["Location"] += "?tab=snapshots"
    return here

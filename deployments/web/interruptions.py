"""Answering what waits for a person: from the task's page and from the inbox. ui.md 7(e)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from deployments.core.approvals import ABORT
from deployments.models import Interruption
from deployments.queries.failures import Failure, failures
from deployments.queries.inbox import waiting
from deployments.queries.overtaking import newer_releases
from deployments.services.interruptions import (
    decide,
    decide_together,
    refusals,
    release_responsibility,
    take_over,
    take_responsibility,
)
from deployments.web import statuses
from deployments.web.guards import SpaceRequest, in_space
from deployments.web.statuses import Status
from spaces.access import visible
from spaces.actors import Actor
from spaces.permissions import Permission
from spaces.web.forms import PageForm

ICONS = {"Proceed": "check", "Retry": "refresh", "Ignore": "skipped", "Exclude": "trash"}
VERBS = {"Ignore": "Ignore and continue", "Exclude": "Leave this target out", "Fail": "Fail"}
LISTED = 100


@dataclass(frozen=True)
class Answer:
    """A button. The first constructive one is the primary."""

    result: str
    verb: str
    icon: str
    style: str


class AnswerForm(PageForm):
    notes = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False, max_length=20_000)
    result = forms.ChoiceField()
    together = forms.BooleanField(required=False)

    def __init__(self, interruption: Interruption, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"answer-{interruption.pk}-%s")
        self.choices("result", [(choice, choice) for choice in interruption.choices])
        self.answers = [
            Answer(
                choice,
                VERBS.get(choice, choice),
                ICONS.get(choice, "close"),
                _style(choice),
            )
            for choice in sorted(interruption.choices, key=_rank)
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("result") == ABORT and not given.get("notes", "").strip():
            self.add_error("notes", "Say why: whoever reads the log will want to know.")
        return given


@dataclass(frozen=True)
class Waiting:
    """A question with what this person may do about it.

    failure: what it is about, if it is one. newer: the version of a newer release that went there
    meanwhile. taken: somebody else has taken responsibility, who could be replaced.
    """

    interruption: Interruption
    form: AnswerForm
    refusals: list[str]
    status: Status
    failure: Failure | None = None
    newer: str = ""
    taken: str = ""

    @property
    def missing_approvals(self) -> int:
        return self.interruption.minimum_approvals - len(self.interruption.approvals)


def cards(actor: Actor, rows: Sequence[Interruption]) -> list[Waiting]:
    """Questions as cards, in their order."""
    failed = failures(rows)
    newer = newer_releases(row.task_id for row in rows if row.kind == Interruption.Kind.MANUAL)
    return [
        Waiting(
            row,
            AnswerForm(row),
            refusals(actor, row),
            statuses.waiting_status([row]),
            failed.get(row.pk),
            newer.get(row.task_id, "") if row.kind == Interruption.Kind.MANUAL else "",
            _taken(actor, row),
        )
        for row in rows
    ]


def _taken(actor: Actor, row: Interruption) -> str:
    is_free = row.responsible_user_id in (None, actor.user.pk if actor.user else None)
    return "" if is_free else str(row.responsible_user)


@in_space(Permission.INTERRUPTION_VIEW)
@require_GET
def inbox(request: SpaceRequest) -> HttpResponse:
    rows = list(waiting(request.actor, request.space)[: LISTED + 1])
    context = {
        "cards": cards(request.actor, rows[:LISTED]),
        "has_more": len(rows) > LISTED,
    }
    return render(request, "deployments/inbox.html", context)


@in_space(Permission.INTERRUPTION_VIEW)
@require_POST
def answer(request: SpaceRequest, interruption_id: int) -> HttpResponse:
    """Decides at once, or takes, takes over or gives back responsibility, by the button that was
    pressed."""
    row = _found(request, interruption_id)
    match request.POST.get("act"):
        case "take":
            take_responsibility(actor=request.actor, interruption=row)
        case "take-over":
            take_over(actor=request.actor, interruption=row)
        case "give-back":
            release_responsibility(actor=request.actor, interruption=row)
        case _:
            return _decided(request, row)
    return redirect("task", request.space.slug, row.task_id)


def _decided(request: SpaceRequest, row: Interruption) -> HttpResponse:
    form = AnswerForm(row, request.POST)
    if form.call(_decide, actor=request.actor, interruption=row):
        messages.success(request, f"You answered: {form.cleaned_data['result']}.")
        return redirect("task", request.space.slug, row.task_id)
    card = replace(cards(request.actor, [row])[0], form=form, taken="")
    return render(request, "deployments/answer.html", {"card": card}, status=form.status)


def _decide(
    *, actor: Actor, interruption: Interruption, result: str, notes: str, together: bool
) -> object:
    answer = decide_together if together else decide
    return answer(actor=actor, interruption=interruption, result=result, notes=notes)


def _found(request: SpaceRequest, interruption_id: int) -> Interruption:
    rows = visible(
        request.actor,
        Permission.INTERRUPTION_VIEW,
        Interruption.objects.in_space(request.space),
    )
    return get_object_or_404(
        rows.select_related("responsible_user", "task__project", "task__environment"),
        pk=interruption_id,
    )


def _rank(choice: str) -> int:
    return 1 if choice in ("Abort", "Fail") else 0


def _style(choice: str) -> str:
    if choice in ("Abort", "Fail"):
        return "btn-danger"
    return "btn-primary" if choice in ("Proceed", "Retry") else ""

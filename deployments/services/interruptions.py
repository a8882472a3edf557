"""Interruptions: who may answer, taking responsibility, answering. domain.md 18."""

from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from deployments.core.guidance import Guidance
from deployments.models import Interruption, ServerTask
from deployments.queue import enqueue
from spaces.access import allowed, authorize
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid, PermissionRefused
from spaces.models import Team
from spaces.permissions import Permission

MAX_NOTES = 20_000
ABORT = "Abort"


def refusals(actor: Actor, interruption: Interruption) -> list[str]:
    """Why `actor` may not answer; empty when they may. Pages and services ask this one.

    With responsible teams: a member with a submit permission. Without: whoever may submit, or for a
    manual intervention deploy there (18.1).
    """
    if actor.user is None or actor.user.is_service:
        return ["Only a person may answer; service accounts may not."]
    may_submit = allowed(actor, Permission.INTERRUPTION_SUBMIT, interruption)
    if interruption.responsible_teams:
        return _team_refusals(actor, interruption, may_submit=may_submit)
    is_manual = interruption.kind == Interruption.Kind.MANUAL
    if may_submit or (is_manual and allowed(actor, Permission.DEPLOYMENT_CREATE, interruption)):
        return []
    return ["Your teams do not allow you to answer here."]


def _team_refusals(actor: Actor, interruption: Interruption, *, may_submit: bool) -> list[str]:
    responsible = Team.objects.filter(pk__in=interruption.responsible_teams)
    found = []
    if not responsible.filter(members=actor.user).exists():
        names = ", ".join(responsible.order_by("name").values_list("name", flat=True))
        found.append(f"Only members of {names or 'a team that no longer exists'} may answer.")
    as_responsible = allowed(actor, Permission.INTERRUPTION_VIEW_SUBMIT_RESPONSIBLE, interruption)
    if not may_submit and not as_responsible:
        found.append("Your teams do not allow you to answer here.")
    return found


@transaction.atomic
def take_responsibility(*, actor: Actor, interruption: Interruption) -> Interruption:
    """Become the one who answers. Raises Conflict when somebody else already is, PermissionRefused."""
    interruption = _locked(actor, interruption)
    _refuse_strangers(actor, interruption)
    if interruption.responsible_user_id not in (None, _user_id(actor)):
        raise Conflict(f"{interruption.responsible_user} has taken responsibility already.")
    interruption.responsible_user = actor.user
    interruption.save(update_fields=["responsible_user"])
    record(actor, "InterruptionTaken", interruption)
    return interruption


@transaction.atomic
def release_responsibility(*, actor: Actor, interruption: Interruption) -> Interruption:
    """Let others answer. Only the responsible user may."""
    interruption = _locked(actor, interruption)
    if interruption.responsible_user_id != _user_id(actor):
        raise Conflict("You are not responsible for this.")
    interruption.responsible_user = None
    interruption.save(update_fields=["responsible_user"])
    record(actor, "InterruptionReleased", interruption)
    return interruption


@transaction.atomic
def submit_interruption(
    *, actor: Actor, interruption: Interruption, result: str, notes: str = ""
) -> Interruption:
    """Answer, and let the task go on at once. The caller must be the responsible user.

    Raises PermissionRefused, Invalid, or Conflict when it is answered already or another is responsible.
    """
    interruption = _locked(actor, interruption)
    _refuse_strangers(actor, interruption)
    if interruption.responsible_user_id != _user_id(actor):
        holder = interruption.responsible_user
        raise Conflict(
            f"{holder} has taken responsibility." if holder else "Take responsibility first."
        )
    if problems := _answer_problems(interruption, result, notes):
        raise Invalid(problems)
    _answer(actor, interruption, result, notes)
    if result == Guidance.FAIL:
        _fail_others(actor, interruption)
    _let_go_on(interruption.task_id)
    return interruption


def decide(
    *, actor: Actor, interruption: Interruption, result: str, notes: str = ""
) -> Interruption:
    """Take responsibility and answer in one go: what the page's buttons do."""
    with transaction.atomic():
        take_responsibility(actor=actor, interruption=interruption)
        return submit_interruption(
            actor=actor, interruption=interruption, result=result, notes=notes
        )


def same_failures(interruption: Interruption) -> "QuerySet[Interruption]":
    """The failures of the same step on other targets that wait for an answer too."""
    found: QuerySet[Interruption] = Interruption.objects.filter(
        task_id=interruption.task_id,
        kind=Interruption.Kind.GUIDED_FAILURE,
        step_id=interruption.step_id,
        is_pending=True,
    ).exclude(pk=interruption.pk)
    return found


@transaction.atomic
def decide_together(
    *, actor: Actor, interruption: Interruption, result: str, notes: str = ""
) -> list[Interruption]:
    """Give one answer to the failures of a step on several targets: all that offer it and that nobody
    else has taken. Raises as `decide` does."""
    others = list(same_failures(interruption).order_by("id")) if result != Guidance.FAIL else []
    answered = [decide(actor=actor, interruption=interruption, result=result, notes=notes)]
    for other in others:
        is_free = other.responsible_user_id in (None, _user_id(actor))
        if is_free and result in other.choices:
            answered.append(decide(actor=actor, interruption=other, result=result, notes=notes))
    return answered


def _answer(actor: Actor, interruption: Interruption, result: str, notes: str) -> None:
    interruption.is_pending = False
    interruption.result = result
    interruption.notes = notes
    interruption.values = {interruption.answer_name: result, "Notes": notes}
    interruption.submitted_by = actor.name
    interruption.submitted_at = Now()
    interruption.save()
    record(actor, "InterruptionSubmitted", interruption, details={"result": result})


def _fail_others(actor: Actor, interruption: Interruption) -> None:
    """Fail takes effect at once (domain.md 18.2): what else failed in this task fails with it."""
    others = Interruption.objects.filter(
        task_id=interruption.task_id, kind=Interruption.Kind.GUIDED_FAILURE, is_pending=True
    )
    for other in others.select_for_update():
        _answer(actor, other, Guidance.FAIL.value, f"With {interruption.title}.")


def _let_go_on(task_id: int) -> None:
    """When nothing is pending any more, the task may be claimed again, by any node."""
    if Interruption.objects.filter(task_id=task_id, is_pending=True).exists():
        return
    ServerTask.objects.filter(pk=task_id).update(is_waiting=False, updated_at=Now())
    transaction.on_commit(partial(enqueue, task_id))


def _locked(actor: Actor, interruption: Interruption) -> Interruption:
    """The row, locked, so that of two people exactly one wins. Refuses who may not even see it."""
    authorize(actor, Permission.INTERRUPTION_VIEW, interruption)
    # the task's row first: the worker that parks the task locks in the same order
    ServerTask.objects.select_for_update().get(pk=interruption.task_id)
    found = Interruption.objects.select_for_update(of=("self",)).select_related(
        "responsible_user", "task__project"
    )
    locked: Interruption = found.get(pk=interruption.pk)
    if not locked.is_pending:
        who = locked.submitted_by or "the cancellation of the task"
        raise Conflict(f"This was already answered by {who}: {locked.result}.")
    return locked


def _refuse_strangers(actor: Actor, interruption: Interruption) -> None:
    if reasons := refusals(actor, interruption):
        raise PermissionRefused(Permission.INTERRUPTION_SUBMIT.value, reasons)


def _answer_problems(interruption: Interruption, result: str, notes: str) -> list[str]:
    problems = []
    if result not in interruption.choices:
        problems.append(f"The answer must be one of {', '.join(interruption.choices)}.")
    if result == ABORT and not notes.strip():
        problems.append("Say why: whoever reads the log will want to know.")
    if len(notes) > MAX_NOTES:
        problems.append(f"Notes have at most {MAX_NOTES} characters; these have {len(notes)}.")
    return problems


def _user_id(actor: Actor) -> int | None:
    return actor.user.pk if actor.user else None

"""Interruptions: who may answer, taking responsibility, answering. domain.md 18."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from deployments.core.approvals import ABORT, PROCEED, is_approved
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
EXPIRY = "an expired question"
EXPIRED = "Nobody answered in time."


def refusals(actor: Actor, interruption: Interruption) -> list[str]:
    """Why `actor` may not answer; empty when they may. Pages and services ask this one.

    With responsible teams: a member with a submit permission. Without: whoever may submit, or for a
    manual intervention deploy there (18.1).
    """
    if actor.user is None or actor.user.is_service:
        return ["Only a person may answer; service accounts may not."]
    if interruption.four_eyes and interruption.task.requested_by_id == actor.user.pk:
        return ["You asked for this deployment; somebody else has to answer."]
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
    if not responsible.filter(Q(members=actor.user) | Q(builtin=Team.EVERYONE)).exists():
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
def take_over(*, actor: Actor, interruption: Interruption) -> Interruption:
    """Become the one who answers instead of whoever took responsibility. Raises PermissionRefused."""
    interruption = _locked(actor, interruption)
    _refuse_strangers(actor, interruption)
    before, interruption.responsible_user = interruption.responsible_user, actor.user
    interruption.save(update_fields=["responsible_user"])
    details = {"responsible": [str(before or ""), actor.name]}
    record(actor, "InterruptionTaken", interruption, details=details)
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

    Where several people have to proceed, each but the last leaves the question open for the others.
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
    if result == PROCEED and not _approve(actor, interruption, notes):
        return interruption
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


def expire_interruptions() -> int:
    """Answer for people what they did not answer in time; returns how many. Any number of nodes may call
    it at once."""
    count = 0
    late = Interruption.objects.filter(is_pending=True, expires_at__lte=Now())
    for pk, task_id in late.order_by("id").values_list("pk", "task_id"):
        count += _expire(pk, task_id)
    return count


@transaction.atomic
def _expire(pk: int, task_id: int) -> bool:
    ServerTask.objects.select_for_update().get(pk=task_id)
    row = Interruption.objects.select_for_update().filter(pk=pk, is_pending=True).first()
    if row is None:
        return False
    row.responsible_user = None
    _answer(Actor.system(EXPIRY), row, row.when_expired or ABORT, EXPIRED)
    _let_go_on(task_id)
    return True


def _approve(actor: Actor, interruption: Interruption, notes: str) -> bool:
    """Notes that this person proceeds. Whether these are enough now. Raises Conflict the second time."""
    known = interruption.approvals
    if any(each["user"] == _user_id(actor) for each in known):
        raise Conflict("You have approved this already; somebody else has to as well.")
    interruption.approvals = [*known, _approval(actor, notes)]
    if is_approved(
        _teams_of(interruption),
        interruption.minimum_approvals,
        interruption.responsible_teams,
        each_team=interruption.each_team,
    ):
        return True
    interruption.responsible_user = None
    interruption.save(update_fields=["approvals", "responsible_user"])
    record(actor, "InterruptionApproved", interruption)
    return False


def _approval(actor: Actor, notes: str) -> dict[str, Any]:
    at = timezone.now().isoformat()
    return {"user": _user_id(actor), "name": actor.name, "notes": notes, "at": at}


def _teams_of(interruption: Interruption) -> list[frozenset[int]]:
    """For each person who has proceeded, the responsible teams they are in."""
    responsible = Team.objects.filter(pk__in=interruption.responsible_teams)
    everybody = set(responsible.filter(builtin=Team.EVERYONE).values_list("pk", flat=True))
    people: dict[int, set[int]] = {each["user"]: set(everybody) for each in interruption.approvals}
    members = Team.members.through.objects.filter(
        user_id__in=list(people), team_id__in=interruption.responsible_teams
    )
    for user, team in members.values_list("user_id", "team_id"):
        people[user].add(team)
    return [frozenset(teams) for teams in people.values()]


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

"""Interruptions: who may answer, and that exactly one answer counts. domain.md 18."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import Interruption, ServerTask
from deployments.services.interruptions import (
    decide,
    decide_together,
    expire_interruptions,
    release_responsibility,
    submit_interruption,
    take_over,
    take_responsibility,
)
from deployments.services.tasks import cancel_task
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.models import Event
from spaces.permissions import Permission
from tests.factories.deployments import (
    SYSTEM,
    make_deployment,
    make_environment,
    make_furnished_space,
    make_project,
    make_release,
)
from tests.factories.spaces import actor_for, grant, make_team, make_user

pytestmark = pytest.mark.django_db

APPROVER = [
    Permission.PROJECT_VIEW,
    Permission.TASK_VIEW,
    Permission.INTERRUPTION_VIEW,
    Permission.INTERRUPTION_VIEW_SUBMIT_RESPONSIBLE,
]


@pytest.fixture
def space():
    return make_furnished_space()


@pytest.fixture
def interruption(space):
    return ask(space)


def ask(space, **given):
    deployment = make_deployment(
        make_release(make_project(space)), make_environment(space), TaskState.EXECUTING
    )
    ServerTask.objects.filter(pk=deployment.task_id).update(is_waiting=True)
    return Interruption.objects.create(
        space=space,
        task=deployment.task,
        kind=Interruption.Kind.MANUAL,
        title="Approve",
        choices=["Proceed", "Abort"],
        **given,
    )


def person(space, role, **given):
    user = make_user(**given)
    grant(user, role, space)
    return actor_for(user)


@pytest.fixture
def deployer(space):
    return person(space, "projectdeployer")


def test_an_answer_lets_the_task_go_on(interruption, deployer, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as rung:
        decide(actor=deployer, interruption=interruption, result="Proceed", notes="Looks good")

    interruption.refresh_from_db()
    assert (interruption.is_pending, interruption.result) == (False, "Proceed")
    assert interruption.submitted_by == deployer.user.username
    assert not ServerTask.objects.get(pk=interruption.task_id).is_waiting
    assert len(rung) == 1


def test_with_a_second_question_open_the_task_keeps_waiting(space, interruption, deployer):
    Interruption.objects.create(
        space=space,
        task=interruption.task,
        kind="ManualIntervention",
        title="B",
        choices=["Proceed"],
    )

    decide(actor=deployer, interruption=interruption, result="Proceed")

    assert ServerTask.objects.get(pk=interruption.task_id).is_waiting


def test_responsibility_comes_first(interruption, deployer):
    with pytest.raises(Conflict, match="Take responsibility first"):
        submit_interruption(actor=deployer, interruption=interruption, result="Proceed")

    take_responsibility(actor=deployer, interruption=interruption)
    submit_interruption(actor=deployer, interruption=interruption, result="Abort", notes="no")


def test_of_two_people_the_second_is_told_who_was_first(space, interruption, deployer):
    second = person(space, "projectdeployer")
    take_responsibility(actor=deployer, interruption=interruption)

    with pytest.raises(Conflict, match="taken responsibility"):
        take_responsibility(actor=second, interruption=interruption)

    release_responsibility(actor=deployer, interruption=interruption)
    decide(actor=second, interruption=interruption, result="Proceed")
    with pytest.raises(Conflict, match=f"already answered by {second.user.username}"):
        decide(actor=deployer, interruption=interruption, result="Abort", notes="no")


@pytest.mark.parametrize("result", ["", "proceed", "Retry"])
def test_only_the_answers_on_offer_count(interruption, deployer, result):
    with pytest.raises(Invalid, match="one of Proceed, Abort"):
        decide(actor=deployer, interruption=interruption, result=result)

    interruption.refresh_from_db()
    assert interruption.responsible_user is None


def test_a_viewer_may_look_but_not_answer(space, interruption):
    with pytest.raises(PermissionRefused):
        decide(actor=person(space, "projectviewer"), interruption=interruption, result="Proceed")


@pytest.mark.promise("P2")
def test_elsewhere_it_does_not_exist(interruption):
    stranger = person(make_furnished_space(), "spacemanager")

    with pytest.raises(NotFound):
        decide(actor=stranger, interruption=interruption, result="Proceed")


def test_a_service_account_never_answers(space, interruption):
    robot = person(space, "projectdeployer", is_service=True)

    with pytest.raises(PermissionRefused, match="service accounts"):
        decide(actor=robot, interruption=interruption, result="Proceed")


class TestResponsibleTeams:
    """Managers may only approve or reject (domain.md 4.6)."""

    def test_a_member_with_the_approver_role_answers(self, space):
        approver = person(space, APPROVER)
        team = make_team(space, approver.user)
        interruption = ask(space, responsible_teams=[team.pk])

        decide(actor=approver, interruption=interruption, result="Proceed")

    def test_others_do_not_whatever_they_may_do(self, space, deployer):
        interruption = ask(space, responsible_teams=[make_team(space, name="Managers").pk])

        with pytest.raises(PermissionRefused, match="Only members of Managers"):
            decide(actor=deployer, interruption=interruption, result="Proceed")


class TestCancel:
    def test_a_waiting_task_ends_at_once_and_its_question_with_it(self, interruption):
        task = cancel_task(actor=SYSTEM, task=interruption.task)

        interruption.refresh_from_db()
        assert task.state == TaskState.CANCELED.value
        assert (interruption.is_pending, interruption.result) == (False, "Canceled")

    def test_a_cancelled_question_cannot_be_answered(self, interruption, deployer):
        cancel_task(actor=SYSTEM, task=interruption.task)

        with pytest.raises(Conflict, match="already answered"):
            decide(actor=deployer, interruption=interruption, result="Proceed")

    def test_a_finished_task_cannot_be_cancelled(self, interruption):
        task = cancel_task(actor=SYSTEM, task=interruption.task)

        with pytest.raises(Invalid, match="finished"):
            cancel_task(actor=SYSTEM, task=task)

    def test_cancelling_needs_its_permission(self, space, interruption):
        with pytest.raises(PermissionRefused, match="TaskCancel"):
            cancel_task(actor=person(space, "projectviewer"), task=interruption.task)


def guided(space, task=None, **given):
    """A failure that waits for an answer; of a step s-1 on machine 1 unless told."""
    task = task or ask(space, is_pending=False).task
    known = {"title": "Web failed on shop1", "step_id": "s-1", "action_id": "a-1", "machine_id": 1}
    return Interruption.objects.create(
        space=space,
        task=task,
        kind=Interruption.Kind.GUIDED_FAILURE,
        choices=["Retry", "Ignore", "Exclude", "Fail"],
        **known | given,
    )


def test_aborting_needs_a_note(interruption, deployer):
    with pytest.raises(Invalid, match="Say why"):
        decide(actor=deployer, interruption=interruption, result="Abort", notes=" ")

    assert Interruption.objects.get(pk=interruption.pk).is_pending


def test_guidance_needs_the_right_to_submit(space):
    with pytest.raises(PermissionRefused):
        decide(actor=person(space, "projectviewer"), interruption=guided(space), result="Retry")


def test_failures_of_one_step_are_answered_together(space, deployer):
    first = guided(space)
    second = guided(space, first.task, machine_id=2)
    required = guided(space, first.task, machine_id=3)
    Interruption.objects.filter(pk=required.pk).update(choices=["Retry", "Fail"])
    elsewhere = guided(space, first.task, step_id="s-2", machine_id=2)

    answered = decide_together(actor=deployer, interruption=first, result="Exclude")

    assert {row.pk for row in answered} == {first.pk, second.pk}
    pending = Interruption.objects.filter(is_pending=True, task=first.task)
    assert {row.pk for row in pending} == {required.pk, elsewhere.pk}
    assert ServerTask.objects.get(pk=first.task_id).is_waiting


def test_fail_takes_effect_at_once(space, deployer, django_capture_on_commit_callbacks):
    first = guided(space)
    second = guided(space, first.task, step_id="s-2", machine_id=2)

    with django_capture_on_commit_callbacks() as rung:
        decide(actor=deployer, interruption=first, result="Fail")

    second.refresh_from_db()
    assert (second.is_pending, second.result) == (False, "Fail")
    assert len(rung) == 1


def test_two_people_have_to_proceed_where_two_are_asked_for(space, deployer):
    interruption = ask(space, minimum_approvals=2)
    second = person(space, "projectdeployer")

    decide(actor=deployer, interruption=interruption, result="Proceed", notes="fine")
    with pytest.raises(Conflict, match="somebody else"):
        decide(actor=deployer, interruption=interruption, result="Proceed")
    interruption.refresh_from_db()
    assert interruption.is_pending
    assert interruption.responsible_user is None
    assert [each["notes"] for each in interruption.approvals] == ["fine"]

    decide(actor=second, interruption=interruption, result="Proceed")
    interruption.refresh_from_db()
    assert not interruption.is_pending
    assert not ServerTask.objects.get(pk=interruption.task_id).is_waiting


def test_one_person_is_enough_to_abort(space, deployer):
    interruption = ask(space, minimum_approvals=2)

    answered = decide(actor=deployer, interruption=interruption, result="Abort", notes="no")

    assert not answered.is_pending


def test_each_team_approves_by_a_person_of_its_own(space):
    first, second = person(space, "projectdeployer"), person(space, "projectdeployer")
    both = [make_team(space), make_team(space)]
    for team in both:
        team.members.add(first.user)
    both[1].members.add(second.user)
    interruption = ask(space, each_team=True, responsible_teams=[team.pk for team in both])

    assert decide(actor=first, interruption=interruption, result="Proceed").is_pending
    assert not decide(actor=second, interruption=interruption, result="Proceed").is_pending


def test_with_four_eyes_whoever_asked_for_the_deployment_does_not_answer(space, deployer):
    interruption = ask(space, four_eyes=True)
    ServerTask.objects.filter(pk=interruption.task_id).update(requested_by=deployer.user)
    interruption.refresh_from_db()

    with pytest.raises(PermissionRefused, match="somebody else has to answer"):
        decide(actor=deployer, interruption=interruption, result="Proceed")

    decide(actor=person(space, "projectdeployer"), interruption=interruption, result="Proceed")


def test_another_may_take_over_and_the_audit_says_from_whom(space, interruption, deployer):
    second = person(space, "projectdeployer")
    take_responsibility(actor=deployer, interruption=interruption)

    take_over(actor=second, interruption=interruption)

    with pytest.raises(Conflict, match="taken responsibility"):
        submit_interruption(actor=deployer, interruption=interruption, result="Proceed")
    submit_interruption(actor=second, interruption=interruption, result="Proceed")
    event = Event.objects.filter(category="InterruptionTaken").latest("id")
    assert event.details["responsible"] == [str(deployer.user), second.name]


@pytest.mark.parametrize(("given", "result"), [("Abort", "Abort"), ("Proceed", "Proceed")])
def test_what_nobody_answers_in_time_is_answered_by_its_terms(space, given, result):
    late = ask(space, expires_at=timezone.now() - timedelta(seconds=1), when_expired=given)
    in_time = ask(space, expires_at=timezone.now() + timedelta(hours=1), when_expired=given)

    assert expire_interruptions() == 1

    late.refresh_from_db()
    in_time.refresh_from_db()
    assert (late.is_pending, late.result, late.notes) == (False, result, "Nobody answered in time.")
    assert in_time.is_pending
    assert not ServerTask.objects.get(pk=late.task_id).is_waiting

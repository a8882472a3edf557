"""Answering by hand: one press decides, and only for those who may."""

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import Interruption, StepJournal, TaskLogLine
from deployments.services.interruptions import take_responsibility
from tests.factories.deployments import make_deployment
from tests.factories.spaces import actor_for, grant, make_team, make_user


@pytest.fixture
def question(release, dev):
    task = make_deployment(release, dev, TaskState.EXECUTING).task
    return Interruption.objects.create(
        space_id=release.space_id,
        task=task,
        kind=Interruption.Kind.MANUAL,
        title="Approve for customers",
        instructions="Open the shop.\n\n<script>alert(1)</script>",
        choices=["Proceed", "Abort"],
    )


@pytest.fixture
def url(question, home):
    return f"{home}/inbox/{question.pk}"


def test_the_inbox_shows_and_counts_what_waits(browse, manager, question, home):
    text = browse(manager).get(f"{home}/inbox").text

    assert "Approve for customers" in text
    assert "<script>alert" not in text
    assert 'count-attention">1' in text


def test_an_empty_inbox_says_so(browse, manager, home):
    assert "Nothing is waiting for you" in browse(manager).get(f"{home}/inbox").text


def test_one_press_decides(browse, manager, question, url, home):
    answer = browse(manager).post(url, {"result": "Proceed", "notes": "Looks good"})

    question.refresh_from_db()
    assert answer["Location"] == f"{home}/tasks/{question.task_id}/"
    assert (question.result, question.notes, question.submitted_by) == (
        "Proceed",
        "Looks good",
        "manager",
    )


def test_aborting_needs_a_note(browse, manager, question, url):
    answer = browse(manager).post(url, {"result": "Abort", "notes": " "})

    question.refresh_from_db()
    assert answer.status_code == 422
    assert question.is_pending


@pytest.mark.promise("U11")
def test_who_may_not_decide_sees_why_and_is_refused(browse, viewer, question, url, home):
    page = browse(viewer)

    shown = page.get(f"{home}/inbox").text
    refused = page.post(url, {"result": "Proceed"})

    question.refresh_from_db()
    assert "Your teams do not allow you to answer here." in shown
    assert "<textarea" not in shown
    assert refused.status_code == 403
    assert question.is_pending


def test_only_the_responsible_team_may_answer(browse, space, manager, question, url, home):
    team = make_team(space, name="Release managers")
    Interruption.objects.filter(pk=question.pk).update(responsible_teams=[team.pk])

    text = browse(manager).get(f"{home}/inbox").text

    assert "Only members of Release managers may answer." in text


def test_responsibility_is_taken_and_given_back(browse, manager, question, url):
    page = browse(manager)

    page.post(url, {"act": "take"})
    question.refresh_from_db()
    taken_by = question.responsible_user
    page.post(url, {"act": "give-back"})

    question.refresh_from_db()
    assert taken_by == manager.user
    assert question.responsible_user is None


def test_the_second_of_two_people_is_told_who_was_first(browse, space, manager, question, url):
    user = make_user(display_name="Kim")
    grant(user, "spacemanager", space)
    take_responsibility(actor=actor_for(user), interruption=question)

    answer = browse(manager).post(url, {"result": "Proceed"})

    assert answer.status_code == 409
    assert "Kim has taken responsibility already." in answer.text


@pytest.fixture
def failures(question):
    """The same step failed on two targets; the first said something."""
    rows = [
        Interruption.objects.create(
            space_id=question.space_id,
            task=question.task,
            kind=Interruption.Kind.GUIDED_FAILURE,
            title=f"Web failed on shop{machine}",
            instructions="The script ended with exit code 3.",
            choices=["Retry", "Ignore", "Exclude", "Fail"],
            step_id="s-1",
            action_id="a-1",
            machine_id=machine,
            node_key=f"1/machine-{machine}",
        )
        for machine in (1, 2)
    ]
    StepJournal.objects.create(
        task=question.task,
        step_id="s-1",
        action_id="a-1",
        machine_id=1,
        state="Failed",
        epoch=1,
        run_token="t1",
        exit_code=3,
    )
    TaskLogLine.objects.bulk_create(
        TaskLogLine(
            task=question.task,
            seq=number,
            node_key="1/machine-1",
            category="Info",
            occurred_at=timezone.now(),
            text=f"line {number}<b>",
        )
        for number in range(1, 31)
    )
    return rows


def test_a_failure_shows_its_exit_code_its_last_lines_and_what_may_be_answered(
    browse, manager, failures, home
):
    text = browse(manager).get(f"{home}/tasks/{failures[0].task_id}/").text

    assert "Exit code 3." in text
    assert "line 10<" not in text
    assert "line 11&lt;b&gt;" in text
    assert "It can be tried again 10 more times." in text
    for verb in ("Retry", "Ignore and continue", "Leave this target out", "Fail"):
        assert f"{verb}</button>" in text


def test_one_answer_may_count_for_all_targets_of_the_step(browse, manager, failures, home):
    page = browse(manager).get(f"{home}/inbox").text
    assert "Give this answer to the 1 other target that failed in this step" in page

    browse(manager).post(f"{home}/inbox/{failures[0].pk}", {"result": "Exclude", "together": "on"})

    for row in failures:
        row.refresh_from_db()
    assert [row.result for row in failures] == ["Exclude", "Exclude"]


def test_the_inbox_asks_as_often_for_many_failures_as_for_one(
    browse, manager, failures, home, django_assert_num_queries
):
    session = browse(manager)
    session.get(f"{home}/inbox")

    with django_assert_num_queries(10):
        session.get(f"{home}/inbox")

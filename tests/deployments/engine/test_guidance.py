"""Guided failure in the executor: what each answer does to the machine, the step and the deployment.

domain.md 18.2, 32.
"""

import asyncio
from dataclasses import replace

import pytest

from deployments.core.process import Condition
from deployments.core.states import NodeStatus, TaskState
from deployments.engine.control import Signal
from deployments.engine.executor import Unfinished, execute
from deployments.engine.recording import MemoryRecorder, QuestionKind, Reply
from deployments.transports.memory import MemorySession
from tests.deployments.engine.plans import Stage, approval, planned, script, step
from tests.deployments.engine.test_executor import until

FAILS = {"fails": 1}
WORKS = {"fails": []}


def guided(*steps, **given):
    """A plan of which failures are asked about."""
    return replace(planned(*steps, **given), is_guided=True)


def stage(sessions=None, **answers: str) -> Stage:
    """A stage where failures on these machines get these answers."""
    replies = {
        f"{title.replace('_', ' ')}": Reply(answer, username="kim")
        for title, answer in answers.items()
    }
    return Stage(sessions or {"shop1": MemorySession(exit_codes=FAILS)}, MemoryRecorder(replies))


def three(failing: str = "shop2") -> dict[str, MemorySession]:
    return {
        name: MemorySession(exit_codes=FAILS) if name == failing else MemorySession(says=WORKS)
        for name in ("shop1", "shop2", "shop3")
    }


async def test_a_failure_is_asked_about_and_nothing_goes_on_meanwhile():
    sessions = three()
    scene = stage(sessions)
    plan = guided(script("Roll", "fails", window=1), script("Next"), machines=sessions)

    report = await scene.run(plan)

    assert report.ended == Unfinished.WAITING
    assert report.keeps_turn
    (question,) = scene.recorder.questions
    assert question.kind == QuestionKind.GUIDANCE
    assert question.title == "Roll failed on shop2"
    assert question.instructions == "The script ended with exit code 1."
    assert question.choices == ("Retry", "Ignore", "Exclude", "Fail")
    assert sessions["shop3"].launched == []
    assert scene.recorder.statuses["1/machine-2"] == NodeStatus.RUNNING


async def test_rolling_with_exclude_finishes_the_third_host_with_warnings():
    """domain.md 32: W=1 on 3 hosts, host 2 fails, guidance Exclude => host 3 done, success with warnings."""
    sessions = three()
    scene = stage(sessions)
    plan = guided(script("Roll", "fails", window=1), script("Next"), machines=sessions)
    await scene.run(plan)

    scene.recorder.replies["Roll failed on shop2"] = Reply("Exclude")
    report = await scene.run(plan)

    assert report.ended == TaskState.SUCCESS
    assert report.has_warnings
    assert report.has_failures
    assert report.machines == (1, 3)
    assert sessions["shop2"].ran == ["fails"]
    assert sessions["shop3"].ran == ["fails", "run Next"]
    assert scene.recorder.statuses[""] == NodeStatus.WARNING
    assert scene.recorder.statuses["2/machine-2"] == NodeStatus.SKIPPED


async def test_an_excluded_target_leaves_the_remaining_children_too():
    sessions = {"shop1": MemorySession(exit_codes=FAILS)}
    first, second = script("First", "fails").actions[0], script("Second").actions[0]
    scene = stage(sessions, First_failed_on_shop1="Exclude")

    report = await scene.run(guided(step("Roll", first, second), machines=sessions))

    assert report.ended == TaskState.SUCCESS
    assert sessions["shop1"].ran == ["fails"]


async def test_an_ignored_failure_lets_the_children_on_that_machine_go_on():
    sessions = {"shop1": MemorySession(exit_codes=FAILS)}
    first, second = script("First", "fails").actions[0], script("Second").actions[0]
    scene = stage(sessions, First_failed_on_shop1="Ignore")
    plan = guided(
        step("Roll", first, second),
        script("Handler", condition=Condition.FAILURE),
        machines=sessions,
    )

    report = await scene.run(plan)

    assert report.ended == TaskState.SUCCESS
    assert (report.has_warnings, report.has_failures, report.machines) == (True, True, ())
    assert sessions["shop1"].ran == ["fails", "run Second"]
    assert scene.recorder.statuses["1"] == NodeStatus.WARNING


async def test_fail_fails_as_if_nobody_had_been_asked():
    scene = stage(Roll_failed_on_shop1="Fail")
    plan = guided(
        script("Roll", "fails"), script("Next"), script("Tidy", condition=Condition.FAILURE)
    )

    report = await scene.run(plan)

    assert report.ended == TaskState.FAILED
    assert report.error == "Roll on shop1: The script ended with exit code 1."
    assert scene.sessions["shop1"].ran == ["fails", "run Tidy"]


async def test_retry_starts_a_new_round_with_the_actions_own_retries():
    scene = stage()
    plan = guided(script("Roll", "fails", retries=1))
    await scene.run(plan)
    assert scene.sessions["shop1"].ran == ["fails"] * 2

    scene.recorder.replies["Roll failed on shop1 #2"] = Reply("Retry")
    report = await scene.run(plan)

    assert report.ended == Unfinished.WAITING
    assert scene.sessions["shop1"].ran == ["fails"] * 4
    assert [question.attempt.number for question in scene.recorder.questions] == [2, 4]
    assert scene.pauses == pytest.approx([1, 1], rel=0.3)


async def test_a_retry_that_works_is_a_success_without_a_trace_of_failure():
    sessions = {"shop1": MemorySession(exit_codes={"fails": 1})}
    scene = stage(sessions)
    plan = guided(script("Roll", "fails"))
    await scene.run(plan)

    sessions["shop1"].exit_codes = {}
    sessions["shop1"].says = WORKS
    scene.recorder.replies["Roll failed on shop1"] = Reply("Retry")
    report = await scene.run(plan)

    assert report.ended == TaskState.SUCCESS
    assert not report.has_failures
    assert report.machines == (1,)
    assert scene.recorder.statuses["1/machine-1/attempt-2"] == NodeStatus.SUCCESS


async def test_after_ten_retries_retry_is_no_longer_on_offer():
    scene = stage(Roll_failed_on_shop1="Retry")
    plan = guided(script("Roll", "fails"))

    report = await scene.run(plan)

    assert report.ended == Unfinished.WAITING
    assert len(scene.recorder.questions) == 11
    assert scene.recorder.questions[-1].choices == ("Ignore", "Exclude", "Fail")


async def test_a_required_action_can_only_be_tried_again_or_fail():
    (action,) = script("Roll", "fails").actions
    scene = stage()

    await scene.run(guided(step("Roll", replace(action, is_required=True))))

    assert scene.recorder.questions[0].choices == ("Retry", "Fail")


async def test_an_abort_is_never_asked_about():
    scene = Stage(recorder=MemoryRecorder({"Approve": Reply("Abort", notes="no")}))

    report = await scene.run(guided(approval("Approve")))

    assert report.ended == TaskState.FAILED
    assert [question.kind for question in scene.recorder.questions] == [QuestionKind.MANUAL]


async def test_without_guidance_nobody_is_asked():
    scene = stage()

    report = await scene.run(planned(script("Roll", "fails")))

    assert report.ended == TaskState.FAILED
    assert scene.recorder.questions == []


async def test_an_outcome_nobody_knows_is_asked_about_before_anything_is_done_again():
    session = MemorySession(hangs=frozenset({"slow"}))
    scene = Stage({"shop1": session})
    plan = guided(script("Roll", "slow"))
    world = scene.world(plan)
    running = asyncio.create_task(execute(plan, world))
    await until(lambda: session.launched)
    world.control.stop(Signal.HAND_OVER)
    await running
    run = next(iter(session.known.values()))
    run.exit_code = None
    run.ended.set()

    report = await scene.run(plan)

    assert report.ended == Unfinished.WAITING
    assert session.ran == ["slow"]
    assert "outcome unknown" in scene.recorder.questions[0].instructions

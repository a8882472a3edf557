"""Order, failure, windows, conditions, retries, time limits, waiting and cancelling. domain.md 11, 32."""

import asyncio
from dataclasses import replace

import pytest

from deployments.core.process import Condition
from deployments.core.states import Category, NodeStatus, TaskState
from deployments.core.variables import Definition
from deployments.engine.control import LeaseLost, Signal
from deployments.engine.executor import Unfinished, execute
from deployments.engine.recording import MemoryRecorder, Reply
from deployments.transports.base import Output, Stream, Unreachable
from deployments.transports.memory import MemorySession
from tests.deployments.engine.plans import Stage, approval, planned, script, step

FAILS = {"fails": 1}


async def test_a_failing_target_does_not_stop_the_others():
    sessions = {
        "shop1": MemorySession(exit_codes=FAILS),
        "shop2": MemorySession(says={"fails": []}),
    }
    plan = planned(script("Deploy", "fails"), machines=sessions)

    report = await Stage(sessions).run(plan)

    assert report.ended == TaskState.FAILED
    assert report.machines == (2,)
    assert sessions["shop2"].ran == ["fails"]
    assert report.error == "Deploy on shop1: The script ended with exit code 1."


async def test_parallel_pair_with_one_skipped_and_failure_handlers():
    """domain.md 32: pair [1 with 2], 1 skipped => 2 runs; 2 fails => 3 skipped, 4 and 5 run."""
    session = MemorySession(exit_codes=FAILS)
    plan = planned(
        script("One", is_disabled=True),
        script("Two", "fails", together=True),
        script("Three"),
        script("Four", condition=Condition.FAILURE),
        script("Five", condition=Condition.ALWAYS),
    )
    stage = Stage({"shop1": session})

    report = await stage.run(plan)

    assert report.ended == TaskState.FAILED
    assert session.ran == ["fails", "run Four", "run Five"]
    assert stage.recorder.statuses["1"] == NodeStatus.SKIPPED
    assert stage.recorder.statuses["3"] == NodeStatus.SKIPPED
    assert "Skipped: an earlier step failed." in stage.recorder.texts
    assert stage.recorder.statuses[""] == NodeStatus.FAILED


async def test_rolling_with_one_at_a_time_stops_after_the_second_of_three_fails():
    """domain.md 32: W=1 on 3 hosts, host 2 fails, no guidance => host 3 untouched."""
    sessions = {
        "shop1": MemorySession(says={"fails": []}),
        "shop2": MemorySession(exit_codes=FAILS),
        "shop3": MemorySession(says={"fails": []}),
    }
    stage = Stage(sessions)

    report = await stage.run(planned(script("Roll", "fails", window=1), machines=sessions))

    assert report.ended == TaskState.FAILED
    assert sessions["shop3"].launched == []
    assert stage.recorder.statuses["1/machine-3"] == NodeStatus.SKIPPED


async def test_a_finished_machine_frees_its_slot():
    sessions = {name: MemorySession(hangs=frozenset({"slow"})) for name in ("a", "b", "c")}
    sessions["b"].hangs = frozenset()
    sessions["c"].hangs = frozenset()
    stage = Stage(sessions)
    running = asyncio.create_task(
        stage.run(planned(script("Roll", "slow", window=2), machines=sessions))
    )

    await until(lambda: sessions["c"].launched)

    next(iter(sessions["a"].known.values())).ended.set()
    assert (await running).ended == TaskState.SUCCESS


async def test_children_of_a_rolling_step_finish_on_a_machine_before_the_next_begins():
    order: list[str] = []

    class Noting(MemorySession):
        async def start(self, token, launch):
            order.append(token)
            async for event in super().start(token, launch):
                yield event

    sessions = {"a": Noting(), "b": Noting()}
    first, second = (script(name).actions[0] for name in ("First", "Second"))

    await Stage(sessions).run(planned(step("Roll", first, second, window=1), machines=sessions))

    assert order == [
        "a-First-1-1-0",
        "a-Second-1-1-0",
        "a-First-2-1-0",
        "a-Second-2-1-0",
    ]


@pytest.mark.parametrize(
    ("expression", "runs"),
    [("True", True), ("#{Go}", True), ("no", False), (" 0 ", False), ("#{Missing}", False)],
)
async def test_a_variable_condition_runs_the_step_when_it_is_true(expression, runs):
    session = MemorySession()
    conditional = script(
        "Maybe",
        condition=Condition.VARIABLE,
        properties={"Octopus.Step.ConditionVariableExpression": expression},
    )
    stage = Stage({"shop1": session}, definitions=[Definition(1, "Go", "yes")])

    conditional = replace(
        conditional,
        properties={
            **conditional.properties,
            "Octopus.Step.ConditionVariableExpression": expression,
        },
    )
    report = await stage.run(planned(conditional))

    assert report.ended == TaskState.SUCCESS
    assert bool(session.launched) == runs


async def test_a_variable_condition_sees_what_an_earlier_step_told():
    told = Output(
        Stream.STDOUT,
        b"##octopus[setVariable name='R28=' value='eWVz']\n",  # Go, yes
    )
    session = MemorySession(says={"tell": [told]})
    later = script("Later", condition=Condition.VARIABLE)
    expression = "#{Octopus.Action[Tell].Output.Go}"
    later = replace(
        later,
        properties={**later.properties, "Octopus.Step.ConditionVariableExpression": expression},
    )

    await Stage({"shop1": session}).run(planned(script("Tell", "tell"), later))

    assert session.ran == ["tell", "run Later"]


async def test_a_failed_attempt_is_tried_again_with_growing_pauses():
    session = MemorySession(exit_codes={"flaky": [1, 1, 0]})
    stage = Stage({"shop1": session})

    report = await stage.run(planned(script("Flaky", "flaky", retries=3)))

    assert report.ended == TaskState.SUCCESS
    assert session.ran == ["flaky"] * 3
    assert len(stage.pauses) == 2
    assert stage.pauses[1] > stage.pauses[0]
    assert stage.recorder.statuses["1/machine-1/attempt-1"] == NodeStatus.FAILED
    assert stage.recorder.statuses["1/machine-1/attempt-3"] == NodeStatus.SUCCESS


async def test_an_action_that_takes_too_long_is_stopped_and_fails():
    session = MemorySession(hangs=frozenset({"slow"}))
    stage = Stage({"shop1": session})

    report = await stage.run(planned(script("Slow", "slow", timeout=0.05)))

    assert report.ended == TaskState.FAILED
    assert report.error == "Slow on shop1: It timed out after 0.05 s."
    assert session.stopped == ["a-Slow-1-1-0"]


async def test_started_is_journalled_before_the_first_effect():
    stage = Stage({"shop1": MemorySession(fails_with=Unreachable("Nobody is there."))})

    report = await stage.run(planned(script("Deploy")))

    assert report.error == "Deploy on shop1: Nobody is there."
    assert stage.recorder.events == ["started a-Deploy-1-1", "failed a-Deploy-1-1"]


async def test_errors_on_standard_error_are_a_warning_and_no_failure():
    session = MemorySession(says={"grumble": [Output(Stream.STDERR, b"careful\n")]})
    stage = Stage({"shop1": session})

    report = await stage.run(planned(script("Grumble", "grumble")))

    assert report.ended == TaskState.SUCCESS
    assert report.has_warnings
    assert stage.recorder.statuses["1"] == NodeStatus.WARNING
    assert [line.category for line in stage.recorder.lines if line.text == "careful"] == [
        Category.ERROR
    ]


async def test_a_secret_never_reaches_the_log_however_it_is_cut():
    blocks = [Output(Stream.STDOUT, data) for data in (b"key is hun", b"ter2", b"!\n")]
    session = MemorySession(says={"show": blocks})
    secret = Definition(1, "Key", "hunter2", is_sensitive=True)
    stage = Stage({"shop1": session}, definitions=[secret])

    await stage.run(planned(script("Show", "show")))

    assert "key is ********!" in stage.recorder.texts


async def test_variables_are_printed_on_demand_but_no_secret():
    definitions = [
        Definition(1, "OctopusPrintVariables", "true"),
        Definition(2, "OctopusPrintEvaluatedVariables", "True"),
        Definition(3, "Url", "https://#{Octopus.Machine.Name}"),
        Definition(4, "Key", "#{Url}", is_sensitive=True),
    ]
    stage = Stage({"shop1": MemorySession()}, definitions=definitions)

    await stage.run(planned(script("Show", "show")))

    assert "[Url] = 'https://#{Octopus.Machine.Name}'" in stage.recorder.texts
    assert "[Url] = 'https://shop1'" in stage.recorder.texts
    assert stage.recorder.texts.count("[Key] = '********'") == 2


async def test_a_question_ends_the_run_and_the_answer_lets_it_go_on():
    session = MemorySession()
    stage = Stage({"shop1": session, "worker": MemorySession()})
    plan = planned(script("Before"), approval("Approve"), script("After"))

    waiting = await stage.run(plan)
    assert waiting.ended == Unfinished.WAITING
    stage.recorder.replies["Approve"] = Reply("Proceed", "fine", display_name="Ada")
    done = await stage.run(plan)

    assert done.ended == TaskState.SUCCESS
    assert session.ran == ["run Before", "run After"]
    assert len(stage.recorder.questions) == 1
    outputs = {output.name: output.value for output in stage.recorder.outputs}
    assert outputs["Manual.Notes"] == "fine"
    assert outputs["Manual.ResponsibleUser.DisplayName"] == "Ada"
    assert stage.recorder.texts.count("Ada answered Proceed.") == 1


async def test_an_abort_fails_the_step_and_nothing_after_it_runs():
    session = MemorySession()
    recorder = MemoryRecorder(replies={"Approve": Reply("Abort", "too risky", display_name="Ada")})
    stage = Stage({"shop1": session, "worker": MemorySession()}, recorder)

    report = await stage.run(planned(approval("Approve"), script("After")))

    assert report.ended == TaskState.FAILED
    assert report.error == "Approve: Ada answered Abort: too risky"
    assert session.launched == []


async def test_cancelling_stops_the_script_and_runs_no_failure_handler():
    session = MemorySession(hangs=frozenset({"slow"}))
    stage = Stage({"shop1": session})
    plan = planned(
        script("Slow", "slow"),
        script("Handler", condition=Condition.FAILURE),
        script("Always", condition=Condition.ALWAYS),
    )
    world = stage.world(plan)
    running = asyncio.create_task(execute(plan, world))
    await until(lambda: session.launched)

    world.control.stop(Signal.CANCEL)
    report = await running

    assert report.ended == TaskState.CANCELED
    assert session.stopped == ["a-Slow-1-1-0"]
    assert session.ran == ["slow"]
    assert session.is_closed
    assert stage.recorder.statuses["1/machine-1"] == NodeStatus.CANCELED
    assert "The script was stopped; none of its processes is left." in stage.recorder.texts


async def test_handing_over_leaves_the_script_running_and_another_worker_follows_it():
    said = [Output(Stream.STDOUT, b"one\n"), Output(Stream.STDOUT, b"two\n")]
    session = MemorySession(hangs=frozenset({"slow"}), says={"slow": said})
    stage = Stage({"shop1": session})
    plan = planned(script("Slow", "slow"), script("Next"))
    world = stage.world(plan)
    running = asyncio.create_task(execute(plan, world))
    await until(lambda: "two" in stage.recorder.texts)

    world.control.stop(Signal.HAND_OVER)
    handed_over = await running
    next(iter(session.known.values())).ended.set()
    done = await stage.run(plan)

    assert handed_over.ended == Unfinished.HANDED_OVER
    assert session.stopped == []
    assert done.ended == TaskState.SUCCESS
    assert session.ran == ["slow", "run Next"]
    assert stage.recorder.texts.count("one") == stage.recorder.texts.count("two") == 1


async def test_a_script_that_vanished_is_an_unknown_outcome_and_is_not_run_again():
    session = MemorySession(hangs=frozenset({"slow"}))
    stage = Stage({"shop1": session})
    plan = planned(script("Slow", "slow", retries=2))
    world = stage.world(plan)
    running = asyncio.create_task(execute(plan, world))
    await until(lambda: session.launched)
    world.control.stop(Signal.HAND_OVER)
    await running
    run = next(iter(session.known.values()))
    run.exit_code = None
    run.ended.set()

    report = await stage.run(plan)

    assert report.ended == TaskState.FAILED
    assert report.error == "Slow on shop1: worker lost during Slow on shop1, outcome unknown"
    assert session.ran == ["slow"]


async def test_a_run_that_lost_its_lease_stops_and_says_so():
    session = MemorySession(hangs=frozenset({"slow"}))
    stage = Stage({"shop1": session})
    plan = planned(script("Slow", "slow"))
    world = stage.world(plan)
    running = asyncio.create_task(execute(plan, world))
    await until(lambda: session.launched)

    world.control.stop(Signal.LOST)

    with pytest.raises(LeaseLost):
        await running
    assert session.stopped == []


async def test_nothing_that_completed_is_done_again_by_another_worker():
    session = MemorySession(exit_codes={"run Two": 1})
    stage = Stage({"shop1": session})
    plan = planned(script("One"), script("Two"), script("Three", condition=Condition.ALWAYS))
    first = await stage.run(plan)

    again = await stage.run(plan)

    assert session.ran == ["run One", "run Two", "run Three"]
    assert (again.ended, again.error) == (first.ended, first.error)


async def test_parallel_steps_take_turns_on_one_machine():
    session = MemorySession(hangs=frozenset({"slow"}))
    stage = Stage({"shop1": session})
    running = asyncio.create_task(
        stage.run(planned(script("Slow", "slow"), script("Quick", together=True)))
    )
    await until(lambda: "Waiting for another step on this machine." in stage.recorder.texts)
    assert session.ran == ["slow"]

    next(iter(session.known.values())).ended.set()

    assert (await running).ended == TaskState.SUCCESS
    assert session.ran == ["slow", "run Quick"]


async def test_a_step_for_the_worker_fails_when_there_is_none():
    report = await Stage().run(planned(script("Build", on="")))

    assert report.error == "Build: The pool has no worker."


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is awaited belongs to the doubles
            await asyncio.sleep(0.001)


async def test_an_approval_that_was_overtaken_is_asked_for_once_more():
    """domain.md 32: approval waits, newer release deployed, then approve => second confirmation demanded."""
    stage = Stage(recorder=MemoryRecorder({"Approve": Reply("Proceed")}))
    stage.recorder.newer = "2.0"
    plan = planned(approval("Approve"), script("Next"))

    report = await stage.run(plan)

    assert report.ended == Unfinished.WAITING
    assert stage.recorder.questions[-1].title == "Approve: 2.0 was deployed meanwhile"
    assert stage.sessions["shop1"].launched == []
    stage.recorder.replies["Approve: 2.0 was deployed meanwhile"] = Reply("Proceed")
    assert (await stage.run(plan)).ended == TaskState.SUCCESS


async def test_who_does_not_confirm_going_back_aborts():
    replies = {"Approve": Reply("Proceed"), "Approve: 2.0 was deployed meanwhile": Reply("Abort")}
    stage = Stage(recorder=MemoryRecorder(replies))
    stage.recorder.newer = "2.0"

    report = await stage.run(planned(approval("Approve"), script("Next")))

    assert report.ended == TaskState.FAILED
    assert stage.sessions["shop1"].launched == []


async def test_a_window_larger_than_the_limit_wins_with_a_warning():
    sessions = {name: MemorySession() for name in ("a", "b", "c")}
    limit = Definition(1, "Octopus.Action.MaxParallelism", "1")
    stage = Stage(sessions, definitions=[limit])

    report = await stage.run(planned(script("Roll", window=3), machines=sessions))

    assert report.has_warnings
    assert "The window of 3 is larger than Octopus.Action.MaxParallelism, 1; it is used." in (
        stage.recorder.texts
    )


async def test_steps_that_start_together_keep_to_the_limit():
    limit = Definition(1, "Octopus.Action.MaxParallelism", "1")
    session = MemorySession(hangs=frozenset({"slow"}))
    stage = Stage({"shop1": session, "worker": session}, definitions=[limit])
    plan = planned(script("One", "slow", on=""), script("Two", on="", together=True))
    running = asyncio.create_task(stage.run(plan))
    await until(lambda: session.launched)

    assert session.ran == ["slow"]

    next(iter(session.known.values())).ended.set()
    assert (await running).ended == TaskState.SUCCESS


async def test_a_childs_condition_that_cannot_be_evaluated_skips_it_with_a_warning():
    properties = {"Octopus.Action.ConditionVariableExpression": "#{Missing}"}
    (action,) = script("Child", properties=properties).actions
    child = replace(action, condition=Condition.VARIABLE)
    stage = Stage()

    await stage.run(planned(step("Roll", child, script("Other").actions[0])))

    assert stage.sessions["shop1"].ran == ["run Other"]
    warnings = [line.text for line in stage.recorder.lines if line.category == Category.WARNING]
    assert any("its condition cannot be evaluated" in text for text in warnings)


async def test_steps_of_the_server_have_neither_retries_nor_a_time_limit():
    manual = approval("Approve")
    (action,) = manual.actions
    stage = Stage(recorder=MemoryRecorder({"Approve": Reply("Abort")}))

    report = await stage.run(planned(step("Approve", replace(action, retries=3, timeout=1), on="")))

    assert report.ended == TaskState.FAILED
    assert len(stage.recorder.questions) == 1
    assert stage.pauses == []

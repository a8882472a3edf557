"""What is recorded is stored in order, without gaps, by the holder of the task alone."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db.models.functions import Now

from deployments.core.ansi import Span
from deployments.core.operations import NO_FACTS, Facts, OutputValue
from deployments.core.states import Category, JournalState, NodeStatus
from deployments.core.visits import LogNode
from deployments.engine import leases, reaper
from deployments.engine.control import LeaseLost
from deployments.engine.journal import history
from deployments.engine.log_budget import LogBudget
from deployments.engine.recorder import DatabaseRecorder, node_rows
from deployments.engine.recording import Batch, LogLine, Question
from deployments.models import Interruption, OutputVariable, ServerTask, TaskLogLine, TaskLogNode
from spaces.models import Team
from tests.factories.deployments import make_task

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def task(space) -> ServerTask:
    return make_task(space)


@pytest.fixture
def lease(task) -> leases.Lease:
    found = leases.claim()
    assert found
    return found


def line(text: str, node: str = "1") -> LogLine:
    return LogLine(node, Category.INFO, text)


def recorded(task: ServerTask, lease: leases.Lease, act) -> None:
    """Lets `act` use a recorder, as a run does."""

    async def run() -> None:
        async with DatabaseRecorder(task, lease) as recorder:
            await act(recorder)

    async_to_sync(run)()
    task.refresh_from_db()


@pytest.mark.promise("R7")
def test_lines_keep_their_order_and_numbers_have_no_gaps(task, lease):
    async def act(recorder):
        for number in range(2_500):
            recorder.write(Batch((line(f"line {number}"),)))
            await asyncio.sleep(0)

    recorded(task, lease, act)

    rows = TaskLogLine.objects.filter(task=task).order_by("seq").values_list("seq", "text")
    assert list(rows) == [(number + 1, f"line {number}") for number in range(2_500)]
    assert task.last_seq == 2_500
    assert task.log_size == sum(len(text) + 1 for _, text in rows)


def test_a_line_keeps_its_colours_and_loses_what_no_database_stores(task, lease):
    async def act(recorder):
        spans = (Span(0, 3, "fg-1"),)
        recorder.write(Batch((LogLine("1", Category.ERROR, "red\x00", spans=spans),)))

    recorded(task, lease, act)

    stored = TaskLogLine.objects.get(task=task)
    assert (stored.text, stored.spans, stored.category) == ("red", [[0, 3, "fg-1"]], "Error")


def test_the_tree_shows_how_each_part_stands(task, lease):
    TaskLogNode.objects.bulk_create(
        node_rows(task.pk, [LogNode("", None, "Deploy"), LogNode("1", "", "Web")])
    )

    async def act(recorder):
        recorder.status("1", NodeStatus.RUNNING)
        recorder.progress("1", 40, "copying")
        await recorder.flush()
        recorder.status("1", NodeStatus.SUCCESS)
        recorder.add_nodes([LogNode("1/attempt-2", "1", "Attempt 2")])
        recorder.end_nodes(NodeStatus.CANCELED)

    recorded(task, lease, act)

    nodes = {node.key: node for node in task.nodes.all()}
    assert (nodes["1"].status, nodes["1"].progress) == ("Success", 40)
    assert nodes["1"].started_at
    assert nodes["1"].finished_at
    assert nodes[""].status == nodes["1/attempt-2"].status == "Canceled"


def test_another_worker_finds_what_was_journalled(task, lease):
    async def act(recorder):
        attempt = await recorder.begin("s", "a", 7, 1, NO_FACTS)
        facts = Facts(places={"installed": "/srv/app"})
        await recorder.advance(attempt, 3, facts)
        recorder.write(
            Batch(
                (line("hello"),),
                (OutputValue("Web", "Key", "hunter2", is_sensitive=True, machine=(7, "shop")),),
                attempt,
                (120, 30),
            )
        )
        done = await recorder.begin("s", "b", None, 1, Facts(node="here"))
        await recorder.end(done, JournalState.FAILED, "no luck", 4)

    recorded(task, lease, act)

    found = history(task)
    going_on, failed = found.last(("a", 7)), found.last(("b", None))
    assert (going_on.state, going_on.operation, going_on.offsets) == ("Started", 3, (120, 30))
    assert going_on.facts.places == {"installed": "/srv/app"}
    assert (failed.state, failed.error, failed.facts.node) == ("Failed", "no luck", "here")
    assert found.outputs == (
        OutputValue("Web", "Key", "hunter2", is_sensitive=True, machine=(7, "shop")),
    )


def test_a_sensitive_output_is_sealed_and_the_last_value_counts(task, lease):
    async def act(recorder):
        recorder.write(Batch(outputs=(OutputValue("Web", "Key", "first"),)))
        await recorder.flush()
        recorder.write(Batch(outputs=(OutputValue("Web", "Key", "hunter2", is_sensitive=True),)))

    recorded(task, lease, act)

    row = OutputVariable.objects.get(task=task)
    assert (row.value, row.reveal("secret"), row.is_sensitive) == ("", "hunter2", True)
    assert "hunter2" not in row.secret


@pytest.mark.promise("R2")
def test_a_worker_that_lost_the_task_writes_nothing_more(task, lease):
    async def act(recorder):
        recorder.write(Batch((line("mine"),)))
        await recorder.flush()
        recorder.write(Batch((line("too late"),)))
        await take_away()
        with pytest.raises(LeaseLost):
            await recorder.begin("s", "a", None, 1, NO_FACTS)

    @sync_to_async
    def take_away() -> None:
        ServerTask.objects.filter(pk=task.pk).update(lease_until=Now() - timedelta(seconds=1))
        reaper.reap()
        assert leases.claim()

    with pytest.raises(LeaseLost):
        recorded(task, lease, act)

    texts = TaskLogLine.objects.filter(task=task).values_list("text", flat=True)
    assert list(texts) == ["mine"]
    assert not task.journal.exists()


def test_a_question_is_asked_once_and_answered_once(task, lease):
    replies = []

    async def act(recorder):
        attempt = await recorder.begin("s", "a", None, 1, NO_FACTS)
        question = Question(attempt, "1", "Approve", "Look.", teams=("Teams-3", "teams-everyone"))
        replies.append(await recorder.ask(question))
        replies.append(await recorder.ask(question))
        await sync_to_async(Interruption.objects.update, thread_sensitive=True)(
            is_pending=False, result="Proceed", notes="fine", submitted_by="ada"
        )
        replies.append(await recorder.ask(question))

    recorded(task, lease, act)

    asked = Interruption.objects.get()
    everyone = Team.objects.get(builtin=Team.EVERYONE)
    assert (asked.title, asked.responsible_teams, asked.node_key) == (
        "Approve",
        [0, everyone.pk],
        "1",
    )
    assert replies[:2] == [None, None]
    assert (replies[2].result, replies[2].notes, replies[2].username) == ("Proceed", "fine", "ada")


def test_an_artifact_is_kept_with_its_hash(task, lease):
    async def act(recorder):
        async def blocks():
            yield b"hello "
            yield b"world"

        await recorder.keep_artifact("1", "report.txt", "Web/shop", blocks())

    recorded(task, lease, act)

    artifact = task.artifacts.get()
    assert (artifact.file_name, artifact.size, artifact.source) == ("report.txt", 11, "Web/shop")


def test_beyond_the_limit_the_tail_is_kept_and_the_gap_is_marked():
    budget = LogBudget(limit=30, tail=2)

    kept = [found.text for found in budget.pass_on(line(f"line {number}") for number in range(10))]
    rest = [found.text for found in budget.rest()]

    assert kept[:4] == ["line 0", "line 1", "line 2", "line 3"]
    assert "lines are missing here" in kept[4]
    assert len(kept) == 5
    assert rest == ["… 4 lines were dropped.", "line 8", "line 9"]

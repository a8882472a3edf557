"""The task page: state, log, cancelling, doing it again."""

import pytest
from django.utils import timezone

from deployments import blobs
from deployments.core.states import TaskState
from deployments.models import (
    Artifact,
    Deployment,
    Interruption,
    ServerTask,
    TaskLogLine,
    TaskLogNode,
)
from tests.factories.deployments import make_deployment, make_task

HTMX = {"HX-Request": "true"}


@pytest.fixture
def task(release, dev):
    """Under way: one step, with a line of each level."""
    found = make_deployment(release, dev, TaskState.EXECUTING).task
    for key, parent, name in (("", None, "Deploy"), ("1", "", "Step 1: Say hello")):
        TaskLogNode.objects.create(
            task=found, key=key, parent_key=parent, name=name, status="Running"
        )
    for seq, level in enumerate(("Info", "Verbose", "Error"), start=1):
        TaskLogLine.objects.create(
            task=found,
            seq=seq,
            node_key="1",
            category=level,
            occurred_at=timezone.now(),
            text=f"{level} <b>hello</b>",
        )
    ServerTask.objects.filter(pk=found.pk).update(last_seq=3)
    return found


@pytest.fixture
def url(task, home):
    return f"{home}/tasks/{task.pk}/"


def test_the_log_is_grouped_by_step(browse, manager, url):
    text = browse(manager).get(url).text

    assert "Step 1: Say hello" in text
    assert "Info &lt;b&gt;hello&lt;/b&gt;" in text
    assert 'id="L3"' in text


def test_verbose_lines_are_shown_on_request(browse, manager, url):
    page = browse(manager)

    assert "Verbose &lt;b&gt;" not in page.get(url).text
    assert "Verbose &lt;b&gt;" in page.get(f"{url}?verbose").text


def test_the_tail_brings_what_is_new_and_asks_again(browse, manager, url):
    text = browse(manager).get(f"{url}?after=2&seen=rr&asked=", headers=HTMX).text

    assert "Error &lt;b&gt;" in text
    assert "Info &lt;b&gt;" not in text
    assert "after=3" in text
    assert 'hx-trigger="every 1s"' in text
    assert 'id="questions"' not in text


def test_the_tail_of_a_finished_task_stops_asking(browse, manager, task, url):
    ServerTask.objects.move(task.pk, TaskState.EXECUTING, TaskState.SUCCESS)

    text = browse(manager).get(f"{url}?after=3&seen=rr&asked=", headers=HTMX).text

    assert "hx-get" not in text
    assert "Succeeded" in text


@pytest.mark.promise("U5")
def test_a_question_comes_first_in_the_document(browse, manager, task, url):
    ask(task)

    main = browse(manager).get(url).text.split("<main")[1]

    assert main.index("Look first") < main.index("<h1")


@pytest.mark.promise("U7")
def test_the_tail_leaves_a_question_alone_that_is_on_the_page(browse, manager, task, url):
    question = ask(task)
    page = browse(manager)

    first = page.get(f"{url}?after=3&seen=rr&asked=", headers=HTMX).text
    again = page.get(f"{url}?after=3&seen=rr&asked={question.pk}.0", headers=HTMX).text

    assert 'id="questions"' in first
    assert 'id="questions"' not in again


@pytest.mark.parametrize("after", ["-1", "x", "9" * 40])
def test_a_tail_from_nowhere_does_not_exist(browse, manager, url, after):
    assert browse(manager).get(f"{url}?after={after}", headers=HTMX).status_code == 404


def test_the_raw_log_is_text(browse, manager, url):
    answer = browse(manager).get(f"{url}log.txt")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "<b>hello</b>" in b"".join(answer.streaming_content).decode()


def test_a_task_is_cancelled(browse, manager, task, url):
    browse(manager).post(f"{url}cancel")

    task.refresh_from_db()
    assert task.state == TaskState.CANCELLING


@pytest.mark.promise("U11")
def test_who_may_not_cancel_sees_why_and_is_refused(browse, viewer, task, url):
    page = browse(viewer)

    assert "You cannot cancel this" in page.get(url).text
    assert page.post(f"{url}cancel").status_code == 403
    task.refresh_from_db()
    assert task.state == TaskState.EXECUTING


def test_a_finished_deployment_is_done_again(browse, manager, release, dev, home):
    task = make_deployment(release, dev, TaskState.FAILED).task
    page, url = browse(manager), f"{home}/tasks/{task.pk}/"

    assert "Deploy again" in page.get(url).text
    answer = page.post(f"{url}rerun")

    newest = Deployment.objects.latest("pk")
    assert newest.task_id != task.pk
    assert answer["Location"] == f"{home}/tasks/{newest.task_id}/"


def test_lists_are_cut_by_state(browse, manager, space, home):
    make_task(space, TaskState.QUEUED, description="Check the health of web-1")
    make_task(space, TaskState.SUCCESS, description="Check the health of web-2")
    page = browse(manager)

    queued = page.get(f"{home}/tasks?tab=queued").text

    assert "web-1" in queued
    assert "web-2" not in queued


def ask(task):
    return Interruption.objects.create(
        space_id=task.space_id,
        task=task,
        kind=Interruption.Kind.MANUAL,
        title="Approve",
        instructions="Look first",
        choices=["Proceed", "Abort"],
    )


def test_collected_files_are_listed_and_downloaded(browse, manager, task, url):
    with blobs.store().receive() as incoming:
        sha256 = incoming.fill([b"<script>all is well</script>"]).keep()
    kept = Artifact.objects.create(
        space_id=task.space_id, task=task, file_name="report.html", sha256=sha256, size=28
    )
    page = browse(manager)

    answer = page.get(f"{url}artifacts/{kept.pk}")

    assert "report.html" in page.get(url).text
    assert b"".join(answer) == b"<script>all is well</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="report.html"'
    assert page.get(f"{url}artifacts/{kept.pk + 1}").status_code == 404

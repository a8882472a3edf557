"""The log as the page shows it. Everything in it is text, and nothing is lost or doubled."""

import pytest
from django.utils import timezone

from deployments.core.states import TaskState
from deployments.models import TaskLogLine, TaskLogNode
from deployments.web import log_view
from tests.factories.deployments import make_task


@pytest.mark.parametrize(
    ("text", "spans", "html"),
    [
        ("plain", [], "plain"),
        ("a < b", [], "a &lt; b"),
        ("red", [[0, 3, "fg-1"]], '<span class="ansi-fg-1">red</span>'),
        (
            "so <b>bold</b>",
            [[3, 14, "bold bg-214"]],
            'so <span class="ansi-bold ansi-bg-214">&lt;b&gt;bold&lt;/b&gt;</span>',
        ),
        (
            "ab",
            [[0, 1, "fg-1"], [1, 2, "fg-2"]],
            '<span class="ansi-fg-1">a</span><span class="ansi-fg-2">b</span>',
        ),
    ],
)
def test_colours_become_classes_and_the_rest_is_text(text, spans, html):
    assert log_view.styled(text, spans) == html


@pytest.mark.promise("S29")
def test_nothing_in_a_line_turns_it_around():
    html = log_view.styled("rm \u202ecod.exe\u2066", [[0, 4, "bold"]])

    assert html == '<span class="ansi-bold">rm \\u202e</span>cod.exe\\u2066'


@pytest.mark.promise("S9")
def test_a_style_that_is_none_of_ours_gives_no_class():
    html = log_view.styled("x", [[0, 1, '"><script>alert(1)</script>']])

    assert html == '<span class="">x</span>'


@pytest.fixture
def task(space):
    return make_task(space, TaskState.EXECUTING)


def node(task, key, parent, status="Running"):
    return TaskLogNode.objects.create(
        task=task, key=key, parent_key=parent, name=f"Part {key}", status=status
    )


def line(task, seq, key, category="Info"):
    return TaskLogLine.objects.create(
        task=task,
        seq=seq,
        node_key=key,
        category=category,
        occurred_at=timezone.now(),
        text=f"line {seq}",
    )


@pytest.mark.promise("U15")
def test_polling_gives_each_line_once(task):
    nodes = [node(task, "", None), node(task, "1", "")]
    for seq in range(1, 8):
        line(task, seq, "1")

    numbers, after = [], 0
    while True:
        found = log_view.news(task, nodes, after=after, seen="rr", verbose=True, limit=3)
        numbers += [row.number for rows in found.lines.values() for row in rows]
        after = found.last
        if not found.has_more:
            break

    assert numbers == [1, 2, 3, 4, 5, 6, 7]


def test_hidden_lines_count_as_read(task):
    nodes = [node(task, "", None), node(task, "1", "")]
    line(task, 1, "1", "Verbose")

    found = log_view.news(task, nodes, after=0, seen="rr", verbose=False)

    assert (found.last, found.lines) == (1, {})


def test_only_what_is_new_or_different_is_told(task):
    nodes = [node(task, "", None), node(task, "1", "", "Success"), node(task, "2", "")]

    found = log_view.news(task, nodes, after=0, seen="rr", verbose=True)

    assert [group.node.key for group in found.changed] == ["1"]
    assert [(place, group.node.key) for place, group in found.fresh] == [("children-root", "2")]


def test_lines_of_the_task_itself_have_their_place_before_it_is_planned(task):
    line(task, 1, "")

    found = log_view.news(task, [], after=0, seen="", verbose=True)

    assert list(found.lines) == ["lines-root"]

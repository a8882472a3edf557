import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.ansi import Span
from deployments.core.masking import Masker
from deployments.core.output import CUT, LINE_LIMIT, Channel, Levels, Line, OutputReader
from deployments.core.service_messages import Message, format
from deployments.core.states import Category


def read(*chunks: str, secrets: tuple[str, ...] = (), channel: Channel = Channel.STDOUT):
    reader = OutputReader(channel, Levels(), Masker(secrets))
    return [part for chunk in chunks for part in reader.feed(chunk)] + reader.flush()


def info(text: str, *spans: Span) -> Line:
    return Line(text, Category.INFO, spans)


def test_lines_come_when_they_end_and_the_last_one_at_the_end():
    reader = OutputReader(Channel.STDOUT, Levels(), Masker())

    assert reader.feed("one\ntw") == [info("one")]
    assert reader.feed("o") == []
    assert reader.flush() == [info("two")]


def test_standard_error_logs_as_error():
    assert read("oh no\n", channel=Channel.STDERR) == [Line("oh no", Category.ERROR)]


def test_a_switch_sets_the_level_of_the_following_lines():
    printed = "a\n##octopus[stdout-verbose]\nb\nc\n##octopus[stdout-ignore]\nd\n##octopus[stdout-default]\ne\n"

    assert read(printed) == [
        info("a"),
        Line("b", Category.VERBOSE),
        Line("c", Category.VERBOSE),
        info("e"),
    ]


def test_a_switch_on_one_stream_may_be_for_the_other():
    levels, masker = Levels(), Masker()
    OutputReader(Channel.STDOUT, levels, masker).feed("##octopus[stderr-progress]\n")

    errors = OutputReader(Channel.STDERR, levels, masker)

    assert errors.feed("50%\n") == [Line("50%", Category.VERBOSE)]


def test_messages_keep_their_place_between_lines():
    artifact = format("createArtifact", {"name": "log.txt"})

    before, message, after = read(f"before\n{artifact}\nafter\n")

    assert (before, after) == (info("before"), info("after"))
    assert isinstance(message, Message)


def test_an_unreadable_message_is_a_warning():
    assert read("##octopus[nope nope]\n") == [
        Line("This service message cannot be read: ##octopus[nope nope]", Category.WARNING)
    ]


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    "message",
    [
        format("mask", {"value": "topsecret"}),
        format("setVariable", {"name": "T", "value": "topsecret", "sensitive": "True"}),
    ],
)
def test_a_secret_is_hidden_from_the_moment_it_is_known(message):
    lines = [part for part in read(f"{message}\nit is topsecret\n") if isinstance(part, Line)]

    assert lines == [info("it is ********")]


@pytest.mark.promise("S2")
def test_a_message_whose_base64_holds_a_secret_is_still_read():
    [message] = read(
        format("setVariable", {"name": "Url", "value": "u:hunter2"}), secrets=("hunter2",)
    )

    assert isinstance(message, Message)
    assert message.properties["value"] == "u:hunter2"


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    "printed",
    ["hun\x1b[31mter2", "hun\rter2", "XXXter2\rhun", "hun##octopus[stdout-verbose]ter2"],
)
def test_nothing_between_its_parts_hides_a_secret(printed):
    [line] = read(f"{printed}\n", secrets=("hunter2",))

    assert isinstance(line, Line)
    assert line.text == "********"


def test_colours_become_spans():
    assert read("\x1b[31mbad\x1b[0m or \x1b[1mgood\nstill\x1b[m\n") == [
        info("bad or good", Span(0, 3, "fg-1"), Span(7, 11, "bold")),
        info("still", Span(0, 5, "bold")),
    ]


def test_progress_leaves_its_last_state():
    assert read("10%\r50%\r100%\ndone\n") == [info("100%"), info("done")]


def test_a_very_long_line_is_cut_where_everybody_sees_it():
    [line] = read(*["x" * 1000] * 100, "\n")

    assert isinstance(line, Line)
    assert line.text == "x" * LINE_LIMIT + CUT


@given(st.data())
def test_chunks_do_not_matter(data):
    pieces = st.sampled_from(
        ["hunter2", "hun", "ter2", "\r", "\n", "\x1b[31m", "\x1b[", "0m", "##octopus[",
         "stdout-verbose]", "##octopus[mask value='YWJjZGVm']", "abcdef", "abc", "def", " "]
    )  # fmt: skip
    text = "".join(data.draw(st.lists(pieces, max_size=14)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    parts = read(*chunks, secrets=("hunter2",))

    assert not [part for part in parts if isinstance(part, Line) and "hunter2" in part.text]
    if "YWJj" not in text:  # what is known later cannot hide what was logged before
        assert parts == read(text, secrets=("hunter2",))

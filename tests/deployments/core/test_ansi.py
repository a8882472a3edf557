import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.ansi import Move, Overprint, Reader, Span, Style, plain, styled


def read(*chunks: str) -> list[object]:
    reader = Reader()
    return [*(item for chunk in chunks for item in reader.read(chunk)), *reader.flush()]


@pytest.mark.parametrize(
    ("codes", "style"),
    [
        ("31", "fg-1"),
        ("1;32", "bold fg-2"),
        ("91", "fg-9"),
        ("104", "bg-12"),
        ("38;5;200", "fg-200"),
        ("48;5;17;4", "underline bg-17"),
        ("38;2;255;0;0", "fg-196"),
        ("1;0", ""),
        ("", ""),
        ("1;22", ""),
        ("31;39", ""),
        ("999", ""),
    ],
)
def test_styles_are_kept_by_name(codes, style):
    assert read(f"\x1b[{codes}m") == [Style(style)]


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2J\x1b[10;5H",  # clear the screen, move
        "\x1b]0;title\x07",
        "\x1b]8;;https://example.com\x1b\\",
        "\x1bP1$r\x1b\\",
        "\x1b(B\x1b=\x1b7",
        "\x00\x07\x08\x0b\x7f\x9b",
    ],
)
def test_everything_else_is_dropped(text):
    assert joined(read(f"a{text}b")) == ["ab"]
    assert plain(f"a{text}b") == "ab"


def test_a_title_without_end_does_not_swallow_lines():
    assert "".join(map(str, read("\x1b]0;title\nnext line\n"))) == "]0;title\nnext line\n"


def test_windows_line_ends_are_line_ends():
    assert read("one\r", "\ntwo\r\n") == ["one", "\ntwo\n"]


@given(st.data())
def test_chunks_do_not_matter(data):
    pieces = st.sampled_from(
        ["\x1b", "[", "31m", "]0;t", "\x07", "\\", "\r", "\n", "K", "2", "x", "\x1b[1;4m", "(B"]
    )
    text = "".join(data.draw(st.lists(pieces, max_size=14)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert joined(read(*chunks)) == joined(read(text))


def joined(items: list[object]) -> list[object]:
    result: list[object] = []
    for item in items:
        if isinstance(item, str) and result and isinstance(result[-1], str):
            result[-1] += item
        else:
            result.append(item)
    return result


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("10%\r20%\r100%", "100%"),
        ("abcdef\rXY", "XYcdef"),
        ("downloading\r\x1b[Kdone", "done"),
        ("abcdef\rXY\x1b[K", "XY"),
        ("half\x1b[2K\rnew", "new"),
        ("kept\r", "kept"),
    ],
)
def test_a_line_shows_what_was_written_last(printed, shown):
    line = Overprint()
    for item in read(printed):
        if isinstance(item, Move):
            line.move(item)
        else:
            line.write(str(item), "")

    assert styled(line.runs())[0] == shown


def test_spans_say_where_a_style_begins_and_ends():
    assert styled([("ok ", ""), ("bad", "fg-1"), (" worse", "fg-1"), ("!", "bold")]) == (
        "ok bad worse!",
        (Span(3, 12, "fg-1"), Span(12, 13, "bold")),
    )

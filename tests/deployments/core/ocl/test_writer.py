"""Writing OCL, and reading back what was written. variables-and-versions.md 8."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.ocl import (
    Attribute,
    Block,
    Element,
    Heredoc,
    OclError,
    SingleLine,
    name,
    parse,
    write,
)

DOCUMENT = """\
name = "Shop"
notes = <<-EOT
        First
          indented
        
        last
        EOT

versioning_strategy {}

step "deploy" {
    properties = {
        Octopus.Action.TargetRoles = "web"
        Script = <<-EOT
            echo "hi"
            exit 1
            EOT
        "two words" = null
    }
    start_trigger = "StartAfterPrevious"

    action {
        channels = ["Beta", "Stable"]
        is_required = true
    }

    action {}
}"""  # noqa: W293


def test_a_document_as_the_product_writes_it_stays_as_it_is():
    assert write(parse(DOCUMENT)) == DOCUMENT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (-5, "-5"),
        (5.0, "5"),
        (-0.0, "0"),
        (1.25, "1.25"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        ('a "b" \\ \t', r'"a \"b\" \\ \t"'),
        ("lone\rreturn", r'"lone\rreturn"'),
        ("mixed\r\nends\n", r'"mixed\r\nends\n"'),
        (SingleLine("a\nb"), r'"a\nb"'),
        (["a", "b\nc"], r'["a", "b\nc"]'),
        ([], "[]"),
        ({}, "{}"),
        ({"b": 1, "a b": 2, "}": 3}, '{\n    "a b" = 2\n    b = 1\n    "}" = 3\n}'),
        ("a\nb", "<<-EOT\n        a\n        b\n        EOT"),
        ("a\nEOT\nb", "<<-EOT_\n        a\n        EOT\n        b\n        EOT_"),
        (Heredoc("a\n b", "X", indented=False), "<<X\na\n b\nX"),
    ],
)
def test_values(value, text):
    assert write([Attribute("x", value)]) == f"x = {text}"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_ocl_cannot_hold_is_refused(value):
    with pytest.raises(ValueError, match="OCL cannot hold"):
        write([Attribute("x", value)])


@pytest.mark.parametrize(
    ("given_name", "written"), [("My0%&2_'\"-Block", "My0__2___-Block"), ("0a", "_0a"), ("ä", "ä")]
)
def test_names_lose_what_they_cannot_hold(given_name, written):
    assert write([Block(given_name)]) == f"{written} {{}}"


def test_an_element_without_name_is_refused():
    with pytest.raises(ValueError, match="has no name"):
        write([Block("")])


def test_blocks_too_deep_to_be_read_are_not_written():
    block = Block("a")
    for _ in range(150):
        block = Block("a", (), (block,))

    with pytest.raises(ValueError, match="nest deeper"):
        write([block])


def test_indentation_and_tag_are_the_callers_choice():
    block = Block("a", (), (Attribute("b", "c\nd"),))

    assert write([block], "\t", 1, "X") == "a {\n\tb = <<-X\n\t\t\tc\n\t\t\td\n\t\t\tX\n}"


@pytest.mark.parametrize(
    ("property_name", "expected"),
    [
        ("StartTrigger", "start_trigger"),
        ("MultipleCAPitals", "multiple_capitals"),
        ("ALLUPPER", "allupper"),
        ("already_snake", "already_snake"),
        ("With Space", "with_space"),
        ("", ""),
    ],
)
def test_properties_have_snake_case_names(property_name, expected):
    assert name(property_name) == expected


# --- for any document ------------------------------------------------------------------------------------

line_text = st.text(st.sampled_from("ab \t\r\n\"\\EOT{}='#"), max_size=25) | st.text(max_size=10)
scalar = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15).filter(
        lambda number: number == 0 or abs(number) > 1e-9
    )
    | line_text
    | st.lists(line_text)
    | st.lists(st.integers(-99, 99))
)
values = scalar | st.dictionaries(line_text, scalar, max_size=4)
names = st.from_regex(r"[a-z_][a-z0-9_-]{0,5}", fullmatch=True)
attributes = st.builds(Attribute, names, values)
elements = st.recursive(
    attributes,
    lambda inner: st.builds(
        Block,
        names,
        st.lists(line_text, max_size=2).map(tuple),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


def plain(found: Any) -> Any:
    """What a document says, without how its text is written; whole decimals are integers."""
    match found:
        case Attribute(attribute, inner):
            return ("attribute", attribute, plain(inner))
        case Block(block, labels, children):
            return ("block", block, labels, plain(children))
        case Heredoc(text):
            return text
        case dict():
            return {key: plain(inner) for key, inner in found.items()}
        case list() | tuple():
            return [plain(inner) for inner in found]
        case _:
            return found


@given(st.lists(elements, max_size=4))
def test_what_was_written_is_read_back(document: Sequence[Element]):
    assert plain(parse(write(document))) == plain(document)


source_line = st.sampled_from(
    [
        "a = 1",
        "a=[ 1,2 ]",
        'b "x" "y" {',
        "c = {",
        "}",
        "{ }",
        'd = "\\n"',
        "e = <<-T",
        "e = <<T",
        " x\r",
        "  T",
        "T",
        "",
        " \t",
        "k.k = null",
        '"q" = 1.50',
    ]
)


@given(st.lists(source_line, max_size=12).map("\n".join))
def test_what_was_read_is_written_and_read_the_same(text):
    document: list[Element] = []
    with suppress(OclError):
        document = parse(text)

    assert plain(parse(write(document))) == plain(document)
    assert write(parse(write(document))) == write(document)


@given(line_text, st.booleans())
def test_heredocs_survive(text, indented):
    head = f"x = <<{'-' if indented else ''}END\n"
    written = "\n".join(f"    {line}" for line in text.split("\n"))
    [first] = parse(f"{head}{written}\n    END")

    assert parse(write([first])) == [first]

"""Reading OCL. variables-and-versions.md 8."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.ocl import Attribute, Block, Heredoc, OclError, parse


def value(text: str) -> Any:
    [attribute] = parse(f"a = {text}")
    assert isinstance(attribute, Attribute)
    return attribute.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", None),
        ("true", True),
        ("false", False),
        ("12", 12),
        ("-4398257458902378590", -4398257458902378590),
        ("1.5", 1.5),
        ('""', ""),
        (r'"\r\n\t\\\" {"', '\r\n\t\\" {'),
        ("[]", []),
        ('[ "a" ,\n "b" ]', ["a", "b"]),
        ("[1,2]", [1, 2]),
        ("[1.5, 2.0]", [1.5, 2.0]),
        ("{ }", {}),
    ],
)
def test_values(text, expected):
    found = value(text)

    assert found == expected
    assert type(found) is type(expected)


def test_a_map_has_an_entry_per_line_with_bare_or_quoted_keys():
    text = (
        '{\n  Octopus.Action[Web].X = "1"\n\n  "two words" = [1]\n  inner = {\n    a = null\n  }\n}'
    )

    assert value(text) == {"Octopus.Action[Web].X": "1", "two words": [1], "inner": {"a": None}}


def test_blocks_hold_attributes_and_blocks_in_order():
    text = """
step "Deploy" "x" {

    outer = 1
    inner {
    }
    empty { }
}
after = 2
"""

    assert parse(text) == [
        Block("step", ("Deploy", "x"), (Attribute("outer", 1), Block("inner"), Block("empty"))),
        Attribute("after", 2),
    ]


@pytest.mark.parametrize("text", ["", " \t\r\n "])
def test_blank_text_is_an_empty_document(text):
    assert parse(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<T\nT", ""),
        ("<<T\n a\n  b\n   T", " a\n  b"),
        ("<<T\nT b\na T\nT", "T b\na T"),
        ("<<-T\n  a\n   b\n  T", "a\n b"),
        ("<<-T\n    a\n\n      \n   b\n    T", " a\n\n   \nb"),
        ("<<-T\n a\nb\n    T", " a\nb"),
        ("<<-}!\n\ta\n\t}!", "a"),
        ("<<-T\r\n  a\r\n  b\r\n  T", "a\r\nb"),
        ("<<T\n\n\nT", "\n"),
    ],
)
def test_heredocs(text, expected):
    assert value(text).text == expected


def test_a_heredoc_remembers_how_it_was_written():
    assert value("<<-END\n  a\n  END") == Heredoc("a", "END", indented=True)
    assert value("<<END\na\nEND") == Heredoc("a", "END", indented=False)


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("\n  =", 2, 3, "A name is expected"),
        ("a", 1, 2, "After 'a' comes ="),
        ("a =\n1", 1, 4, "A value is expected"),
        ("a = 1 b = 2", 1, 6, "Nothing more"),
        ("a = 1x", 1, 5, "A value is expected"),
        ('a = "x', 1, 5, "not closed"),
        ('a = "x\ny"', 1, 5, "not closed"),
        (r'a = "x\q"', 1, 7, "Unrecognised character escape"),
        ("a = [1 2]", 1, 8, "A comma"),
        ("a = [1, 2.5]", 1, 9, "one kind"),
        ("a = [true]", 1, 6, "text or numbers"),
        ("a = [1,]", 1, 8, "A value is expected"),
        ("a = {\n b = 1", 1, 5, "never closed"),
        ("a = {\n b = 1 c = 2\n}", 2, 7, "Nothing more"),
        ("a = {\n b = 1\n b = 2\n}", 3, 2, "given twice"),
        ("a = << T\nT", 1, 5, "must follow"),
        ("a = <<-\n-", 1, 5, "must follow"),
        ("a = <<T\nx", 1, 5, "never ended"),
        ("a = <<T\nT x", 1, 5, "never ended"),
        ("a\n{\n}", 1, 2, "braces on the same line"),
        ("a { b = 1 }", 1, 5, "new line"),
        ("a {\n b = 1\n", 1, 3, "never closed"),
        ("}", 1, 1, "closes nothing"),
        ("a = 1\n}", 2, 1, "closes nothing"),
        ("a = 1 # why", 1, 6, "Nothing more"),
        (f"a = {'1' * 5000}", 1, 5, "too long"),
    ],
)
def test_errors_name_line_and_column(text, line, column, reason):
    with pytest.raises(OclError, match=reason) as refusal:
        parse(text)

    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert str(refusal.value).startswith(f"Line {line}, column {column}: ")


@pytest.mark.parametrize("opening", ["a {\n", "a = {\n", "a = ["])
def test_deep_nesting_is_refused_not_followed(opening):
    with pytest.raises(OclError):
        parse(opening * 50_000)


@given(st.text(st.sampled_from('ab1.-=[]{},"\\ \n\r\t<T'), max_size=60) | st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(OclError):
        parse(text)

import pytest

from deployments.core.files.substitution import SubstitutionFailed, substitute, substitute_json

VARIABLES = {"Name": "shop", "Path": 'C:\\temp "x"'}


def test_tokens_are_replaced_and_the_encoding_stays():
    assert substitute(b"\x80 #{Name}", VARIABLES).data == b"\x80 shop"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("#{Name} #{Missing}", "shop #{Missing}"),
        ("#{Name} #{if", "shop #{if"),
    ],
)
def test_what_cannot_be_replaced_stays_and_is_reported(text, result):
    done = substitute(text.encode(), VARIABLES)

    assert done.data.decode() == result


def test_missing_values_fail_only_when_asked_to():
    assert substitute(b"#{Missing}", VARIABLES).error

    with pytest.raises(SubstitutionFailed, match="Missing"):
        substitute(b"#{Missing}", VARIABLES, fail_on_missing=True)


def test_the_output_encoding_can_be_given():
    assert substitute("ü".encode(), {}, output_encoding="windows-1252").data == b"\xfc"


def test_values_inside_json_are_escaped():
    text, warnings = substitute_json('{"a": "#{Path}", "b": "#{Missing}"}', VARIABLES)

    assert text == r'{"a": "C:\\temp \"x\"", "b": "#{Missing}"}'
    assert len(warnings) == 1


def test_json_with_broken_tokens_is_refused():
    with pytest.raises(ValueError, match="could not be parsed"):
        substitute_json("#{if x}", {})

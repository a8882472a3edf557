import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.core.service_messages import (
    MESSAGE_LIMIT,
    STEP_LIMIT,
    VARIABLE_LIMIT,
    Message,
    Parser,
    Unreadable,
    VariableBudget,
    format,
)

SET_COLOUR = "##octopus[setVariable name='Q29sb3Vy' value='cmVk']"


def read_all(*chunks: str) -> list[str | Message | Unreadable]:
    parser = Parser()
    return [part for chunk in chunks for part in parser.read(chunk)] + parser.flush()


def joined(parts: list[str | Message | Unreadable]) -> list[object]:
    """Neighbouring texts as one: how they are cut is not promised."""
    result: list[object] = []
    for part in parts:
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        else:
            result.append((part.name, dict(part.properties)) if isinstance(part, Message) else part)
    return result


def test_text_around_a_message_is_ordinary_output():
    before, message, after = read_all(f"before {SET_COLOUR} after\n")

    assert (before, after) == ("before ", " after\n")
    assert isinstance(message, Message)
    assert dict(message.properties) == {"name": "Colour", "value": "red"}


def test_property_names_ignore_case():
    [message] = Parser().feed(SET_COLOUR)

    assert message.is_called("SETVARIABLE")
    assert message.properties["NAME"] == "Colour"


def test_white_space_and_line_breaks_inside_are_ignored():
    [message] = Parser().feed("##octopus[ setVariable\r\n  name = 'Q29s\n b3Vy'\n value='cmVk'\n]")

    assert dict(message.properties) == {"name": "Colour", "value": "red"}


@pytest.mark.parametrize(
    "text",
    [
        "##octopus[setVariable name='not base64!']",
        "##octopus[setVariable name='//8=']",  # base64, but not of UTF-8
        "##octopus[setVariable name=Q29sb3Vy]",
        "##octopus[]",
        "##octopus[ two words]",
    ],
)
def test_what_cannot_be_read_is_reported_and_the_rest_goes_on(text):
    assert read_all(text, SET_COLOUR)[0] == Unreadable(text)
    assert isinstance(read_all(text, SET_COLOUR)[1], Message)


def test_an_opening_in_prose_does_not_swallow_the_following_lines():
    assert read_all("write ##octopus[ to begin a message\nnext line\n") == [
        "write ",
        Unreadable("##octopus[ to begin a message"),
        "\nnext line\n",
    ]


def test_a_message_that_never_ends_is_given_up_at_the_limit():
    opening = "##octopus[setVariable value='" + "A" * MESSAGE_LIMIT

    failed, rest = read_all(opening)

    assert isinstance(failed, Unreadable)
    assert len(failed.text) == MESSAGE_LIMIT
    assert rest == opening[MESSAGE_LIMIT:]


@given(st.data())
def test_chunks_do_not_matter(data):
    pieces = st.sampled_from(["##octopus[", SET_COLOUR, "##oct", "]", "'", "\n", "a b", "=", "x"])
    text = "".join(data.draw(st.lists(pieces, max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert joined(read_all(*chunks)) == joined(read_all(text))


@given(
    st.from_regex(r"[A-Za-z][\w.-]*", fullmatch=True),
    st.dictionaries(st.sampled_from(["name", "value", "path"]), st.text()),
)
def test_what_format_writes_is_read_back(name, properties):
    [message] = Parser().feed(format(name, properties))

    assert (message.name, dict(message.properties)) == (name, properties)


def test_properties_without_a_value_are_left_out():
    assert format("progress", {"percentage": "5", "message": None}) == (
        "##octopus[progress percentage='NQ==']"
    )


def test_a_variable_over_its_limit_is_refused():
    assert VariableBudget().refusal("Big", "x" * VARIABLE_LIMIT) is None
    assert "65,537 bytes" in (VariableBudget().refusal("Big", "x" * (VARIABLE_LIMIT + 1)) or "")


def test_a_step_has_room_for_a_limited_total_and_setting_again_replaces():
    budget = VariableBudget()
    for number in range(STEP_LIMIT // VARIABLE_LIMIT):
        assert budget.refusal(f"V{number}", "x" * VARIABLE_LIMIT) is None

    assert budget.refusal("v0", "x" * VARIABLE_LIMIT) is None
    assert "limit is 1,048,576" in (budget.refusal("One more", "x") or "")

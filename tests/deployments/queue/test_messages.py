import pytest

from deployments.queue.messages import Message, NotAMessage

CANARY = "deployments.queue.canary.sing"


def test_a_message_survives_the_way_through_the_table():
    message = Message(CANARY, (7, 8))

    assert Message.parse(message.text()) == message


@pytest.mark.parametrize(
    "text",
    [
        '["os.system", 1]',
        '["deployments.queue.answering.answer", 1]',
        f'["{CANARY}", "1"]',
        f'["{CANARY}", true]',
        f'["{CANARY}", [1]]',
        f'{{"{CANARY}": 1}}',
        "[]",
        "[1]",
        "gASVBQAAAAAAAACMAWGULg==",
        "[" * 100_000,
    ],
)
@pytest.mark.promise("S17")
def test_any_other_text_is_refused(text):
    with pytest.raises(NotAMessage):
        Message.parse(text)


def test_an_entry_point_that_is_not_listed_cannot_even_be_rung():
    with pytest.raises(NotAMessage, match=r"shutil\.rmtree"):
        Message("shutil.rmtree", ())

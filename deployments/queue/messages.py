"""What a message may say: an entry point of settings.QUEUE_ENTRY_POINTS and whole numbers.

Kept as JSON, so whoever can write the queue's table can ring a bell but run nothing of his own.
"""

import json
from dataclasses import dataclass

from django.conf import settings


class NotAMessage(Exception):
    """A text of the queue that rings none of our bells; the message says why."""


@dataclass(frozen=True)
class Message:
    """One ring: call `entry_point` with `numbers`, mostly the id of a row."""

    entry_point: str
    numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        """Raises NotAMessage."""
        if self.entry_point not in settings.QUEUE_ENTRY_POINTS:
            raise NotAMessage(f"{self.entry_point!r} is not an entry point of the queue.")
        if not all(type(number) is int for number in self.numbers):
            raise NotAMessage(f"A message carries whole numbers, not {self.numbers!r}.")

    def __str__(self) -> str:
        return f"{self.entry_point}{self.numbers}"

    def text(self) -> str:
        return json.dumps([self.entry_point, *self.numbers])

    @classmethod
    def parse(cls, text: str) -> "Message":
        """Raises NotAMessage."""
        try:
            items = json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise NotAMessage("The text is not JSON.") from exc
        match items:
            case [str(entry_point), *numbers]:
                return cls(entry_point, tuple(numbers))
        raise NotAMessage("The text is not an entry point with numbers.")

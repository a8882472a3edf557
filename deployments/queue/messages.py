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
            entry_point, *numbers = json.loads(text)
        except (ValueError, TypeError, RecursionError) as exc:
            raise NotAMessage("The text is not a list in JSON.") from exc
        if not isinstance(entry_point, str):
            raise NotAMessage("The first item names no entry point.")
        return cls(entry_point, tuple(numbers))

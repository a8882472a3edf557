"""What a worker process does with a message: the only function it is ever told to call."""

import logging

from django.utils.module_loading import import_string

from deployments.queue.messages import Message

logger = logging.getLogger(__name__)


def answer(entry_point: str, *numbers: int) -> None:
    """Call the entry point. Raises NotAMessage for one that is not listed, however it came here.

    A failure is logged here and goes no further: django-q2 would store its text, unmasked, for ever.
    """
    message = Message(entry_point, numbers)
    try:
        import_string(message.entry_point)(*message.numbers)
    except Exception:
        logger.exception("%s failed", message)

from collections.abc import Iterator

import pytest
from django_q.models import OrmQ

from deployments.queue.canary import EVERY_SECONDS, PATIENCE_SECONDS, Canary, sing
from deployments.queue.messages import Message
from deployments.queue.ringing import node_queue

pytestmark = pytest.mark.django_db(transaction=True)

NODE = "one"
WAIT = 0.2


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def canary(clock: Clock) -> Iterator[Canary]:
    """One that listens and has rung."""
    canary = Canary(NODE, clock)
    assert not canary.is_silent(WAIT)
    yield canary
    canary.close()


def song() -> int:
    """What it rang last, into the queue of its node alone."""
    message = OrmQ.objects.get(key=node_queue(NODE))
    return Message.parse(message.payload).numbers[0]


def test_a_worker_that_sings_back_is_not_silent(canary, clock):
    sing(song())
    clock.now += PATIENCE_SECONDS

    assert not canary.is_silent(WAIT)


def test_workers_that_do_not_are_silent_once_patience_ends(canary, clock):
    clock.now += PATIENCE_SECONDS - 1
    assert not canary.is_silent(WAIT)

    clock.now += 1
    assert canary.is_silent(WAIT)


def test_another_song_does_not_count(canary, clock):
    sing(song() + 1)
    clock.now += PATIENCE_SECONDS

    assert canary.is_silent(WAIT)


def test_workers_that_are_all_busy_need_not_sing(canary, clock, settings):
    settings.WORKERS = 0
    clock.now += PATIENCE_SECONDS

    assert not canary.is_silent(WAIT)


def test_it_rings_again_after_an_answer_but_not_at_once(canary, clock):
    sing(song())
    assert not canary.is_silent(WAIT)
    assert OrmQ.objects.count() == 1

    clock.now += EVERY_SECONDS
    assert not canary.is_silent(WAIT)
    assert OrmQ.objects.count() == 2

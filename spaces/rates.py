"""How often somebody may ask, on all nodes together. Promise S23, security-and-reliability.md 7.3.

A bucket of tokens for each name, as one moment: when it will be full again (the generic cell rate
algorithm). Taking is one UPDATE that moves the moment, so nodes need no other agreement. A process takes
several tokens at once while there are plenty, and then answers from memory: most requests cost no query.
"""

import math
import time
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from django.db.models import F
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from spaces.models.rate_limits import RateLimit

BURST = 2  # times what a minute gives
HANDFUL = 10  # tokens taken at once, while more than half of a bucket is there
KEPT = 60.0  # seconds; what a process has not used by then is lost
MOST_IN_HAND = 10_000  # names


@dataclass(frozen=True)
class Rate:
    """per_minute: how often, in the long run. 0: without limit."""

    per_minute: int

    @property
    def burst(self) -> int:
        return BURST * self.per_minute

    def time_for(self, tokens: float) -> timedelta:
        return timedelta(minutes=tokens / self.per_minute)


@dataclass
class _Hand:
    """Tokens this process has taken and not used."""

    tokens: int
    until: float


_hands: dict[str, _Hand] = {}
_lock = Lock()


def take(name: str, rate: Rate) -> int | None:
    """Use one token. Returns None, or after how many seconds there will be one."""
    if not rate.per_minute or _from_hand(name):
        return None
    if rate.burst >= 2 * HANDFUL and _taken(name, rate, HANDFUL, spare=rate.burst // 2):
        _keep(name, HANDFUL - 1)
        return None
    if _taken(name, rate, 1, spare=0):
        return None
    bucket, is_new = RateLimit.objects.get_or_create(
        name=name, defaults={"due": timezone.now() + rate.time_for(1)}
    )
    if is_new:
        return None
    free_at = bucket.due - rate.time_for(rate.burst - 1)
    return max(1, math.ceil((free_at - timezone.now()).total_seconds()))


def forget_idle() -> None:
    """Delete the buckets that are full: they say nothing."""
    RateLimit.objects.filter(due__lt=Now()).delete()


def forget_hands() -> None:
    """Drop what this process has in memory: for tests, whose database is emptied behind it."""
    with _lock:
        _hands.clear()


def _taken(name: str, rate: Rate, tokens: int, *, spare: int) -> bool:
    """Take tokens if more than `spare` would be left. False, too, when there is no bucket yet."""
    latest = Now() + rate.time_for(rate.burst - tokens - spare)
    later = Greatest(F("due"), Now()) + rate.time_for(tokens)
    return RateLimit.objects.filter(name=name, due__lte=latest).update(due=later) == 1


def _from_hand(name: str) -> bool:
    with _lock:
        hand = _hands.get(name)
        if hand is None:
            return False
        hand.tokens -= 1
        is_good = time.monotonic() < hand.until
        if not hand.tokens or not is_good:
            del _hands[name]
        return is_good


def _keep(name: str, tokens: int) -> None:
    with _lock:
        if len(_hands) >= MOST_IN_HAND:
            _hands.clear()
        _hands[name] = _Hand(tokens, time.monotonic() + KEPT)

"""What the node calls. Any number of nodes may do it at once."""

from datetime import date, datetime

from django.utils import timezone

from runbooks.services.runs import forget_old_runs

HOUR = 2  # UTC: when few people run anything
_forgotten_on: date | None = None


def tick(now: datetime | None = None) -> None:
    """Called about once a second by every node; once a night old runs go."""
    global _forgotten_on
    now = now or timezone.now()
    if now.hour >= HOUR and now.date() != _forgotten_on:
        _forgotten_on = now.date()
        forget_old_runs()

"""How often somebody may be wrong before having to wait. security-and-reliability.md 7.3.

Nobody is locked out for good: an attacker could otherwise lock out everybody.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from spaces.errors import TooManyRequests
from spaces.models import SignInFailure

WINDOW = timedelta(minutes=15)
MOST_PER_NAME_AND_ADDRESS = 5
MOST_PER_ADDRESS = 20

PASSWORD = "password"  # noqa: S105  # the name of a step
SECOND_FACTOR = "second factor"
INVITATION = "invitation"
MOST_PER_NAME = {SECOND_FACTOR: 30}
"""From all addresses together: six digits could else be guessed from many. Who gets here has the password."""


def refuse_too_many(step: str, name: str, address: str) -> None:
    """Raises TooManyRequests when this was wrong too often lately."""
    recent = SignInFailure.objects.filter(at__gt=timezone.now() - WINDOW)
    of_name = recent.filter(step=step, name=name)
    limits = [
        (of_name.filter(address=address), MOST_PER_NAME_AND_ADDRESS),
        (recent.filter(address=address), MOST_PER_ADDRESS),
    ]
    if most := MOST_PER_NAME.get(step):
        limits.append((of_name, most))
    for failures, most in limits:
        newest = list(failures.order_by("-at").values_list("at", flat=True)[:most])
        if len(newest) == most:
            raise TooManyRequests(
                "Too many failed sign-ins. Try again later.", retry_after=_seconds_until(newest[-1])
            )


def count_failure(step: str, name: str, address: str) -> None:
    SignInFailure.objects.create(step=step, name=name, address=address)


def forget_failures(step: str, name: str, address: str) -> None:
    """After a success; what no longer counts for anybody goes as well."""
    SignInFailure.objects.filter(step=step, name=name, address=address).delete()
    SignInFailure.objects.filter(at__lt=timezone.now() - WINDOW).delete()


def _seconds_until(oldest: datetime) -> int:
    return max(1, int((oldest + WINDOW - timezone.now()).total_seconds()))

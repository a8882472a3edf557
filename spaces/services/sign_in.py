"""Signing in with a password. Promise S5, security-and-reliability.md 7.3.

The answer tells nothing about who exists: the same words, and the same work of hashing, for an unknown
name, a wrong password, a disabled user and a service account.
"""

import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Invalid, NotAuthenticated, TooManyRequests
from spaces.models import SignInFailure, User, canonical_username

WINDOW = timedelta(minutes=15)
MOST_PER_NAME_AND_ADDRESS = 5
MOST_PER_ADDRESS = 20
REFUSED = "Invalid username or password."
LONGEST_NAME = 150
LONGEST_PASSWORD = 4096


def check_password(*, actor: Actor, username: str, password: str) -> User:
    """The user who knows this password. actor: nobody yet, only where the request comes from.

    Failures are counted and audited in their own transaction, whatever the caller does.
    Raises Invalid for unusable input, TooManyRequests, NotAuthenticated.
    """
    name = _usable(username, password)
    address = actor.ip_address or ""
    _refuse_too_many(name, address)
    user = User.objects.filter(username__iexact=name).first()
    if not _fits(user, password) or user is None:
        with transaction.atomic():
            SignInFailure.objects.create(name=name, address=address)
            record(actor, "LoginFailed", user, message=f"Sign-in failed for {name}")
        raise NotAuthenticated(REFUSED)
    with transaction.atomic():
        SignInFailure.objects.filter(name=name, address=address).delete()
        SignInFailure.objects.filter(at__lt=timezone.now() - WINDOW).delete()
        record(replace(actor, user=user), "LoginSucceeded", user, message=f"{user} signed in")
    return user


def _usable(username: str, password: str) -> str:
    """The canonical name. Control characters are refused before anything is counted under a name."""
    if any(unicodedata.category(character).startswith("C") for character in username):
        raise Invalid("The user name must not contain control characters.")
    if not username.strip() or not password:
        raise Invalid("Enter a user name and a password.")
    if len(username) > LONGEST_NAME or len(password) > LONGEST_PASSWORD:
        raise Invalid("The user name or password is too long.")
    return canonical_username(username)


def _fits(user: User | None, password: str) -> bool:
    if user is None or user.is_service:
        make_password(password)  # takes as long as a check
        return False
    return user.check_password(password) and user.is_active


def _refuse_too_many(name: str, address: str) -> None:
    recent = SignInFailure.objects.filter(address=address, at__gt=timezone.now() - WINDOW)
    for failures, most in (
        (recent.filter(name=name), MOST_PER_NAME_AND_ADDRESS),
        (recent, MOST_PER_ADDRESS),
    ):
        newest = list(failures.order_by("-at").values_list("at", flat=True)[:most])
        if len(newest) == most:
            raise TooManyRequests(
                "Too many failed sign-ins. Try again later.", retry_after=_seconds_until(newest[-1])
            )


def _seconds_until(oldest: datetime) -> int:
    return max(1, int((oldest + WINDOW - timezone.now()).total_seconds()))

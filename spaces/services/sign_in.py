"""Signing in with a password. Promise S5, security-and-reliability.md 7.3.

The answer tells nothing about who exists: the same words, and the same work of hashing, for an unknown
name, a wrong password, a disabled user and a service account.
"""

import unicodedata
from dataclasses import replace

from django.contrib.auth.hashers import make_password
from django.db import transaction

from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Invalid, NotAuthenticated
from spaces.models import User, canonical_username
from spaces.services.attempts import PASSWORD, count_failure, forget_failures, refuse_too_many

REFUSED = "Invalid username or password."
LONGEST_NAME = 150
LONGEST_PASSWORD = 4096


def check_password(*, actor: Actor, username: str, password: str) -> User:
    """The user who knows this password, who has not signed in by that alone (`second_factor.next_step`).

    actor: nobody yet, only where the request comes from. Failures are counted and audited in their own
    transaction, whatever the caller does. Raises Invalid for unusable input, TooManyRequests,
    NotAuthenticated.
    """
    name = _usable(username, password)
    address = actor.ip_address or ""
    refuse_too_many(PASSWORD, name, address)
    user = User.objects.filter(username__iexact=name).first()
    if not _fits(user, password) or user is None:
        with transaction.atomic():
            count_failure(PASSWORD, name, address)
            record(actor, "LoginFailed", user, message=f"Sign-in failed for {name}")
        raise NotAuthenticated(REFUSED)
    with transaction.atomic():
        forget_failures(PASSWORD, name, address)
    return user


@transaction.atomic
def welcome(*, actor: Actor, user: User, by: str = "") -> None:
    """Write down that the user has signed in. by: what with, where it was more than a password."""
    message = f"{user} signed in with {by}" if by else f"{user} signed in"
    record(replace(actor, user=user), "LoginSucceeded", user, message=message)


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

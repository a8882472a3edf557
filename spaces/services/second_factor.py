"""The second factor: authenticator apps, security keys, recovery codes, and who needs one. Promise S6.

Whoever has one is asked for it at every sign-in, before the session may do anything. What a person changes
about it ends their other sessions and is audited; what proves it is counted like a password.
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

import pyotp
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from spaces import webauthn
from spaces.access import authorize_system, lacks_second_factor, rights_of_user
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid, NotAuthenticated
from spaces.models import AuthenticatorApp, Installation, RecoveryCode, SecurityKey, User
from spaces.naming import name_problems
from spaces.permissions import Permission
from spaces.services.attempts import (
    SECOND_FACTOR,
    count_failure,
    forget_failures,
    refuse_too_many,
)
from spaces.services.escalation import refuse_to_impersonate
from spaces.services.grants import rights_changed
from spaces.services.sessions import sign_out_everywhere
from spaces.webauthn import Credential, NotProven, Question, Site

ISSUER = "octoplat"
DRIFT = 1  # time steps of 30 seconds that the clock of a phone may be off
CODES = 10
ALPHABET = string.ascii_lowercase + "234567"  # 5 bits each
CODE_LENGTH = 16
REFUSED = "This was not accepted as your second factor."
WRONG_CODE = "This is not the code that the app shows now. Is the clock of your phone right?"
REQUIRED = "A second factor is required for what you may do; set up another one first."


class Step(StrEnum):
    """What a right password leads to."""

    DONE = auto()
    ASK = auto()
    SET_UP = auto()


@dataclass(frozen=True)
class Factors:
    """What a user has set up. Recovery codes are not a factor of their own."""

    app: AuthenticatorApp | None = None
    keys: Sequence[SecurityKey] = field(default_factory=list)
    codes_left: int = 0

    def __bool__(self) -> bool:
        return bool(self.app or self.keys)


@dataclass(frozen=True)
class NewApp:
    """What an app needs to know, shown until a code confirms it. address: for the QR code."""

    secret: str
    address: str


def factors_of(user: User) -> Factors:
    return Factors(
        app=AuthenticatorApp.objects.filter(user=user).exclude(confirmed_at=None).first(),
        keys=list(user.security_keys.all()),
        codes_left=user.recovery_codes.count(),
    )


def next_step(user: User) -> Step:
    """What comes after the password, before the session begins."""
    if factors_of(user):
        return Step.ASK
    return Step.SET_UP if lacks_second_factor(user) else Step.DONE


# --- setting up -------------------------------------------------------------------------------------


@transaction.atomic
def begin_app(*, actor: Actor) -> NewApp:
    """A new secret for the actor's app; the same one again until it is confirmed.

    Raises Conflict when there is an app already.
    """
    user = _own(actor)
    app = AuthenticatorApp.objects.select_for_update().filter(user=user).first()
    if app is None:
        app = AuthenticatorApp(user=user)
        app.seal_field("secret", pyotp.random_base32())
        app.save()
    elif app.confirmed_at:
        raise Conflict("You have an authenticator app already; remove it to set up another one.")
    secret = app.reveal("secret")
    return NewApp(
        secret, pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)
    )


@transaction.atomic
def confirm_app(*, actor: Actor, code: str) -> list[str]:
    """Put the app into use, given a code that it shows.

    Returns new recovery codes when it is the first factor, else nothing. Raises Invalid, Conflict.
    """
    user = _own(actor)
    app = AuthenticatorApp.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if app is None:
        raise Conflict("There is no authenticator app to confirm; begin again.")
    step = _step_of(app, code)
    if step is None:
        raise Invalid(WRONG_CODE)
    is_first = not factors_of(user)
    app.last_step, app.confirmed_at = step, timezone.now()
    app.save()
    return _added(actor, app, is_first)


def ask_for_new_key(*, actor: Actor, site: Site) -> Question:
    """The question that the browser puts to a new security key."""
    user = _own(actor)
    return webauthn.ask_to_register(
        site,
        handle=str(user.pk),
        name=user.username,
        display_name=user.display_name,
        known=[_credential(key) for key in user.security_keys.all()],
    )


@transaction.atomic
def add_key(
    *, actor: Actor, name: str, site: Site, state: Mapping[str, Any], answer: Mapping[str, Any]
) -> list[str]:
    """Put a security key into use, given its answer to `ask_for_new_key`.

    Returns new recovery codes when it is the first factor, else nothing. Raises Invalid, Conflict.
    """
    user = _own(actor)
    if problems := name_problems(name, longest=100):
        raise Invalid(problems)
    try:
        credential = webauthn.registered(site, state, answer)
    except NotProven as exc:
        raise Invalid("The security key did not answer as it should. Try again.") from exc
    is_first = not factors_of(user)
    key = SecurityKey(
        user=user,
        name=name.strip(),
        credential_id=credential.id,
        credential=credential.data,
        sign_count=credential.count,
    )
    try:
        with transaction.atomic():
            key.save()
    except IntegrityError as exc:
        raise Conflict("This security key is in use already.") from exc
    return _added(actor, key, is_first)


@transaction.atomic
def renew_recovery_codes(*, actor: Actor) -> list[str]:
    """New codes; those of before end. Raises Conflict when there is no second factor to recover."""
    user = _own(actor)
    if not factors_of(user):
        raise Conflict("Set up a second factor first; it brings recovery codes.")
    codes = _new_codes(user)
    record(actor, "Modified", user, message=f"{user} made new recovery codes")
    sign_out_everywhere(user, but=actor.session)
    return codes


@transaction.atomic
def remove_app(*, actor: Actor) -> None:
    """Raises Conflict where a second factor is required and this is the last."""
    user = _own(actor)
    if app := AuthenticatorApp.objects.select_for_update().filter(user=user).first():
        _remove(actor, app)


@transaction.atomic
def remove_key(*, actor: Actor, key: SecurityKey) -> None:
    """Raises Conflict where a second factor is required and this is the last."""
    if key.user_id != _own(actor).pk:
        raise LookupError("Somebody else's key is removed by `reset_second_factor`.")
    _remove(actor, key)


@transaction.atomic
def reset_second_factor(*, actor: Actor, user: User) -> None:
    """Take everything away from somebody who has lost it, and sign them out.

    The next sign-in asks for the password alone, so it takes UserEdit and everything that the user holds.
    Raises PermissionRefused.
    """
    authorize_system(actor, Permission.USER_EDIT)
    refuse_to_impersonate(actor, user, rights_of_user(user))
    forget_second_factor(user)
    record(actor, "Modified", user, message=f"Reset the second factor of {user}")


def forget_second_factor(user: User) -> None:
    """`reset_second_factor` without asking for a permission, as part of a change that tells of it."""
    AuthenticatorApp.objects.filter(user=user).delete()
    user.security_keys.all().delete()
    user.recovery_codes.all().delete()
    sign_out_everywhere(user)


# --- proving ----------------------------------------------------------------------------------------


def check_code(*, actor: Actor, user: User, code: str) -> str:
    """Accept a code of the user's app, or a recovery code, once; what it was.

    actor: only where the request comes from. Raises TooManyRequests, NotAuthenticated.
    """
    _refuse_too_many(actor, user)
    text = "".join(code.split()).replace("-", "").lower()
    if text.isascii() and text.isdigit() and _app_accepts(user, text):
        return _accepted(actor, user, "authenticator app")
    if _recovery_accepts(user, text):
        return _accepted(actor, user, f"recovery code ({user.recovery_codes.count()} left)")
    raise _failed(actor, user)


def ask_for_key(*, user: User, site: Site) -> Question:
    """The question that the browser puts to one of the user's security keys."""
    return webauthn.ask(site, [_credential(key) for key in user.security_keys.all()])


def check_key(
    *, actor: Actor, user: User, site: Site, state: Mapping[str, Any], answer: Mapping[str, Any]
) -> str:
    """Accept the signature of one of the user's keys; which it was.

    actor: only where the request comes from. Raises TooManyRequests, NotAuthenticated.
    """
    _refuse_too_many(actor, user)
    keys = {key.credential_id: key for key in user.security_keys.all()}
    known = [_credential(key) for key in keys.values()]
    try:
        signed = webauthn.answered_by(site, state, known, answer)
    except NotProven as exc:
        raise _failed(actor, user) from exc
    key = keys[signed.id]
    same = SecurityKey.objects.filter(pk=key.pk, sign_count=key.sign_count)
    if not same.update(sign_count=signed.count, used_at=Now()):
        raise _failed(actor, user)
    return _accepted(actor, user, f"security key {key.name}")


# --- who needs one ----------------------------------------------------------------------------------


@transaction.atomic
def require_second_factor(*, actor: Actor, of: Installation.SecondFactorFor) -> None:
    """Choose whose rights hold only in sessions with a second factor. Takes ConfigureServer.

    Raises PermissionRefused, or Conflict while the actor has none: they would lock themselves out.
    """
    authorize_system(actor, Permission.CONFIGURE_SERVER)
    before = Installation.objects.select_for_update().get().second_factor_for
    if before == of:
        return
    refuse_without_own(actor, is_required=bool(of))
    Installation.objects.update(second_factor_for=of.value)
    rights_changed()
    details = {"second_factor_for": [before, of.value]}
    message = f"Required a second factor of: {of.label.lower()}"
    record(actor, "Modified", None, message=message, details=details)


def refuse_without_own(actor: Actor, *, is_required: bool) -> None:
    """Raises Conflict when the actor would demand of others, and themselves, what they do not have."""
    if is_required and actor.user and not factors_of(actor.user):
        raise Conflict("Set up your own second factor first; you would lock yourself out.")


# --- parts ------------------------------------------------------------------------------------------


def _own(actor: Actor) -> User:
    if actor.user is None or actor.user.is_service:
        raise Invalid("Only people have a second factor.")
    if actor.api_key:
        raise Invalid("A second factor is set up in a browser, not with an API key.")
    return actor.user


def _added(actor: Actor, factor: AuthenticatorApp | SecurityKey, is_first: bool) -> list[str]:
    user = factor.user
    message = f"{user} set up {_named(factor)} as a second factor"
    record(actor, "Created", factor, message=message, related=[user.wire_id])
    sign_out_everywhere(user, but=actor.session)
    return _new_codes(user) if is_first else []


def _remove(actor: Actor, factor: AuthenticatorApp | SecurityKey) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=factor.user_id)
    message = f"{user} removed {_named(factor)} as a second factor"
    record(actor, "Deleted", factor, message=message, related=[user.wire_id])
    factor.delete()
    if not factors_of(user):
        if lacks_second_factor(user):
            raise Conflict(REQUIRED)
        user.recovery_codes.all().delete()
    sign_out_everywhere(user, but=actor.session)


def _named(factor: AuthenticatorApp | SecurityKey) -> str:
    if isinstance(factor, SecurityKey):
        return f"the security key {factor.name}"
    return "an authenticator app"


def _step_of(app: AuthenticatorApp, code: str) -> int | None:
    """The time step this is the code of, around now; None when it is of none."""
    totp = pyotp.TOTP(app.reveal("secret"))
    now = totp.timecode(timezone.now())
    text = "".join(code.split())
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), text.encode()):
            return step
    return None


def _app_accepts(user: User, code: str) -> bool:
    """Each code once: two requests with the same one move `last_step` only once."""
    app = AuthenticatorApp.objects.filter(user=user).exclude(confirmed_at=None).first()
    step = _step_of(app, code) if app else None
    if app is None or step is None:
        return False
    unused = AuthenticatorApp.objects.filter(pk=app.pk, last_step__lt=step)
    return unused.update(last_step=step, used_at=Now()) == 1


def _recovery_accepts(user: User, code: str) -> bool:
    return user.recovery_codes.filter(digest=_digest(code)).delete()[0] == 1


def _new_codes(user: User) -> list[str]:
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    user.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(c)) for c in codes)
    return ["-".join(code[i : i + 4] for i in range(0, CODE_LENGTH, 4)) for code in codes]


def _digest(code: str) -> str:
    """80 random bits need no slow hash."""
    return hashlib.sha256(code.encode()).hexdigest()


def _credential(key: SecurityKey) -> Credential:
    return Credential(key.credential_id, key.credential, key.sign_count)


def _refuse_too_many(actor: Actor, user: User) -> None:
    refuse_too_many(SECOND_FACTOR, str(user.pk), actor.ip_address or "")


def _accepted(actor: Actor, user: User, what: str) -> str:
    with transaction.atomic():
        forget_failures(SECOND_FACTOR, str(user.pk), actor.ip_address or "")
    return what


def _failed(actor: Actor, user: User) -> NotAuthenticated:
    with transaction.atomic():
        count_failure(SECOND_FACTOR, str(user.pk), actor.ip_address or "")
        record(actor, "LoginFailed", user, message=f"Second factor failed for {user.username}")
    return NotAuthenticated(REFUSED)

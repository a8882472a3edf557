"""API keys: shown once, kept as a hash, narrower than their user. domain.md 3.3, promise S4."""

import hashlib
import hmac
import ipaddress
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from spaces.access import (
    allowed_system,
    authorize_system,
    lacks_second_factor,
    rights_of_user,
)
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid, NotAuthenticated
from spaces.models import ApiKey, Installation, User
from spaces.naming import text_problems
from spaces.permissions import Permission
from spaces.services.escalation import refuse_to_impersonate

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFIX = "API-"
ALPHABET = string.ascii_uppercase + string.digits
LOOKUP_LENGTH = 8
SECRET_LENGTH = 32  # 165 bits
DEFAULT_LIFE = timedelta(days=180)
ANNOUNCED_BEFORE = (20, 10, 0)  # days
USE_IS_NOTED_EVERY = timedelta(minutes=1)
REFUSED = "The API key is not valid: it is unknown, expired or revoked, or its user is disabled."


@dataclass(frozen=True)
class Limits:
    """What a key may do less than its user. None: no limit of that kind."""

    read_only: bool = False
    space_ids: Sequence[int] | None = None
    permissions: Sequence[str] | None = None
    project_ids: Sequence[int] | None = None
    environment_ids: Sequence[int] | None = None
    tenant_ids: Sequence[int] | None = None
    allowed_cidrs: Sequence[str] | None = None


NO_LIMITS = Limits()


@transaction.atomic
def create_api_key(
    *,
    actor: Actor,
    user: User,
    purpose: str,
    expires_at: datetime | None = None,
    limits: Limits = NO_LIMITS,
) -> tuple[ApiKey, str]:
    """A new key of `user`, and its text, which nobody can read again.

    Another user's key takes UserEdit and everything that user holds. A key made with a key has its
    limits, ends with it at the latest and is revoked with it. Raises PermissionRefused, Invalid, or
    Conflict in a session that lacks a second factor and with an access token.
    """
    if actor.user != user and not actor.is_system:
        authorize_system(actor, Permission.USER_EDIT)
        refuse_to_impersonate(actor, user, rights_of_user(user))
    if not actor.is_proven and lacks_second_factor(user):
        raise Conflict("Set up a second factor first: without it the key could do more than you.")
    if actor.token:
        raise Conflict("An access token makes no keys: they would outlive it.")
    if problems := _problems(purpose, expires_at, limits):
        raise Invalid(problems)
    parent = actor.api_key
    lookup, secret = _random(LOOKUP_LENGTH), _random(SECRET_LENGTH)
    text = f"{PREFIX}{lookup}{secret}"
    key = ApiKey(
        user=user,
        lookup=lookup,
        digest=_digest(text),
        purpose=purpose.strip(),
        expires_at=expires_at,
        parent=parent,
        **{name: value for name, value in vars(limits).items() if value is not None},
    )
    if parent:
        _narrow(key, parent)
    key.save()
    record(
        actor,
        "Created",
        key,
        message=f"Created API key {key.hint} of {user}",
        related=[user.wire_id],
    )
    return key, text


@transaction.atomic
def revoke_api_key(*, actor: Actor, key: ApiKey) -> None:
    """End a key and those made with it. Raises PermissionRefused."""
    if actor.user != key.user and not actor.is_system:
        authorize_system(actor, Permission.USER_EDIT)
    message = f"Revoked API key {key.hint} of {key.user}"
    record(actor, "Deleted", key, message=message, related=[key.user.wire_id])
    key.delete()


def authenticate(text: str, *, address: str | None) -> ApiKey:
    """The key a request came with. Raises NotAuthenticated, in the same words whatever is wrong.

    The key knows the access stamp of this moment: judging its request then needs no query for it.
    """
    lookup = text[len(PREFIX) : len(PREFIX) + LOOKUP_LENGTH]
    stamp = Installation.objects.values("access_stamp")[:1]
    known = ApiKey.objects.select_related("user").annotate(access_stamp=Subquery(stamp))
    key = known.filter(lookup=lookup).first()
    stored = key.digest if key else _digest(PREFIX)
    fits = hmac.compare_digest(stored, _digest(text))
    if key is None or not fits or not _is_good(key, address):
        raise NotAuthenticated(REFUSED)
    _note_use(key, address)
    return key


@transaction.atomic
def announce_expiries() -> None:
    """Tell of every key that ends in 20 days, in 10, and that has ended: each once, however often and on
    however many nodes this is called."""
    now = timezone.now()
    ending = ApiKey.objects.filter(expires_at__lte=now + timedelta(days=max(ANNOUNCED_BEFORE)))
    untold = ending.filter(Q(announced=None) | Q(announced__gt=0)).select_related("user")
    for key in untold.select_for_update(of=("self",), skip_locked=True, no_key=True):
        stage = _stage(key, now)
        if stage is None or (key.announced is not None and key.announced <= stage):
            continue
        record(
            Actor.system("The ends of API keys are announced."),
            "ApiKeyExpiring" if stage else "ApiKeyExpired",
            key,
            message=f"API key {key.hint} of {key.user} "
            + (f"expires in {stage} days" if stage else "has expired"),
            related=[key.user.wire_id],
        )
        ApiKey.objects.filter(pk=key.pk).update(announced=stage)


def _stage(key: ApiKey, now: datetime) -> int | None:
    """The announcement that is due. A key that never had so long to live needs no warning of it."""
    ends = key.expires_at or now
    due = [days for days in ANNOUNCED_BEFORE if now >= ends - timedelta(days=days)]
    return min(
        (days for days in due if key.created_at <= ends - timedelta(days=days)), default=None
    )


def may_manage_keys_of(actor: Actor, user: User) -> bool:
    """Whether the actor may see and revoke the keys of `user`."""
    return actor.user == user or allowed_system(actor, Permission.USER_EDIT)


def _is_good(key: ApiKey, address: str | None) -> bool:
    if not key.user.is_active or (key.expires_at and key.expires_at <= timezone.now()):
        return False
    if key.allowed_cidrs is None:
        return True
    return address is not None and any(
        ipaddress.ip_address(address) in ipaddress.ip_network(cidr) for cidr in key.allowed_cidrs
    )


def _note_use(key: ApiKey, address: str | None) -> None:
    """Last use, to the minute: a busy key must not write a row for every request."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=timezone.now() - USE_IS_NOTED_EVERY)
    if key.last_used_at is None or key.last_used_at < timezone.now() - USE_IS_NOTED_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now(), last_used_ip=address)


def _narrow(key: ApiKey, parent: ApiKey) -> None:
    """A derived key gets no further than its parent in anything (P11)."""
    if parent.user_id != key.user_id:
        raise Conflict("A key can only make further keys of its own user.")
    key.read_only = key.read_only or parent.read_only
    ends = [moment for moment in (key.expires_at, parent.expires_at) if moment]
    key.expires_at = min(ends, default=None)
    for name in (
        "space_ids",
        "permissions",
        "project_ids",
        "environment_ids",
        "tenant_ids",
    ):
        setattr(key, name, _both(getattr(key, name), getattr(parent, name)))
    key.allowed_cidrs = _common_ranges(key.allowed_cidrs, parent.allowed_cidrs)


def _common_ranges(own: list[str] | None, parents: list[str] | None) -> list[str] | None:
    """The addresses that both admit. None: any."""
    if own is None or parents is None:
        return parents if own is None else own
    pairs = [(ipaddress.ip_network(a), ipaddress.ip_network(b)) for a in own for b in parents]
    return sorted({str(narrow) for pair in pairs if (narrow := _overlap(*pair))})


def _overlap(a: Network, b: Network) -> Network | None:
    """Of two ranges one holds the other, or they have nothing in common."""
    if not a.overlaps(b):
        return None
    return a if a.prefixlen >= b.prefixlen else b


def _both(own: list[object] | None, parents: list[object] | None) -> list[object] | None:
    if own is None or parents is None:
        return parents if own is None else own
    return [item for item in own if item in parents]


def _problems(purpose: str, expires_at: datetime | None, limits: Limits) -> list[str]:
    problems = text_problems("purpose", purpose)
    if len(purpose) > 200:
        problems.append("The purpose must have at most 200 characters.")
    if expires_at and expires_at <= timezone.now():
        problems.append("The key would be expired already.")
    for name in limits.permissions or ():
        if Permission.named(name) is None:
            problems.append(f"There is no permission {name}.")
    for cidr in limits.allowed_cidrs or ():
        try:
            ipaddress.ip_network(cidr)
        except ValueError:
            problems.append(f"{cidr} is not an address range such as 10.0.0.0/8.")
    return problems


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

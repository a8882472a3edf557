"""How often the API may be asked: by each key, access token and person, and by each address without any.
Promise S23."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from spaces import rates
from spaces.actors import AccessToken
from spaces.callers import client_address
from spaces.models import ApiKey
from spaces.rates import Rate

UNLIMITED = "octoplat.unlimited"
"""In the environment of a request that octoplat makes to itself; no header can put it there."""


class CallerThrottle(BaseThrottle):
    """One token of the caller's bucket for every request."""

    _wait: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if request.META.get(UNLIMITED):
            return True
        if (name := _name(request)) is None:
            self._wait = count_stranger(request._request)
        else:
            self._wait = rates.take(name, Rate(settings.API_RATE))
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


def count_stranger(request: HttpRequest) -> int | None:
    """A request without credentials, or with bad ones, counts for its address. Returns the seconds to
    wait, None when that is not yet too often."""
    return rates.take(f"address {client_address(request)}", Rate(settings.ANONYMOUS_RATE))


def _name(request: Request) -> str | None:
    """Whose bucket; None for somebody unknown."""
    match request.auth:
        case ApiKey() as key:
            return f"key {key.pk}"
        case AccessToken() as token:
            return f"oidc {token.identity_id}"
    return f"user {request.user.pk}" if request.user.is_authenticated else None

"""Every answer of 400 and above, in the form that clients read. api-dialect.md 5.

`ErrorMessage` is a sentence; where the status is 400 or 409 it is a general one and `Errors` holds the
reasons, because one client prints only the first and another only the second.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, transaction
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions

from spaces.access import UNKNOWN
from spaces.api.throttling import count_stranger
from spaces.audit import record
from spaces.errors import DomainError, NotAuthenticated, PermissionRefused, TooManyRequests

logger = logging.getLogger(__name__)

GENERAL = "There was a problem with your request."
SIGN_IN = "You must be signed in to do this: send an API key in X-Octopus-ApiKey."
TOO_OFTEN = "Too many requests."
STRANGERS = (NotAuthenticated, exceptions.NotAuthenticated, exceptions.AuthenticationFailed)
SAFE = {"GET", "HEAD", "OPTIONS"}
JSON = "application/json; charset=utf-8"


def answer(exc: Exception, context: Mapping[str, Any]) -> JsonResponse:
    """DRF's exception handler. Refused writes are audited here, after their transaction is undone."""
    request = context["request"]._request
    if isinstance(exc, PermissionRefused):
        _audit_refusal(request, exc)
    if isinstance(exc, STRANGERS) and (wait := count_stranger(request)):
        exc = TooManyRequests(TOO_OFTEN, retry_after=wait)
    status, reasons, headers = _judged(exc, request)
    # no DRF response: that would be rendered as the view renders, and be HTML for the page of docs
    return JsonResponse(
        error_body(status, reasons), status=status, headers=dict(headers), content_type=JSON
    )


def error_body(status: int, reasons: Sequence[str]) -> dict[str, Any]:
    """The body for these reasons, of which there is at least one."""
    listed = status in (400, 409)
    return {
        "ErrorMessage": GENERAL if listed else reasons[0],
        "Errors": list(reasons) if listed else list(reasons[1:]),
        "HelpText": None,
        "HelpLink": None,
        "ParsedHelpLinks": [],
        "Details": {},
        "FullException": None,
    }


def error_response(status: int, *reasons: str) -> JsonResponse:
    """The same from outside of DRF, where no view was reached."""
    return JsonResponse(error_body(status, reasons), status=status, content_type=JSON)


def _judged(exc: Exception, request: HttpRequest) -> tuple[int, Sequence[str], Mapping[str, str]]:
    """Status, reasons and extra headers for whatever was raised."""
    match exc:
        case TooManyRequests():
            return exc.status, exc.reasons, {"Retry-After": str(exc.retry_after)}
        case NotAuthenticated():
            return exc.status, exc.reasons, {"WWW-Authenticate": "ApiKey"}
        case DomainError():
            return exc.status, exc.reasons, {}
        case exceptions.ValidationError():
            return 400, list(_sentences(exc.detail)), {}
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return 401, [SIGN_IN], {"WWW-Authenticate": "ApiKey"}
        case Http404() | exceptions.NotFound():
            return 404, [UNKNOWN], {}
        case exceptions.Throttled():
            return (
                429,
                [TOO_OFTEN],
                {"Retry-After": str(math.ceil(getattr(exc, "wait", None) or 1))},
            )
        case exceptions.APIException():
            return exc.status_code, [str(exc.detail)], {}
        case DataError():
            return 400, ["A number or a date is out of the range that can be stored."], {}
        case RequestDataTooBig():
            return 413, ["The request body is too large."], {}
        case SuspiciousOperation():
            return 400, ["The request is malformed."], {}
    request_id = getattr(request, "request_id", "")
    logger.error("Unhandled error in request %s", request_id, exc_info=exc)
    return 500, [f"Something went wrong on the server. The log has it under {request_id}."], {}


def _sentences(detail: Any, path: str = "") -> Sequence[str]:
    """DRF's nested details as sentences that begin with the field: "Name: This field is required."""
    if isinstance(detail, Mapping):
        return [
            sentence
            for name, inner in detail.items()
            for sentence in _sentences(inner, _below(path, str(name)))
        ]
    if isinstance(detail, list | tuple):
        return [
            sentence
            for position, inner in enumerate(detail)
            for sentence in _sentences(
                inner, path if isinstance(inner, str) else f"{path}[{position}]"
            )
        ]
    return [f"{path}: {detail}" if path else str(detail)]


def _below(path: str, name: str) -> str:
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else name


def _audit_refusal(request: HttpRequest, exc: PermissionRefused) -> None:
    """S20: who tried to change what they may not."""
    actor = getattr(request, "actor", None)
    if actor is None or request.method in SAFE:
        return
    with transaction.atomic():
        record(
            actor,
            "PermissionDenied",
            None,
            space=getattr(request, "space", None),
            message=exc.reasons[0],
            details={"permission": exc.permission, "method": request.method, "path": request.path},
        )

"""What happens to every request before its view: an id, the dialect's tolerance for addresses, and the
age of its session."""

import re
import time
import uuid
from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase

from spaces.callers import caller

Answer = Callable[[HttpRequest], HttpResponseBase]

OVERRIDES = {"PUT", "DELETE", "PATCH"}
LONGEST_SESSION = 7 * 24 * 3600  # seconds
SEEN_EVERY = 5 * 60  # seconds; more often would write the session with every request


def request_ids(get_response: Answer) -> Answer:
    """Middleware: `request.request_id`, which the answer, the log and the audit trail repeat."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]  # ours
        response = get_response(request)
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]  # set in this module
        return response

    return middleware


def api_addresses(get_response: Answer) -> Answer:
    """Middleware: doubled slashes in front and one at the end of API addresses do not matter, and
    X-HTTP-Method-Override counts. Without redirects: clients drop the body or the key when they follow
    one (api-dialect.md 1, rules 8 and 10)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        path = re.sub(r"^/{2,}", "/", request.path_info)
        if re.match(r"/(api|token|nuget|\.well-known)(/|$)", path, re.IGNORECASE):
            _rewrite(request, path.rstrip("/") if path != "/" else path)
            _override_method(request)
        elif path != request.path_info:
            _rewrite(request, path)
        return get_response(request)

    return middleware


def actors(get_response: Answer) -> Answer:
    """Middleware: `request.actor` of whoever has a session, None for all others. Ends sessions that are
    too old whatever they do, and keeps those in use alive (S7)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            _age(request)
        actor = caller(request, request.user) if request.user.is_authenticated else None
        request.actor = actor  # type: ignore[attr-defined]  # every later reader expects it
        return get_response(request)

    return middleware


def _rewrite(request: HttpRequest, path: str) -> None:
    request.path = request.path[: len(request.path) - len(request.path_info)] + path
    request.path_info = path


def _override_method(request: HttpRequest) -> None:
    wanted = request.headers.get("X-HTTP-Method-Override", "").upper()
    if request.method == "POST" and wanted in OVERRIDES:
        request.method = wanted


def _age(request: HttpRequest) -> None:
    now = int(time.time())
    started = request.session.setdefault("started", now)
    if now - started > LONGEST_SESSION:
        logout(request)
    elif now - request.session.get("seen", 0) > SEEN_EVERY:
        request.session["seen"] = now

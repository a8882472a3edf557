"""What happens to answers on their way out.

What went wrong becomes a page about it; the API answers its own errors (spaces.api.errors). Clients that
poll the API get 304 and no body while nothing has changed.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.shortcuts import render

from spaces.errors import DomainError, NotFound


class UnchangedAnswers(ConditionalGetMiddleware):
    """`ETag` and 304 for the API. Pages have a new token in each form and would never match."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not request.path_info.lower().startswith("/api/"):
            return response
        return super().process_response(request, response)


class RefusalPages:
    """A refusal that no view turned into something better becomes a page with all its reasons."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if not isinstance(exc, DomainError):
            return None
        if isinstance(exc, NotFound):
            return render(request, "404.html", status=404)
        template = "403.html" if exc.status == 403 else "refused.html"
        return render(request, template, {"reasons": exc.reasons}, status=exc.status)

"""The site of Django's admin: for operators, to look and to help. ui.md 7(q), domain.md 4.7.

It is never needed for daily work. Whoever enters is a system administrator with a session of the normal
sign-in; what belongs to a space is empty until the operator has opened that space, with a reason.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse

from spaces.access import allowed_system
from spaces.models import Elevation
from spaces.permissions import Permission
from spaces.queries.elevations import elevations_of
from spaces.web.sign_in import sign_out

# Passwords change on the account page, with audit; and nothing here leads to rows by their bare number.
LEFT_OUT = {"password_change", "password_change_done", "view_on_site"}


class OperatorSite(AdminSite):
    site_header = "octoplat for operators"
    site_title = "octoplat"
    index_title = "Tables"
    site_url = "/app/"
    empty_value_display = "none"
    index_template = "admin/operators.html"

    def has_permission(self, request: HttpRequest) -> bool:
        actor = getattr(request, "actor", None)
        return actor is not None and allowed_system(actor, Permission.ADMINISTER_SYSTEM)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one way to sign in, and it counts failures. For others nothing is here."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise Http404
        target = request.GET.get("next") or reverse("admin:index")
        return redirect(f"{reverse('sign_in')}?{urlencode({'next': target})}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return sign_out(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [url for url in super().get_urls() if getattr(url, "name", None) not in LEFT_OUT]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"elevations": elevations(request)}


def elevations(request: Any) -> Sequence[Elevation]:
    """The spaces that are open to whoever asks, read once per request."""
    if not hasattr(request, "elevations"):
        user = request.user
        request.elevations = list(elevations_of(user)) if user.is_authenticated else []
    held: list[Elevation] = request.elevations
    return held


site = OperatorSite()

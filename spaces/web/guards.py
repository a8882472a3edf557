"""What every page of a space asks first: who is it, and in which space.

A view behind `in_space` has `request.actor` and `request.space`. What may not be seen does not exist: the
answer is the same 404 as for an unknown name.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from spaces.access import anywhere, authorize, visible_spaces
from spaces.actors import Actor
from spaces.errors import PermissionRefused
from spaces.models import Space, SpaceOwned, User
from spaces.permissions import Permission

View = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    """A request that passed `signed_in`."""

    user: User
    actor: Actor
    htmx: HtmxDetails


class SpaceRequest(SignedInRequest):
    """A request that passed `in_space`. spaces: all that the person may see."""

    space: Space
    spaces: list[Space]


def signed_in(view: View) -> View:
    """Sends whoever is not signed in to do so first, and back afterwards."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor is None:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def in_space(permission: Permission) -> Callable[[View], View]:
    """The page is for those who hold `permission` for at least something in the space.

    The page of an act is refused with the permission's name to whoever may look at what it acts on (P3).
    """

    def guard(view: View) -> View:
        @signed_in
        @wraps(view)
        def guarded(request: Any, space: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.spaces = list(visible_spaces(request.actor))
            request.space = next((row for row in request.spaces if row.slug == space), None)
            if request.space is None:
                raise Http404
            if not anywhere(request.actor, permission, request.space):
                raise _refusal(request, permission)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def authorize_post(request: SpaceRequest, permission: Permission, where: SpaceOwned) -> None:
    """Before a form is read: whoever may only look is told so. Raises what `authorize` raises."""
    if request.method == "POST":
        authorize(request.actor, permission, where)


def _refusal(request: SpaceRequest, permission: Permission) -> Http404 | PermissionRefused:
    view = permission.view
    if permission.is_view or (view and not anywhere(request.actor, view, request.space)):
        return Http404()
    return PermissionRefused(permission.value)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    target = f"{reverse('sign_in')}?{urlencode({'next': request.get_full_path()})}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(target)
    return redirect(target)

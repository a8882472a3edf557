"""The pages where people set up and remove their second factor. ui.md 7(q), promise S6."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

import segno
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from spaces.access import lacks_second_factor
from spaces.actors import Actor
from spaces.services.second_factor import (
    NewApp,
    add_key,
    ask_for_new_key,
    begin_app,
    confirm_app,
    factors_of,
    remove_app,
    remove_key,
    renew_recovery_codes,
)
from spaces.web.account import account_tabs
from spaces.web.forms import PageForm, posted_row
from spaces.web.guards import SignedInRequest, View, signed_in
from spaces.web.proofs import answer_in, put, state_of_question
from spaces.web.steps import enter, is_proved, owner, site_of, underway


class AppForm(PageForm):
    code = forms.CharField(
        label="Code that the app shows",
        max_length=20,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class KeyForm(PageForm):
    name = forms.CharField(
        label="Name of the key",
        max_length=100,
        initial="Security key",
        help_text="By which you will know it again, such as the one on your key ring.",
    )


def recently_proved(view: View) -> View:
    """Asks whoever signed in longer ago to show once more who they are, and leads back."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor is not None and not is_proved(request):
            back = request.path if request.method == "GET" else reverse("my_second_factor")
            return redirect(f"{reverse('confirm')}?{urlencode({'next': back})}")
        return view(request, *args, **kwargs)

    return guarded


def owned(view: Callable[..., HttpResponse]) -> View:
    """For who is signed in, and for who must set up a second factor to get in; tells the view who."""

    @recently_proved
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        actor = owner(request)
        if actor is None:
            return redirect("sign_in")
        return view(request, actor, *args, **kwargs)

    return guarded


@signed_in
@never_cache
@require_GET
def my_second_factor(request: SignedInRequest) -> HttpResponse:
    context = {
        "tabs": account_tabs("my_second_factor"),
        "factors": factors_of(request.user),
        "is_required": lacks_second_factor(request.user),
        "can_use_keys": site_of(request).can_ask,
    }
    return render(request, "spaces/second_factor.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@owned
def set_up_app(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = AppForm(request.POST or None)
    codes = form.call(confirm_app, actor=actor)
    if codes is not None:
        return _set_up(request, actor, codes)
    app = form.refusable(lambda: begin_app(actor=actor))
    if app is None:
        return redirect("my_second_factor")
    context = {"form": form, "app": app, "drawing": qr_code(app)}
    return render(request, "spaces/second_factor_app.html", context, status=form.status)


@never_cache
@require_http_methods(["GET", "POST"])
@owned
def set_up_key(request: HttpRequest, actor: Actor) -> HttpResponse:
    site = site_of(request)
    if not site.can_ask:
        raise Http404
    form = KeyForm(request.POST or None)
    codes = form.call(_add_posted_key, request=request, actor=actor)
    if codes is not None:
        return _set_up(request, actor, codes)
    options = put(request, ask_for_new_key(actor=actor, site=site))
    context = {"form": form, "options": options}
    return render(request, "spaces/second_factor_key.html", context, status=form.status)


@signed_in
@never_cache
@require_POST
@recently_proved
def new_recovery_codes(request: SignedInRequest) -> HttpResponse:
    codes = renew_recovery_codes(actor=request.actor)
    return _shown_once(request, codes, reverse("my_second_factor"))


@signed_in
@require_POST
@recently_proved
def remove_my_app(request: SignedInRequest) -> HttpResponse:
    remove_app(actor=request.actor)
    return _removed(request, "The authenticator app was removed.")


@signed_in
@require_POST
@recently_proved
def remove_my_key(request: SignedInRequest) -> HttpResponse:
    key = posted_row(request, request.user.security_keys.all())
    if key is None:
        return _removed(request, "There is no such security key any more.")
    remove_key(actor=request.actor, key=key)
    return _removed(request, f"The security key {key.name} was removed.")


def qr_code(app: NewApp) -> SafeString:
    """The address as a drawing: paths and attributes only, which the CSP admits."""
    code = segno.make(app.address, error="m", micro=False)
    drawing = code.svg_inline(
        scale=5, border=2, dark="#000", light="#fff", svgclass="qr-code", title="QR code"
    )
    return SafeString(drawing)  # made by the library from modules alone


def _add_posted_key(*, request: HttpRequest, actor: Actor, name: str) -> list[str]:
    return add_key(
        actor=actor,
        name=name,
        site=site_of(request),
        state=state_of_question(request),
        answer=answer_in(request),
    )


def _set_up(request: HttpRequest, actor: Actor, codes: list[str]) -> HttpResponse:
    """The session is one with a second factor from here on; whoever was on the way in, is in."""
    following = reverse("my_second_factor")
    if found := underway(request):
        user, sign_in = found
        enter(request, user, sign_in, has_second_factor=True)
        following = sign_in.target
    else:
        request.session["second_factor"] = True
        request.session.cycle_key()
    if codes:
        return _shown_once(request, codes, following)
    messages.success(request, "The second factor was set up.")
    return redirect(following)


def _shown_once(request: HttpRequest, codes: list[str], following: str) -> HttpResponse:
    context = {"codes": codes, "text": "\n".join(codes), "following": following}
    return render(request, "spaces/recovery_codes.html", context)


def _removed(request: SignedInRequest, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("my_second_factor")

"""Signing in and out with a session. ui.md 2, security-and-reliability.md S5, S11."""

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from spaces.callers import begin_session, caller
from spaces.errors import DomainError, NotAuthenticated, TooManyRequests
from spaces.models import User
from spaces.services.sign_in import check_password

HOME = "/app/"


class SignInForm(forms.Form):
    username = forms.CharField(
        label="User name", widget=forms.TextInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        widget=forms.PasswordInput({"autocomplete": "current-password"}), strip=False
    )


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Leads to where the person wanted to go, if that is one of our pages."""
    target = _own_address(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            user = check_password(actor=caller(request), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, refusal.reasons)
            status = _status(refusal)
        else:
            return _welcome(request, user, target)
    context = {"form": form, "next": target}
    return render(request, "spaces/sign_in.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign_in")


def _welcome(request: HttpRequest, user: User, target: str) -> HttpResponse:
    begin_session(request, user)
    return redirect(target)


def _status(refusal: DomainError) -> int:
    match refusal:
        case TooManyRequests():
            return 429
        case NotAuthenticated():
            return 401
    return 422


def _own_address(request: HttpRequest, wanted: Any) -> str:
    """`wanted` if it leads to this installation, else the landing page (S11)."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else HOME

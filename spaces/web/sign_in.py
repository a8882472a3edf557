"""Signing in and out with a session. ui.md 2, security-and-reliability.md S5, S6, S11."""

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from spaces.callers import caller
from spaces.errors import DomainError
from spaces.services.second_factor import Step, next_step
from spaces.services.sign_in import check_password
from spaces.web.proofs import Proofs, page_status
from spaces.web.steps import HOME, enter_with, own_address, proceed, site_of, underway


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
    target = own_address(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            user = check_password(actor=caller(request), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, refusal.reasons)
            status = page_status(refusal)
        else:
            return proceed(request, user, target=target)
    context = {"form": form, "next": target}
    return render(request, "spaces/sign_in.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """The second step. Nothing of the session exists before it."""
    found = underway(request)
    if found is None:
        return _elsewhere(request)
    user, sign_in = found
    proofs = Proofs(request, user)
    if request.method == "POST" and (factor := proofs.accepted()):
        return enter_with(request, user, sign_in, factor)
    context = {"proofs": proofs, "who": user}
    return render(request, "spaces/sign_in_second_factor.html", context, status=proofs.status)


@never_cache
@require_GET
def set_up(request: HttpRequest) -> HttpResponse:
    """For whoever may not get in without a second factor and has none yet."""
    found = underway(request)
    if found is None or next_step(found[0]) is not Step.SET_UP:
        return _elsewhere(request)
    context = {"who": found[0], "site": site_of(request)}
    return render(request, "spaces/sign_in_set_up.html", context)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign_in")


def _elsewhere(request: HttpRequest) -> HttpResponse:
    """For whoever is not on the way in."""
    return redirect(HOME if request.user.is_authenticated else "sign_in")

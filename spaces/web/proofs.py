"""Showing who one is, on a page: a password, a code, the touch of a security key."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from spaces.callers import caller
from spaces.errors import DomainError, Invalid
from spaces.models import User
from spaces.services.second_factor import Factors, ask_for_key, check_code, check_key, factors_of
from spaces.services.sign_in import check_password
from spaces.web.forms import PageForm
from spaces.web.guards import SignedInRequest, signed_in
from spaces.web.steps import own_address, prove, site_of
from spaces.webauthn import Question

QUESTION = "key_question"


class CodeForm(PageForm):
    code = forms.CharField(
        max_length=100,
        help_text="Six digits from your authenticator app, or one of your recovery codes.",
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True}),
    )


class CurrentPasswordForm(PageForm):
    password = forms.CharField(
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password", "autofocus": True}),
    )


class Proofs:
    """The ways in which a user may show a second factor on a page, and whether they just did.

    status: what the page answers with. problem: what was wrong with a security key.
    """

    def __init__(self, request: HttpRequest, user: User) -> None:
        self._request = request
        self._user = user
        self.form = CodeForm()
        self.status = 200
        self.problem = ""

    @cached_property
    def factors(self) -> Factors:
        return factors_of(self._user)

    @cached_property
    def key_options(self) -> str:
        """The question for the browser's security keys, as JSON; "" where they cannot be asked."""
        site = site_of(self._request)
        if not self.factors.keys or not site.can_ask:
            return ""
        return put(self._request, ask_for_key(user=self._user, site=site))

    def accepted(self) -> str:
        """Which factor the posted form shows; "" when it shows none, and then the page says why."""
        if "answer" in self._request.POST:
            return self._try(self._key, self._say)
        self.form = CodeForm(self._request.POST)
        if not self.form.is_valid():
            self.status = self.form.status
            return ""
        return self._try(self._code, lambda reasons: self.form.add_error("code", reasons))

    def _try(self, check: Callable[[], str], say: Callable[[list[str]], None]) -> str:
        try:
            return check()
        except DomainError as refusal:
            self.status = page_status(refusal)
            say(refusal.reasons)
            return ""

    def _say(self, reasons: list[str]) -> None:
        self.problem = " ".join(reasons)

    def _code(self) -> str:
        code = self.form.cleaned_data["code"]
        return check_code(actor=caller(self._request), user=self._user, code=code)

    def _key(self) -> str:
        return check_key(
            actor=caller(self._request),
            user=self._user,
            site=site_of(self._request),
            state=state_of_question(self._request),
            answer=answer_in(self._request),
        )


def put(request: HttpRequest, question: Question) -> str:
    """The options of a question as JSON; its state waits in the session for the one answer."""
    request.session[QUESTION] = dict(question.state)
    return json.dumps(dict(question.options))


def state_of_question(request: HttpRequest) -> Mapping[str, Any]:
    """What the last question's answer is checked against; a second answer finds nothing. Raises
    Invalid."""
    if state := request.session.pop(QUESTION, None):
        found: Mapping[str, Any] = state
        return found
    raise Invalid("The security key was not asked lately. Try again.")


def answer_in(request: HttpRequest) -> Mapping[str, Any]:
    """What the browser posted for a security key; empty when it is no JSON object."""
    try:
        answer = json.loads(request.POST.get("answer", ""))
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def page_status(refusal: DomainError) -> int:
    """What a page with a refused form answers with."""
    return 422 if refusal.status == 400 else refusal.status


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    """Asks who is signed in to show it once more, before what an open browser must not be enough for."""
    target = own_address(request, request.POST.get("next") or request.GET.get("next", ""))
    password = CurrentPasswordForm()
    proofs = Proofs(request, request.user)
    if request.method == "POST" and "password" in request.POST:
        password = CurrentPasswordForm(request.POST)
        if _knows_password(request, password):
            return _confirmed(request, target)
    elif request.method == "POST" and proofs.accepted():
        return _confirmed(request, target)
    context = {"proofs": proofs, "password": password, "next": target}
    status = max(proofs.status, password.status)
    return render(request, "spaces/confirm.html", context, status=status)


def _knows_password(request: SignedInRequest, form: CurrentPasswordForm) -> bool:
    if not form.is_valid():
        return False
    try:
        check_password(actor=caller(request), username=request.user.username, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error("password", refusal.reasons)
        return False
    return True


def _confirmed(request: SignedInRequest, target: str) -> HttpResponse:
    prove(request)
    messages.success(request, "Confirmed. Go on within a quarter of an hour.")
    return redirect(target)

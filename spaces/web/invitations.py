"""Inviting people, and the page on which somebody who was invited makes their user. domain.md 3.1."""

from typing import Any
from urllib.parse import urlencode, urljoin

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from spaces.access import authorize_system
from spaces.callers import caller
from spaces.errors import NotAuthenticated, PermissionRefused, TooManyRequests
from spaces.models import Invitation, Team
from spaces.permissions import Permission
from spaces.queries.teams import seen_teams
from spaces.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    open_invitations,
    withdraw_invitation,
)
from spaces.web.forms import PageForm, Rows, SecretInput, posted_row
from spaces.web.guards import SignedInRequest, View, signed_in
from spaces.web.proofs import page_status
from spaces.web.steps import HOME, proceed

PAGE = 50


class TeamRows(Rows):
    """Teams of several spaces, told apart by their space."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.space.name if obj.space else 'system'})"


class InvitationForm(PageForm):
    teams = TeamRows(
        queryset=Team.objects.none(),
        help_text="Whoever accepts becomes a member of these teams.",
    )


class JoinForm(PageForm):
    username = forms.CharField(
        label="User name", max_length=150, widget=forms.TextInput({"autocomplete": "username"})
    )
    display_name = forms.CharField(max_length=200, required=False, label="Your name")
    email = forms.EmailField(label="E-mail", required=False)
    password = forms.CharField(
        strip=False, widget=SecretInput, help_text="At least twelve characters."
    )


def inviting(view: View) -> View:
    """For those who may invite."""

    @signed_in
    def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
        authorize_system(request.actor, Permission.USER_INVITE)
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@inviting
def invitations(request: SignedInRequest) -> HttpResponse:
    rows = open_invitations().select_related("inviter").prefetch_related("teams")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "spaces/invitations.html", {"page": page})


@never_cache
@require_http_methods(["GET", "POST"])
@inviting
def new_invitation(request: SignedInRequest) -> HttpResponse:
    """The answer to the form is the only page that ever shows the link."""
    form = InvitationForm(request.POST or None)
    teams = seen_teams(request.actor).exclude(builtin=Team.EVERYONE).select_related("space")
    form.offer("teams", teams.order_by("space__name", "name"))
    made = _made(request, form) if form.is_valid() else None
    if made is None:
        return render(request, "spaces/invitation_new.html", {"form": form}, status=form.status)
    invitation, code = made
    context = {"invitation": invitation, "link": _link(request, code)}
    return render(request, "spaces/invitation_shown.html", context)


@require_POST
@inviting
def withdraw(request: SignedInRequest) -> HttpResponse:
    invitation = posted_row(request, open_invitations())
    if invitation is not None:
        withdraw_invitation(actor=request.actor, invitation=invitation)
    messages.success(request, "The invitation was withdrawn.")
    return redirect("invitations")


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """For who was invited. A code that is not good is told before anything is typed."""
    if request.user.is_authenticated:
        return redirect(HOME)
    code = request.POST.get("code") or request.GET.get("code", "")
    try:
        find_invitation(actor=caller(request), code=code)
        form = JoinForm(request.POST or None)
        user = form.call(accept_invitation, actor=caller(request), code=code)
    except (NotAuthenticated, TooManyRequests) as refusal:
        context = {"reasons": refusal.reasons}
        return render(request, "spaces/join_refused.html", context, status=page_status(refusal))
    if user is not None:
        return proceed(request, user, target=HOME, by="a new password")
    return render(request, "spaces/join.html", {"form": form, "code": code}, status=form.status)


def _made(request: SignedInRequest, form: InvitationForm) -> tuple[Invitation, str] | None:
    """Teams that hold more than the inviter are a problem of the form, told beside it."""
    try:
        return form.call(invite, actor=request.actor)
    except PermissionRefused as refusal:
        form.add_error("teams", refusal.reasons)
        return None


def _link(request: HttpRequest, code: str) -> str:
    """Absolute, from the configured address: it goes into a mail or a chat (S11)."""
    path = f"{reverse('join')}?{urlencode({'code': code})}"
    return urljoin(settings.PUBLIC_URL or request.build_absolute_uri("/"), path)

"""A person's API keys: making one, which is shown once, and revoking. ui.md 7(q), domain.md 3.3."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from spaces.access import visible_spaces
from spaces.models import ApiKey, Space
from spaces.permissions import Permission
from spaces.services.api_keys import DEFAULT_LIFE, Limits, create_api_key, revoke_api_key
from spaces.web.account import account_tabs
from spaces.web.forms import PageForm, Rows, posted_row
from spaces.web.guards import SignedInRequest, signed_in
from spaces.web.second_factor import recently_proved

PAGE = 50
NEVER = "never"
LIVES = {
    "7": "In a week",
    "30": "In 30 days",
    "90": "In 90 days",
    str(DEFAULT_LIFE.days): f"In {DEFAULT_LIFE.days} days",
    "365": "In a year",
    NEVER: "Never",
}


class ApiKeyForm(PageForm):
    purpose = forms.CharField(
        max_length=200, help_text="What will use the key, such as the build server."
    )
    expires = forms.ChoiceField(choices=list(LIVES.items()), initial=str(DEFAULT_LIFE.days))
    read_only = forms.BooleanField(
        required=False,
        label="Read only",
        help_text="The key sees what you see and changes nothing.",
    )
    spaces = Rows(
        queryset=Space.objects.none(),
        required=False,
        help_text="Only in these spaces; none chosen means in all of yours.",
    )
    permissions = forms.MultipleChoiceField(
        choices=sorted((p.value, p.value) for p in Permission),
        required=False,
        help_text="Only these of your permissions; none chosen means all of them.",
        widget=forms.SelectMultiple({"size": 8}),
    )
    addresses = forms.CharField(
        label="Addresses",
        required=False,
        help_text="Only from these address ranges, one a line, such as 10.0.0.0/8.",
        widget=forms.Textarea({"rows": 2, "class": "code", "spellcheck": "false"}),
    )

    @property
    def expires_at(self) -> datetime | None:
        life = self.cleaned_data["expires"]
        return None if life == NEVER else timezone.now() + timedelta(days=int(life))

    @property
    def limits(self) -> Limits:
        given = self.cleaned_data
        return Limits(
            read_only=given["read_only"],
            space_ids=[space.pk for space in given["spaces"]] or None,
            permissions=given["permissions"] or None,
            allowed_cidrs=given["addresses"].split() or None,
        )


@signed_in
@require_GET
def my_api_keys(request: SignedInRequest) -> HttpResponse:
    keys = request.user.api_keys.order_by("-created_at", "-pk")
    page = Paginator(keys, PAGE).get_page(request.GET.get("page"))
    names = dict(visible_spaces(request.actor).values_list("pk", "name"))
    context = {
        "tabs": account_tabs("my_api_keys"),
        "page": page,
        "keys": [{"row": key, "limits": limits_of(key, names)} for key in page],
        "now": timezone.now(),
    }
    return render(request, "spaces/api_keys.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
@recently_proved
def new_api_key(request: SignedInRequest) -> HttpResponse:
    """The answer to the form is the only page that ever shows the key."""
    form = ApiKeyForm(request.POST or None)
    form.offer("spaces", visible_spaces(request.actor))
    made = _made(request, form) if form.is_valid() else None
    if made is None:
        return render(request, "spaces/api_key_new.html", {"form": form}, status=form.status)
    key, text = made
    return render(request, "spaces/api_key_shown.html", {"key": key, "text": text})


@signed_in
@require_POST
def revoke_my_api_key(request: SignedInRequest) -> HttpResponse:
    key = posted_row(request, request.user.api_keys.all())
    if key is not None:
        revoke_api_key(actor=request.actor, key=key)
    messages.success(request, f"The key {key} was revoked." if key else "The key is gone already.")
    return redirect("my_api_keys")


def limits_of(key: ApiKey, spaces: dict[Any, str]) -> list[str]:
    """What the key may do less than its user, as words. spaces: names by number."""
    limits = ["Read only"] if key.read_only else []
    if key.space_ids is not None:
        limits.append("In " + ", ".join(spaces.get(pk, f"Spaces-{pk}") for pk in key.space_ids))
    for label, ids in (
        ("projects", key.project_ids),
        ("environments", key.environment_ids),
        ("tenants", key.tenant_ids),
    ):
        if ids is not None:
            limits.append(f"{len(ids)} {label}")
    if key.permissions is not None:
        limits.append(", ".join(key.permissions))
    if key.allowed_cidrs is not None:
        limits.append("From " + ", ".join(key.allowed_cidrs))
    return limits


def _made(request: SignedInRequest, form: ApiKeyForm) -> tuple[ApiKey, str] | None:
    return form.refusable(
        lambda: create_api_key(
            actor=request.actor,
            user=request.user,
            purpose=form.cleaned_data["purpose"],
            expires_at=form.expires_at,
            limits=form.limits,
        )
    )

"""Accounts: how octoplat signs in to targets. Secrets go in and never come out. ui.md 7(i)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from deployments.models import Account, Environment
from deployments.queries import referrers
from deployments.services.accounts import create_account, delete_account, update_account
from deployments.web.danger import DangerForm
from deployments.web.forms import KeptSecret
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from spaces.access import allowed, anywhere, authorize, visible
from spaces.permissions import Permission
from spaces.web.forms import CodeArea, PageForm, Rows

SECRETS = {
    Account.Type.SSH_KEY_PAIR.value: ("private_key", "passphrase"),
    Account.Type.USERNAME_PASSWORD.value: ("password",),
    Account.Type.TOKEN.value: ("token",),
}


class AccountForm(PageForm):
    """The fields of one kind of account. Empty secrets keep what is stored."""

    name = forms.CharField(max_length=200)
    description = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)
    username = forms.CharField(label="User name", max_length=200)
    password = KeptSecret()
    private_key = KeptSecret(
        label="Private key", widget=CodeArea(8), help_text="OpenSSH or PEM text."
    )
    passphrase = KeptSecret(help_text="Of the private key, if it has one.")
    token = KeptSecret()
    environments = Rows(
        Environment.objects.none(),
        required=False,
        help_text="Where it may be used; none: everywhere.",
    )

    def __init__(
        self,
        request: SpaceRequest,
        account_type: str,
        data: QueryDict | None,
        account: Account | None = None,
        **given: Any,
    ) -> None:
        super().__init__(data, **given)
        for name in Account.sealed_fields:
            if name not in SECRETS[account_type]:
                del self.fields[name]
            elif account and getattr(account, name):
                self.fields[name].widget.attrs["placeholder"] = "Set - type to replace"
        if account_type == Account.Type.TOKEN:
            del self.fields["username"]
        self.offer(
            "environments",
            visible(
                request.actor,
                Permission.ENVIRONMENT_VIEW,
                Environment.objects.in_space(request.space),
            ),
        )


@in_space(Permission.ACCOUNT_VIEW)
@require_GET
def accounts(request: SpaceRequest) -> HttpResponse:
    context = {
        "accounts": _seen(request)[:500],
        "may_create": anywhere(request.actor, Permission.ACCOUNT_CREATE, request.space),
    }
    return render(request, "deployments/accounts.html", context)


@in_space(Permission.ACCOUNT_CREATE)
@require_http_methods(["GET", "POST"])
def new_account(request: SpaceRequest) -> HttpResponse:
    """`?kind=` says which; without it, the kinds are on offer."""
    kind = request.GET.get("kind", "")
    if kind not in Account.Type.values:
        return render(request, "deployments/account_kinds.html", {"kinds": Account.Type.choices})
    form = AccountForm(request, kind, request.POST or None)
    created = form.call(create_account, actor=request.actor, space=request.space, account_type=kind)
    if created:
        messages.success(request, f"Account {created} was created.")
        return redirect("accounts", request.space.slug)
    context = {"form": form, "account": None, "kind": Account.Type(kind).label}
    return render(request, "deployments/account.html", context, status=form.status)


@in_space(Permission.ACCOUNT_VIEW)
@require_http_methods(["GET", "POST"])
def account(request: SpaceRequest, account: str) -> HttpResponse:
    row = _found(request, account)
    authorize_post(request, Permission.ACCOUNT_EDIT, row)
    initial = {
        "name": row.name,
        "description": row.description,
        "username": row.username,
        "environments": [member.environment_id for member in row.environments.all()],
    }
    form = AccountForm(request, row.account_type, request.POST or None, row, initial=initial)
    saved = form.call(update_account, actor=request.actor, account=row)
    if saved:
        messages.success(request, f"Account {saved} was saved.")
        return redirect("accounts", request.space.slug)
    context = {
        "form": form,
        "account": row,
        "kind": row.get_account_type_display(),
        "may_edit": allowed(request.actor, Permission.ACCOUNT_EDIT, row),
        "may_delete": allowed(request.actor, Permission.ACCOUNT_DELETE, row),
    }
    return render(request, "deployments/account.html", context, status=form.status)


@in_space(Permission.ACCOUNT_VIEW)
@require_http_methods(["GET", "POST"])
def remove_account(request: SpaceRequest, account: str) -> HttpResponse:
    row = _found(request, account)
    authorize(request.actor, Permission.ACCOUNT_DELETE, row)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_account, actor=request.actor, account=row):
        messages.success(request, f"Account {row} was deleted.")
        return redirect("accounts", request.space.slug)
    return form.page(
        request,
        title=f"Delete the account {row}",
        lost="Its secrets are lost. What was installed on machines with it stays there.",
        in_the_way=referrers.of_account(request.actor, row),
        back=("account", request.space.slug, row.slug),
    )


def _seen(request: SpaceRequest):
    rows = visible(request.actor, Permission.ACCOUNT_VIEW, Account.objects.in_space(request.space))
    return rows.prefetch_related("environments__environment").order_by("name")


def _found(request: SpaceRequest, slug: str) -> Account:
    return get_object_or_404(_seen(request), slug=slug)

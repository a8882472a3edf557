"""Targets: the list, adding one with its host key confirmed, changing it, checking it. ui.md 7(i)."""

from typing import Any, ClassVar

from asgiref.sync import async_to_sync
from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.core.hosts import host_problem, port_problem
from deployments.core.states import Health
from deployments.models import Account, Environment, MachinePolicy, Target, Tenant
from deployments.queries import referrers
from deployments.queries.roles import known_roles
from deployments.queries.tenants import tags_in
from deployments.services.targets import (
    accept_host_key,
    check_health,
    create_target,
    delete_target,
    update_target,
)
from deployments.transports.base import Unreachable
from deployments.transports.ssh import OfferedKey, discover_host_keys
from deployments.web import statuses
from deployments.web.danger import DangerForm
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from spaces.access import allowed, anywhere, authorize, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm, Rows

KINDS = [(style.value, style.label) for style in Target.Style]
PARTICIPATIONS = [
    ("Untenanted", "Only deployments without a tenant"),
    ("Tenanted", "Only deployments for its tenants"),
    ("TenantedOrUntenanted", "Both"),
]
OF_TENANTS = ("tenanted_participation", "tenants", "tenant_tags")
HEALTHS = [(health.value, statuses.health_status(health).word) for health in Health]


class TargetPart(PageForm):
    """A part of what a target is; `fill` sets what there is to choose from."""

    def __init__(self, request: SpaceRequest, data: QueryDict | None, **given: Any) -> None:
        super().__init__(data, **given)
        self.fill(request)

    def fill(self, request: SpaceRequest) -> None:
        """Sets the choices that depend on the space and the person."""


class ConnectionForm(TargetPart):
    """Step 1 of the wizard: how the machine is reached."""

    sometimes_required: ClassVar = frozenset({"host", "port", "account"})

    communication_style = forms.ChoiceField(
        label="Kind", choices=KINDS, widget=forms.RadioSelect, initial=Target.Style.SSH.value
    )
    host = forms.CharField(required=False, max_length=255, help_text="A name or an IP address.")
    port = forms.IntegerField(
        required=False, initial=22, widget=forms.NumberInput({"class": "input-short"})
    )
    account = forms.ModelChoiceField(
        Account.objects.none(), required=False, help_text="How octoplat signs in."
    )

    def fill(self, request: SpaceRequest) -> None:
        super().fill(request)
        self.offer(
            "account",
            visible(
                request.actor,
                Permission.ACCOUNT_VIEW,
                Account.objects.in_space(request.space).exclude(account_type=Account.Type.TOKEN),
            ),
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["port"] = given.get("port") or 22
        if given.get("communication_style") == Target.Style.SSH:
            for name, problem in (
                ("host", host_problem(given.get("host", ""))),
                ("port", port_problem(given["port"])),
                ("account", "" if given.get("account") else "Choose the account to sign in with."),
            ):
                if problem:
                    self.add_error(name, problem)
        return given


class PurposeForm(TargetPart):
    """Step 3: what the machine is for."""

    name = forms.CharField(max_length=200)
    environments = Rows(Environment.objects.none())
    roles = forms.CharField(
        max_length=1000, help_text="Separated by commas, such as web, database. Steps name them."
    )
    policy = forms.ModelChoiceField(
        MachinePolicy.objects.none(), label="Machine policy", empty_label=None
    )
    tenanted_participation = forms.ChoiceField(
        label="Takes part in",
        choices=PARTICIPATIONS,
        widget=forms.RadioSelect,
        initial="Untenanted",
    )
    tenants = Rows(Tenant.objects.none(), required=False, help_text="Whom the machine serves.")
    tenant_tags = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="It also serves tenants with these tags: one of each set that is chosen from.",
    )

    def fill(self, request: SpaceRequest) -> None:
        super().fill(request)
        self.offer(
            "environments",
            visible(
                request.actor,
                Permission.ENVIRONMENT_VIEW,
                Environment.objects.in_space(request.space),
            ),
        )
        self.offer(
            "policy", MachinePolicy.objects.in_space(request.space).order_by("-is_default", "name")
        )
        self._offer_tenants(request)
        if known := known_roles(request.space):
            self.fields["roles"].help_text += f" In use: {', '.join(known[:20])}."

    def _offer_tenants(self, request: SpaceRequest) -> None:
        """A space without tenants is not asked about them."""
        rows = Tenant.objects.in_space(request.space)
        self.offer("tenants", visible(request.actor, Permission.TENANT_VIEW, rows))
        tags = [tag.canonical_name for tag in tags_in(request.space)]
        self.choices("tenant_tags", [(name, name) for name in tags])
        if not rows.exists():
            for name in OF_TENANTS:
                del self.fields[name]

    def clean_roles(self) -> list[str]:
        return [role for role in self.cleaned_data["roles"].split(",") if role.strip()]


class TargetForm(ConnectionForm, PurposeForm):
    """Everything about a target that exists, but its host key."""

    field_order = [
        "name",
        "environments",
        "roles",
        "communication_style",
        "host",
        "port",
        "account",
    ]
    is_disabled = forms.BooleanField(
        label="Disabled", required=False, help_text="Deployments leave it out."
    )


class NewKeyForm(PageForm):
    """A changed host key is accepted by typing the end of its fingerprint."""

    key = forms.CharField(widget=forms.HiddenInput)
    ending = forms.CharField(
        label="Last 8 characters of the new fingerprint",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, offered: list[OfferedKey], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.offered = {key.key: key for key in offered}
        if offered:
            self.initial["key"] = offered[0].key

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        offered = self.offered.get(given.get("key", ""))
        if offered is None:
            raise forms.ValidationError("The machine shows another key now. Compare again.")
        if given.get("ending") != offered.fingerprint[-8:]:
            self.add_error("ending", f"{offered.fingerprint} ends otherwise.")
        return given


@in_space(Permission.MACHINE_VIEW)
@require_GET
def targets(request: SpaceRequest) -> HttpResponse:
    rows = _seen(request)
    asked = {
        name: request.GET.get(name, "").strip() for name in ("q", "health", "environment", "role")
    }
    if asked["q"]:
        rows = rows.filter(name__icontains=asked["q"])
    if asked["health"]:
        rows = rows.filter(health=asked["health"])
    if asked["environment"]:
        rows = rows.filter(environments__environment__slug=asked["environment"])
    if asked["role"]:
        rows = rows.filter(roles__contains=[asked["role"]])
    context = {
        "page": Paginator(rows.distinct(), 50).get_page(request.GET.get("page")),
        "asked": asked,
        "is_filtered": any(asked.values()),
        "environments": visible(
            request.actor,
            Permission.ENVIRONMENT_VIEW,
            Environment.objects.in_space(request.space),
        ),
        "healths": HEALTHS,
        "may_create": anywhere(request.actor, Permission.MACHINE_CREATE, request.space),
    }
    return render(request, "deployments/targets.html", context)


@in_space(Permission.MACHINE_CREATE)
@require_http_methods(["GET", "POST"])
def new_target(request: SpaceRequest) -> HttpResponse:
    """A wizard of three steps without any memory on the server: each step carries the values of the
    ones before as hidden fields. POST `step` is the step whose form was sent."""
    step = request.POST.get("step", "")
    connection = ConnectionForm(request, request.POST if step else None)
    if not step or not connection.is_valid() or "back" in request.POST:
        return _wizard(request, 1, connection, status=connection.status)
    is_ssh = connection.cleaned_data["communication_style"] == Target.Style.SSH
    if step == "connection" and is_ssh:
        return _show_keys(request, connection)
    if is_ssh and not request.POST.get("host_key"):
        connection.add_error(None, "Confirm the host key before you go on.")
        return _show_keys(request, connection)
    purpose = PurposeForm(
        request,
        request.POST if step == "purpose" else None,
        initial={"name": connection.cleaned_data["host"].split(".")[0]},
    )
    if purpose.is_valid() and (created := _create(request, connection, purpose)):
        messages.success(request, f"Target {created} was added. Its health is being checked.")
        return redirect("target", request.space.slug, created.slug)
    return _wizard(request, 3, connection, purpose=purpose, status=purpose.status)


@in_space(Permission.MACHINE_VIEW)
@require_http_methods(["GET", "POST"])
def target(request: SpaceRequest, target: str) -> HttpResponse:
    row = _found(request, target)
    authorize_post(request, Permission.MACHINE_EDIT, row)
    initial = vars(row) | {
        "environments": [member.environment_id for member in row.environments.all()],
        "roles": ", ".join(row.roles),
        "tenants": [member.tenant_id for member in row.tenants.all()],
        "account": row.account_id,
        "policy": row.policy_id,
    }
    form = TargetForm(request, request.POST or None, initial=initial)
    saved = form.call(update_target, actor=request.actor, target=row)
    if saved:
        messages.success(request, f"Target {saved} was saved.")
        return redirect("target", request.space.slug, saved.slug)
    context = {
        "target": row,
        "form": form,
        "may_edit": _may(request, Permission.MACHINE_EDIT, row),
        "may_delete": _may(request, Permission.MACHINE_DELETE, row),
        "may_check": _may(request, Permission.TASK_CREATE, row),
    }
    return render(request, "deployments/target.html", context, status=form.status)


@in_space(Permission.MACHINE_VIEW)
@require_POST
def target_health(request: SpaceRequest, target: str) -> HttpResponse:
    task = check_health(actor=request.actor, targets=[_found(request, target)])
    return redirect("task", request.space.slug, task.pk)


@in_space(Permission.MACHINE_EDIT)
@require_http_methods(["GET", "POST"])
def target_host_key(request: SpaceRequest, target: str) -> HttpResponse:
    """Compares the key that was confirmed with the ones the machine shows now."""
    row = _found(request, target)
    authorize(request.actor, Permission.MACHINE_EDIT, row)
    offered, problem = _discovered(row.host, row.port)
    form = NewKeyForm(offered, request.POST or None)
    if form.is_valid():
        key = form.cleaned_data["key"]
        accepted = form.refusable(
            lambda: accept_host_key(actor=request.actor, target=row, host_key=key)
        )
        if accepted:
            messages.success(request, f"The new host key of {row} is trusted from now on.")
            return redirect("target", request.space.slug, row.slug)
    context = {"target": row, "offered": offered, "problem": problem, "form": form}
    return render(request, "deployments/target_host_key.html", context, status=form.status)


@in_space(Permission.MACHINE_VIEW)
@require_http_methods(["GET", "POST"])
def remove_target(request: SpaceRequest, target: str) -> HttpResponse:
    row = _found(request, target)
    authorize(request.actor, Permission.MACHINE_DELETE, row)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_target, actor=request.actor, target=row):
        messages.success(request, f"Target {row} was deleted.")
        return redirect("targets", request.space.slug)
    return form.page(
        request,
        title=f"Delete the target {row}",
        lost="octoplat forgets the machine. Nothing on the machine itself is changed or removed.",
        in_the_way=referrers.of_target(request.actor, row),
        back=("target", request.space.slug, row.slug),
    )


def _create(
    request: SpaceRequest, connection: ConnectionForm, purpose: PurposeForm
) -> Target | None:
    host_key = request.POST.get("host_key", "")
    return purpose.call(
        create_target,
        actor=request.actor,
        space=request.space,
        host_key=host_key,
        **connection.cleaned_data,
    )


def _show_keys(request: SpaceRequest, connection: ConnectionForm) -> HttpResponse:
    offered, problem = _discovered(connection.cleaned_data["host"], connection.cleaned_data["port"])
    if problem:
        connection.add_error("host", problem)
        return _wizard(request, 1, connection, status=422)
    return _wizard(request, 2, connection, offered=offered)


def _wizard(
    request: SpaceRequest, step: int, connection: ConnectionForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "step": step,
        "connection": connection,
        "confirmed": request.POST.get("host_key", ""),
    }
    return render(request, "deployments/target_new.html", context | more, status=status)


def _discovered(host: str, port: int) -> tuple[list[OfferedKey], str]:
    """The keys the machine shows, or why it shows none."""
    try:
        return async_to_sync(discover_host_keys)(host, port), ""
    except Unreachable as exc:
        return [], str(exc)


def _may(request: SpaceRequest, permission: Permission, row: Target) -> bool:
    return allowed(request.actor, permission, row)


def _seen(request: SpaceRequest):
    rows = visible(request.actor, Permission.MACHINE_VIEW, Target.objects.in_space(request.space))
    return rows.select_related("account", "policy").prefetch_related("environments__environment")


def _found(request: SpaceRequest, slug: str) -> Target:
    return get_object_or_404(_seen(request), slug=slug)

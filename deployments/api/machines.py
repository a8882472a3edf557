"""Deployment targets: `Machine` on the wire (api-dialect.md 8.23)."""

import asyncio
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import (
    Computed,
    Constant,
    Maybe,
    MemberEnvironments,
    MemberTenants,
    OptionalList,
    Text,
)
from deployments.api.tasks import TaskResource, tasks_shown
from deployments.core.hosts import host_problem, port_problem
from deployments.models import Account, Environment, MachinePolicy, ServerTask, Target, TaskLogLine
from deployments.queries.run_kinds import run_kinds
from deployments.services.changes import refuse
from deployments.services.targets import create_target, delete_target, update_target
from deployments.transports import ssh
from deployments.transports.base import TransportError
from spaces.access import anywhere, visible
from spaces.api.documents import Document, SpaceResource, Timestamp
from spaces.api.views import ApiRequest, SpaceCommandViewSet
from spaces.errors import Invalid, PermissionRefused
from spaces.permissions import Permission
from spaces.queries.references import with_ids

SHOWN_LINES = 200


def uri_of(target: Target) -> str | None:
    """Where an SSH target is; None for one that is reached without a network."""
    if target.communication_style != Target.Style.SSH:
        return None
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"ssh://{host}:{target.port}/"


def status_of(target: Target) -> str:
    """The word older clients know for the health."""
    if target.is_disabled:
        return "Disabled"
    return {"Unknown": "Unknown", "Unavailable": "Offline"}.get(target.health, "Online")


class EndpointDocument(Document):
    """How a machine is reached. `CommunicationStyle` says which of the fields count.

    `HostKey` is octoplat's own: the public key behind `Fingerprint`, in one line.
    """

    CommunicationStyle = serializers.CharField(source="communication_style")
    AccountId = Maybe(queryset=Account.objects.all(), source="account")
    Host = Text(source="host")
    Port = serializers.IntegerField(source="port", required=False)
    Fingerprint = Text(source="fingerprint")
    HostKey = Text(source="host_key")
    Uri = Computed(uri_of)
    DotNetCorePlatform = Constant(None)
    ProxyId = Constant(None)
    Thumbprint = Constant(None)


class MachineResource(SpaceResource):
    """A machine that steps run on."""

    collection = "machines"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    IsDisabled = serializers.BooleanField(source="is_disabled", required=False)
    EnvironmentIds = MemberEnvironments()
    Roles = serializers.ListField(child=serializers.CharField(), source="roles")
    TenantedDeploymentParticipation = serializers.CharField(
        source="tenanted_participation", required=False
    )
    TenantIds = MemberTenants()
    TenantTags = OptionalList(child=serializers.CharField(), source="tenant_tags")
    MachinePolicyId = Maybe(queryset=MachinePolicy.objects.all(), source="policy")
    Endpoint = EndpointDocument(source="*")
    Thumbprint = serializers.CharField(source="fingerprint", read_only=True)
    Uri = Computed(uri_of)
    Status = Computed(status_of)
    HealthStatus = serializers.CharField(source="health", read_only=True)
    StatusSummary = serializers.CharField(source="health_summary", read_only=True)
    HasLatestCalamari = Constant(True)
    IsInProcess = Constant(False)
    OperatingSystem = serializers.CharField(source="operating_system", read_only=True)
    ShellName = serializers.CharField(source="shell_name", read_only=True)
    ShellVersion = serializers.CharField(source="shell_version", read_only=True)
    Architecture = serializers.CharField(source="architecture", read_only=True)

    def links(self, row: Target, address: str) -> dict[str, str]:
        return {
            "Connection": f"{address}/connection",
            "TasksTemplate": f"{address}/tasks{{?skip,take}}",
        }


class MachineConnection(Document):
    """What the last health check said."""

    MachineId = serializers.CharField()
    Status = serializers.CharField()
    LastChecked = Timestamp(allow_null=True)
    Logs = serializers.ListField(child=serializers.DictField())


class MachineViewSet(CrudViewSet):
    model = Target
    item_type = "Machine"
    view_permission = Permission.MACHINE_VIEW
    edit_permission = Permission.MACHINE_EDIT
    serializer_class = MachineResource

    def rows(self) -> QuerySet[Any]:
        rows = super().rows().select_related("account", "policy")
        return rows.prefetch_related("environments", "tenants")

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if ids := self.parameters.many("environmentIds"):
            environments = visible(
                self.request.actor,
                Permission.ENVIRONMENT_VIEW,
                Environment.objects.in_space(self.request.space),
            )
            chosen = with_ids(environments, ids)
            rows = rows.filter(environments__environment__in=chosen).distinct()
        if roles := self.parameters.many("roles"):
            rows = rows.filter(pk__in=_with_roles(rows, roles))
        if health := self.parameters.many("healthStatuses"):
            rows = rows.filter(health__in=health)
        if styles := self.parameters.many("commStyles"):
            rows = rows.filter(communication_style__in=styles)
        if thumbprint := self.parameters.one("thumbprint"):
            rows = rows.filter(fingerprint=thumbprint)
        if disabled := self.parameters.one("isDisabled"):
            rows = rows.filter(is_disabled=disabled.lower() == "true")
        return rows

    def add(self, given: dict[str, Any]) -> Target:
        return create_target(
            actor=self.request.actor, space=self.request.space, **_with_policy(given)
        )

    def change(self, row: Target, given: dict[str, Any]) -> Target:
        return update_target(actor=self.request.actor, target=row, **_with_policy(given))

    def remove(self, row: Target) -> None:
        delete_target(actor=self.request.actor, target=row)

    @extend_schema(
        parameters=[
            OpenApiParameter("host", str, required=True),
            OpenApiParameter("port", int),
            OpenApiParameter("type", str),
        ],
        responses={200: dict},
    )
    @action(detail=False, url_path="discover", pagination_class=None)
    def discover(self, request: ApiRequest, **_: Any) -> Response:
        """The host keys that a machine shows, for a person to compare. Nothing is sent to it."""
        if not anywhere(request.actor, Permission.MACHINE_CREATE, request.space):
            raise PermissionRefused(Permission.MACHINE_CREATE.value)
        host, port = self.parameters.one("host"), self.parameters.one("port") or "22"
        problems = [host_problem(host), port_problem(int(port) if port.isdigit() else 0)]
        refuse([problem for problem in problems if problem])
        try:
            keys = asyncio.run(ssh.discover_host_keys(host, int(port)))
        except TransportError as problem:
            raise Invalid(str(problem)) from problem
        return Response(
            {
                "Name": host,
                "Endpoint": {
                    "CommunicationStyle": Target.Style.SSH.value,
                    "Host": host,
                    "Port": int(port),
                    "Fingerprint": keys[0].fingerprint,
                    "HostKey": keys[0].key,
                },
                "HostKeys": [
                    {"Type": key.kind, "Fingerprint": key.fingerprint, "HostKey": key.key}
                    for key in keys
                ],
            }
        )

    @extend_schema(responses=MachineConnection)
    @action(detail=True, url_path="connection")
    def connection(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """What the last health check said about the machine."""
        target = self.row(id)
        checks = ServerTask.objects.in_space(request.space).filter(
            kind=ServerTask.Kind.HEALTH, arguments__MachineIds__contains=[target.wire_id]
        )
        last = visible(request.actor, Permission.TASK_VIEW, checks).first()
        lines = TaskLogLine.objects.filter(task=last)[:SHOWN_LINES] if last else []
        document = {
            "MachineId": target.wire_id,
            "Status": status_of(target),
            "LastChecked": target.checked_at,
            "Logs": [{"Category": line.category, "MessageText": line.text} for line in lines],
        }
        return Response(MachineConnection(document).data)

    @extend_schema(responses=TaskResource(many=True))
    @action(detail=True, url_path="tasks", serializer_class=TaskResource)
    def tasks(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The tasks that concerned the machine, newest first."""
        target = self.row(id)
        self.item_type = "Task"
        concerned = Q(arguments__MachineIds__contains=[target.wire_id])
        for kind in run_kinds():
            concerned |= Q(**{f"{kind.relation}__deployed_to_machines__contains": [target.pk]})
        rows = ServerTask.objects.in_space(request.space).filter(concerned)
        page = self.paginate_queryset(tasks_shown(request.actor, rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class MachineRolesViewSet(SpaceCommandViewSet):
    """The target tags in use, as plain strings."""

    pagination_class = None

    @extend_schema(responses={200: OpenApiTypes.STR})
    def all(self, request: ApiRequest, **_: Any) -> Response:
        targets = visible(
            request.actor, Permission.MACHINE_VIEW, Target.objects.in_space(request.space)
        )
        names = {
            role.lower(): role
            for roles in targets.values_list("roles", flat=True)
            for role in roles
        }
        return Response(sorted(names.values(), key=str.lower))


def _with_policy(given: dict[str, Any]) -> dict[str, Any]:
    """No policy named is no wish: a new target then follows the default one."""
    return {name: value for name, value in given.items() if name != "policy" or value is not None}


def _with_roles(rows: QuerySet[Target], roles: list[str]) -> list[int]:
    wanted = {role.lower() for role in roles}
    pairs = rows.values_list("pk", "roles")
    return [pk for pk, names in pairs if wanted & {name.lower() for name in names}]

"""Machine policies (api-dialect.md 8.23)."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Constant, Text, Timespan, timespan
from deployments.models import MachinePolicy
from deployments.services.targets import (
    create_machine_policy,
    delete_machine_policy,
    update_machine_policy,
)
from spaces.api.documents import Document, SpaceResource
from spaces.api.views import ApiRequest
from spaces.permissions import Permission

# What octoplat does whatever a policy says; the Go client requires every one of them.
CLEAN_UP = {"DeleteMachinesBehavior": "DoNotDelete", "DeleteMachinesElapsedTimeSpan": "00:00:00"}
UPDATE = {"CalamariUpdateBehavior": "UpdateOnDeployment", "TentacleUpdateBehavior": "NeverUpdate"}


class ScriptPolicy(Document):
    """The script a health check runs; `InheritFromDefault` means octoplat's own."""

    RunType = serializers.ChoiceField(
        ["InheritFromDefault", "Inline", "OnlyConnectivity"], required=False
    )
    ScriptBody = Text()


class HealthPolicy(Document):
    """How often targets are checked, and how."""

    HealthCheckInterval = Timespan(source="health_interval", required=False)
    HealthCheckType = serializers.ChoiceField(["RunScript", "OnlyConnectivity"], required=False)
    BashHealthCheckPolicy = ScriptPolicy(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if kind := attrs.pop("HealthCheckType", ""):
            attrs["only_connectivity"] = kind == "OnlyConnectivity"
        script = attrs.pop("BashHealthCheckPolicy", None)
        if script is not None:
            is_own = script.get("RunType") == "Inline"
            attrs["bash_script"] = script.get("ScriptBody", "") if is_own else ""
        return attrs

    def to_representation(self, instance: MachinePolicy) -> dict[str, Any]:
        own = {"RunType": "Inline", "ScriptBody": instance.bash_script}
        inherited = {"RunType": "InheritFromDefault", "ScriptBody": None}
        return {
            "HealthCheckInterval": timespan(instance.health_interval),
            "HealthCheckCron": None,
            "HealthCheckCronTimezone": "UTC",
            "HealthCheckType": "OnlyConnectivity" if instance.only_connectivity else "RunScript",
            "BashHealthCheckPolicy": own if instance.bash_script else inherited,
            "PowerShellHealthCheckPolicy": inherited,
        }


class ConnectivityBehaviour(Document):
    """Whether a target may be away."""

    MachineConnectivityBehavior = serializers.ChoiceField(
        ["ExpectedToBeOnline", "MayBeOfflineAndCanBeSkipped"]
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        behaviour = attrs.get("MachineConnectivityBehavior", "ExpectedToBeOnline")
        return {"may_be_offline": behaviour != "ExpectedToBeOnline"}

    def to_representation(self, instance: MachinePolicy) -> dict[str, Any]:
        away = "MayBeOfflineAndCanBeSkipped"
        behaviour = away if instance.may_be_offline else "ExpectedToBeOnline"
        return {"MachineConnectivityBehavior": behaviour}


class MachinePolicyResource(SpaceResource):
    """How often and how targets are checked, and what their absence means."""

    collection = "machinepolicies"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    IsDefault = serializers.BooleanField(source="is_default", read_only=True)
    MachineHealthCheckPolicy = HealthPolicy(source="*", required=False)
    MachineConnectivityPolicy = ConnectivityBehaviour(source="*", required=False)
    MachineCleanupPolicy = Constant(CLEAN_UP)
    MachineUpdatePolicy = Constant(UPDATE)
    PollingRequestQueueTimeout = Constant("00:02:00")
    ConnectionRetrySleepInterval = Constant("00:00:01")
    ConnectionRetryCountLimit = Constant(5)
    ConnectionRetryTimeLimit = Constant("00:05:00")
    ConnectionConnectTimeout = Constant("00:01:00")

    def links(self, row: MachinePolicy, address: str) -> dict[str, str]:
        return {"Template": address.replace(row.wire_id, "template")}


class MachinePolicyViewSet(CrudViewSet):
    model = MachinePolicy
    view_permission = Permission.MACHINE_POLICY_VIEW
    serializer_class = MachinePolicyResource

    def add(self, given: dict[str, Any]) -> MachinePolicy:
        return create_machine_policy(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: MachinePolicy, given: dict[str, Any]) -> MachinePolicy:
        return update_machine_policy(actor=self.request.actor, policy=row, **given)

    def remove(self, row: MachinePolicy) -> None:
        delete_machine_policy(actor=self.request.actor, policy=row)

    @extend_schema(responses={200: dict})
    @action(detail=False, url_path="template", pagination_class=None)
    def template(self, request: ApiRequest, **_: Any) -> Response:
        """A policy as a new one would be."""
        fresh = MachinePolicy(space=request.space, health_interval=timedelta(hours=1))
        document = self.get_serializer(fresh).data
        return Response({**document, "Id": None, "Name": "", "Links": {}})

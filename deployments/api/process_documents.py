"""Steps and actions as the dialect writes them (api-dialect.md 8.7), from and to `core.process`.

Retries, time limits and the package of a package step are fields here and properties there, because
step templates and clients know only the properties.
"""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from deployments.api.fields import (
    Computed,
    Constant,
    FeedId,
    OptionalList,
    Strings,
    Text,
    wire_text,
)
from deployments.core.process import (
    Action,
    Condition,
    PackageReference,
    PackageRequirement,
    StartTrigger,
    Step,
)
from spaces.api.documents import Document
from spaces.api.fields import WireNumber

RETRIES = "Octopus.Action.AutoRetry.MaximumCount"
TIMEOUT_MINUTES = "Octopus.Action.ExecutionTimeout.Minutes"
PACKAGE_ID = "Octopus.Action.Package.PackageId"
PACKAGE_FEED = "Octopus.Action.Package.FeedId"


class PackageDocument(Document):
    """A package an action needs; the name of the primary one is empty."""

    Id = Text(source="id")
    Name = Text(source="name")
    PackageId = Text(source="package_id")
    FeedId = FeedId(source="feed", required=False, allow_null=True)
    AcquisitionLocation = serializers.ChoiceField(
        ["Server", "ExecutionTarget", "NotAcquired"],
        source="acquisition_location",
        required=False,
    )
    Version = Text(source="version")
    Properties = Strings(source="properties")

    def validate(self, attrs: dict[str, Any]) -> PackageReference:
        return PackageReference(**{"id": "", "package_id": "", **attrs})


@extend_schema_field(serializers.DictField())
class PropertyMap(serializers.Field):
    """The properties of an action: texts, and for secrets `{"HasValue", "NewValue", "Hint"}`.

    Read from the whole action. Written: (properties, new secrets), where a secret "" keeps what is stored.
    """

    default_error_messages = {
        "invalid": "Properties are a map of texts.",
        "value": "The property {name!r} is neither a text nor a secret.",
    }

    def get_attribute(self, instance: Action) -> Action:
        return instance

    def to_representation(self, value: Action) -> dict[str, Any]:
        hidden = {"HasValue": True, "NewValue": None, "Hint": None}
        shown: dict[str, Any] = dict(value.properties)
        if value.retries:
            shown[RETRIES] = str(value.retries)
        if value.timeout:
            shown[TIMEOUT_MINUTES] = str(value.timeout // 60)
        return shown | dict.fromkeys(value.sealed_properties, hidden)

    def to_internal_value(self, data: Any) -> tuple[dict[str, str], dict[str, str]]:
        if not isinstance(data, dict):
            self.fail("invalid")
        plain: dict[str, str] = {}
        secret: dict[str, str] = {}
        for name, value in data.items():
            text = wire_text(value)
            if isinstance(text, str):
                plain[name] = text
            elif isinstance(value, dict):
                secret |= self._secret(name, value)
            elif value is not None:
                self.fail("value", name=name)
        return plain, secret

    def _secret(self, name: str, value: Mapping[str, Any]) -> dict[str, str]:
        given = {str(key).lower(): item for key, item in value.items()}
        new = given.get("newvalue")
        if new is not None and not isinstance(new, str):
            self.fail("value", name=name)
        return {name: new or ""} if new or given.get("hasvalue") else {}


class ActionDocument(Document):
    """What a step does."""

    Id = Text(source="id")
    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    ActionType = serializers.CharField(source="action_type")
    Notes = Text(source="notes")
    IsDisabled = serializers.BooleanField(source="is_disabled", required=False)
    IsRequired = serializers.BooleanField(source="is_required", required=False)
    CanBeUsedForProjectVersioning = Computed(
        lambda action: bool(action.packages), serializers.BooleanField()
    )
    Condition = serializers.ChoiceField(
        [Condition.SUCCESS.value, Condition.VARIABLE.value], source="condition", required=False
    )
    WorkerPoolId = WireNumber("WorkerPools", source="worker_pool", required=False, allow_null=True)
    WorkerPoolVariable = Text(source="worker_pool_variable")
    Container = serializers.DictField(source="container", required=False, allow_null=True)
    Environments = WireNumber.many("Environments", source="environments")
    ExcludedEnvironments = WireNumber.many("Environments", source="excluded_environments")
    Channels = WireNumber.many("Channels", source="channels")
    TenantTags = OptionalList(child=serializers.CharField(), source="tenant_tags")
    Packages = PackageDocument(many=True, required=False, source="packages")
    GitDependencies = Constant([])
    StepPackageVersion = Constant(None)
    Properties = PropertyMap(required=False)

    def validate(self, attrs: dict[str, Any]) -> Action:
        properties, secrets = attrs.pop("Properties", ({}, {}))
        retries, timeout = properties.pop(RETRIES, ""), properties.pop(TIMEOUT_MINUTES, "")
        if "condition" in attrs:
            attrs["condition"] = Condition(attrs["condition"])
        attrs["container"] = attrs.get("container") or {}
        for name in ("environments", "excluded_environments", "channels", "tenant_tags"):
            attrs[name] = tuple(attrs.get(name, ()))
        attrs["packages"] = self._packages(attrs.get("packages", []), properties)
        return Action(
            **{"id": "", **attrs},
            properties=properties,
            sealed_properties=secrets,
            retries=_number(retries),
            timeout=_number(timeout) * 60,
        )

    def _packages(
        self, given: list[PackageReference], properties: dict[str, str]
    ) -> tuple[PackageReference, ...]:
        """Older clients name the package of a step only in its properties; a reference wins."""
        package_id = properties.get(PACKAGE_ID, "")
        if not package_id or any(not package.name for package in given):
            return tuple(given)
        packages: Any = self.fields["Packages"]
        feed = packages.child.fields["FeedId"].to_internal_value(properties.get(PACKAGE_FEED, ""))
        return (PackageReference(id="", package_id=package_id, feed=feed), *given)


class StepDocument(Document):
    """One entry of the process."""

    Id = Text(source="id")
    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Condition = serializers.ChoiceField(
        [condition.value for condition in Condition], source="condition", required=False
    )
    StartTrigger = serializers.ChoiceField(
        [trigger.value for trigger in StartTrigger], source="start_trigger", required=False
    )
    PackageRequirement = serializers.ChoiceField(
        [requirement.value for requirement in PackageRequirement],
        source="package_requirement",
        required=False,
    )
    Properties = Strings(source="properties")
    Actions = ActionDocument(many=True, source="actions")

    def validate(self, attrs: dict[str, Any]) -> Step:
        if "condition" in attrs:
            attrs["condition"] = Condition(attrs["condition"])
        if "start_trigger" in attrs:
            attrs["start_trigger"] = StartTrigger(attrs["start_trigger"])
        if "package_requirement" in attrs:
            attrs["package_requirement"] = PackageRequirement(attrs["package_requirement"])
        return Step(**{"id": "", **attrs, "actions": tuple(attrs["actions"])})


def _number(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 9 else 0

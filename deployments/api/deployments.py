"""Deployments (api-dialect.md 8.10)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from deployments.api.commands import skipped_actions
from deployments.api.fields import Computed, Maybe, OptionalList, Strings, Text
from deployments.models import Channel, Deployment, Environment, Project, Release, Target, Tenant
from deployments.queries.plan_inputs import RunOptions
from deployments.queries.variable_inputs import answers_by_name
from deployments.services.deployments import deploy_release
from spaces.access import visible
from spaces.api.documents import SpaceResource, Timestamp, api_address
from spaces.api.fields import InSpace
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.permissions import Permission
from spaces.queries.references import with_ids


class DeploymentResource(SpaceResource):
    """A release in an environment, once."""

    collection = "deployments"

    Name = Computed(lambda deployment: f"Deploy to {deployment.environment.name}")
    ReleaseId = InSpace(
        queryset=Release.objects.select_related("project", "channel", "process", "variables"),
        source="release",
    )
    ProjectId = Computed(lambda deployment: f"Projects-{deployment.project_id}")
    ChannelId = Computed(lambda deployment: f"Channels-{deployment.channel_id}")
    EnvironmentId = InSpace(queryset=Environment.objects.all(), source="environment")
    TenantId = Maybe(queryset=Tenant.objects.all(), source="tenant")
    TaskId = Computed(lambda deployment: f"ServerTasks-{deployment.task_id}")
    DeploymentProcessId = Computed(lambda deployment: deployment.release.process.wire_id)
    ManifestVariableSetId = Computed(
        lambda row: f"variableset-Projects-{row.project_id}-s-{row.release.variables_id}"
    )
    Created = Timestamp(source="created_at", read_only=True)
    QueueTime = Timestamp(source="task.queue_time", required=False, allow_null=True)
    QueueTimeExpiry = Timestamp(source="task.queue_expiry", required=False, allow_null=True)
    Comments = Text(source="comments")
    FormValues = Strings(source="form_values")
    SkipActions = OptionalList(child=serializers.CharField(), source="skip_actions")
    SpecificMachineIds = OptionalList(child=serializers.CharField(), source="specific_machines")
    ExcludedMachineIds = OptionalList(child=serializers.CharField(), source="excluded_machines")
    ForcePackageDownload = serializers.BooleanField(source="force_package_download", required=False)
    ForcePackageRedeployment = serializers.BooleanField(
        source="force_package_redeployment", required=False
    )
    UseGuidedFailure = serializers.BooleanField(
        source="use_guided_failure", required=False, allow_null=True
    )
    DeployedBy = serializers.CharField(source="created_by", read_only=True)
    DeployedById = Computed(
        lambda row: f"Users-{row.task.requested_by_id}" if row.task.requested_by_id else None
    )
    DeployedToMachineIds = Computed(
        lambda row: [f"Machines-{pk}" for pk in row.deployed_to_machines], serializers.ListField()
    )
    FailureEncountered = serializers.BooleanField(source="failure_encountered", read_only=True)
    Changes = serializers.JSONField(source="changes", read_only=True)
    ChangesMarkdown = serializers.CharField(source="changes_markdown", read_only=True)

    def to_representation(self, instance: Deployment) -> dict[str, Any]:
        document = super().to_representation(instance)
        for name in ("SpecificMachineIds", "ExcludedMachineIds"):
            document[name] = [f"Machines-{pk}" for pk in document[name]]
        document["UseGuidedFailure"] = bool(instance.use_guided_failure)
        return document

    def links(self, row: Deployment, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        task = f"ServerTasks-{row.task_id}"
        return {
            "Project": f"{space}/projects/Projects-{row.project_id}",
            "Environment": f"{space}/environments/Environments-{row.environment_id}",
            "Release": f"{space}/releases/Releases-{row.release_id}",
            "Task": api_address(f"tasks/{task}"),
            "Variables": (
                f"{space}/variables/variableset-Projects-{row.project_id}"
                f"-s-{row.release.variables_id}"
            ),
            "Interruptions": f"{space}/interruptions?regarding={row.wire_id}",
            "Artifacts": f"{space}/artifacts?regarding={row.wire_id}",
            "Web": f"/app#/Spaces-{row.space_id}/deployments/{row.wire_id}",
        }


class DeploymentViewSet(SpaceViewSet):
    model = Deployment
    name_field = ""
    view_permission = Permission.DEPLOYMENT_VIEW
    serializer_class = DeploymentResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def get_queryset(self) -> QuerySet[Any]:
        return deployments_in(self.request)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        for parameter, model, column in (
            ("projects", Project, "project"),
            ("environments", Environment, "environment"),
            ("channels", Channel, "channel"),
            ("tenants", Tenant, "tenant"),
        ):
            if ids := self.parameters.many(parameter):
                wanted = with_ids(model.objects.in_space(self.request.space), ids)
                rows = rows.filter(**{f"{column}__in": wanted})
        if states := self.parameters.many("taskState"):
            rows = rows.filter(task__state__in=states)
        if part := self.parameters.one("partialName"):
            rows = rows.filter(task__description__icontains=part)
        return rows

    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Deploys as older clients do, naming everything by id."""
        given = self.given(DeploymentResource)
        release = given["release"]
        times = given.get("task", {})
        deployment = deploy_release(
            actor=request.actor,
            release=release,
            environment=given["environment"],
            tenant=given.get("tenant"),
            options=RunOptions(
                skip_actions=skipped_actions(release, given.get("skip_actions", [])),
                specific_machines=self._machines(given.get("specific_machines", [])),
                excluded_machines=self._machines(given.get("excluded_machines", [])),
                form_values=answers_by_name(release, given.get("form_values", {})),
                use_guided_failure=given.get("use_guided_failure"),
                force_package_download=given.get("force_package_download", False),
                force_package_redeployment=given.get("force_package_redeployment", False),
                queue_time=times.get("queue_time"),
                queue_expiry=times.get("queue_expiry"),
                comments=given.get("comments", ""),
            ),
        )
        return self.shown(deployment, 201)

    def _machines(self, ids: Iterable[str]) -> frozenset[int]:
        return chosen(Target.objects.in_space(self.request.space), ids)


def chosen(rows: QuerySet[Any], ids: Iterable[str]) -> frozenset[int]:
    """The rows with these ids, by number. Raises ValidationError naming those that are none."""
    named = list(ids)
    found = {row.wire_id.lower(): row.pk for row in with_ids(rows, named)}
    missing = [text for text in named if text.lower() not in found]
    if missing:
        raise serializers.ValidationError([f"{text[:100]!r} does not exist." for text in missing])
    return frozenset(found.values())


def deployments_in(request: Any) -> QuerySet[Any]:
    """The deployments of the space that the caller may see, with what their documents show."""
    rows: QuerySet[Any] = Deployment.objects.in_space(request.space)
    seen = visible(request.actor, Permission.DEPLOYMENT_VIEW, rows)
    return seen.select_related("task", "environment", "tenant", "release__process").defer(
        "task__plan", "release__process__steps"
    )

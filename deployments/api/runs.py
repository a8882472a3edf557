"""What the documents of deployments and runbook runs have in common (api-dialect.md 8.10, 8.13)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from deployments.api.commands import skipped_actions
from deployments.api.fields import Computed, Maybe, OptionalList, Strings, Text
from deployments.models import Assembly, Environment, ProcessRun, Project, Target, Tenant
from deployments.queries.plan_inputs import RunOptions
from deployments.queries.variable_inputs import answers_by_name
from spaces.api.documents import Document, SpaceResource, Timestamp, api_address
from spaces.api.fields import InSpace
from spaces.api.views import SpaceViewSet
from spaces.queries.references import with_ids


class RunOptionsDocument(Document):
    """What a person may choose about a run, with everything named by id."""

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


class RunResource(RunOptionsDocument, SpaceResource):
    """An assembly in an environment, once."""

    ProjectId = Computed(lambda run: f"Projects-{run.project_id}")
    EnvironmentId = InSpace(queryset=Environment.objects.all(), source="environment")
    TenantId = Maybe(queryset=Tenant.objects.all(), source="tenant")
    TaskId = Computed(lambda run: f"ServerTasks-{run.task_id}")
    ManifestVariableSetId = Computed(
        lambda run: f"variableset-Projects-{run.project_id}-s-{run.assembly.variables_id}"
    )
    Created = Timestamp(source="created_at", read_only=True)
    DeployedBy = serializers.CharField(source="created_by", read_only=True)
    DeployedById = Computed(
        lambda run: f"Users-{run.task.requested_by_id}" if run.task.requested_by_id else None
    )
    DeployedToMachineIds = Computed(
        lambda run: [f"Machines-{pk}" for pk in run.deployed_to_machines], serializers.ListField()
    )
    FailureEncountered = serializers.BooleanField(source="failure_encountered", read_only=True)

    def to_representation(self, instance: ProcessRun) -> dict[str, Any]:
        document = super().to_representation(instance)
        for name in ("SpecificMachineIds", "ExcludedMachineIds"):
            document[name] = [f"Machines-{pk}" for pk in document[name]]
        document["UseGuidedFailure"] = bool(instance.use_guided_failure)
        return document

    def links(self, row: Any, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        variables = f"variableset-Projects-{row.project_id}-s-{row.assembly.variables_id}"
        return {
            "Project": f"{space}/projects/Projects-{row.project_id}",
            "Environment": f"{space}/environments/Environments-{row.environment_id}",
            "Task": api_address(f"tasks/ServerTasks-{row.task_id}"),
            "Variables": f"{space}/variables/{variables}",
            "Interruptions": f"{space}/interruptions?regarding={row.wire_id}",
            "Artifacts": f"{space}/artifacts?regarding={row.wire_id}",
            "Web": f"/app#/Spaces-{row.space_id}/{self.collection}/{row.wire_id}",
        }


class RunViewSet(SpaceViewSet):
    """Runs of one kind. related: more columns that parameters filter by, with their models."""

    name_field = ""
    all = None  # type: ignore[assignment]  # it would grow without end
    related: dict[str, tuple[type[Any], str]] = {}

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        columns: dict[str, tuple[type[Any], str]] = {
            "projects": (Project, "project"),
            "environments": (Environment, "environment"),
            "tenants": (Tenant, "tenant"),
            **self.related,
        }
        for parameter, (model, column) in columns.items():
            if ids := self.parameters.many(parameter):
                wanted = with_ids(model.objects.in_space(self.request.space), ids)
                rows = rows.filter(**{f"{column}__in": wanted})
        if states := self.parameters.many("taskState"):
            rows = rows.filter(task__state__in=states)
        if part := self.parameters.one("partialName"):
            rows = rows.filter(task__description__icontains=part)
        return rows


def options_given(request: Any, assembly: Assembly, given: dict[str, Any]) -> RunOptions:
    """The options of a validated document. Raises ValidationError for machines that do not exist."""
    targets = Target.objects.in_space(request.space)
    times = given.get("task", {})
    return RunOptions(
        skip_actions=skipped_actions(assembly, given.get("skip_actions", [])),
        specific_machines=chosen(targets, given.get("specific_machines", [])),
        excluded_machines=chosen(targets, given.get("excluded_machines", [])),
        form_values=answers_by_name(assembly, given.get("form_values", {})),
        use_guided_failure=given.get("use_guided_failure"),
        force_package_download=given.get("force_package_download", False),
        force_package_redeployment=given.get("force_package_redeployment", False),
        queue_time=times.get("queue_time"),
        queue_expiry=times.get("queue_expiry"),
        comments=given.get("comments", ""),
    )


def chosen(rows: QuerySet[Any], ids: Iterable[str]) -> frozenset[int]:
    """The rows with these ids, by number. Raises ValidationError naming those that are none."""
    named = list(ids)
    found = {row.wire_id.lower(): row.pk for row in with_ids(rows, named)}
    missing = [text for text in named if text.lower() not in found]
    if missing:
        raise serializers.ValidationError([f"{text[:100]!r} does not exist." for text in missing])
    return frozenset(found.values())

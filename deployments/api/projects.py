"""Projects and their settings (api-dialect.md 8.5, 8.8)."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.channels import ChannelResource
from deployments.api.crud import CrudViewSet
from deployments.api.fields import Computed, Constant, OptionalList, Text
from deployments.api.logos import logo
from deployments.api.parameters import Parameters
from deployments.api.project_progression import progression_document
from deployments.api.releases import ReleaseResource, releases_in
from deployments.models import Channel, LibraryVariableSet, Lifecycle, Project, ProjectGroup
from deployments.models.projects import DEFAULT_VERSION_TEMPLATE
from deployments.services.projects import (
    clone_project,
    create_project,
    delete_project,
    update_project,
)
from spaces.access import UNKNOWN, visible
from spaces.api.documents import Document, SpaceResource, api_address
from spaces.api.fields import InSpace, WireNumber
from spaces.api.views import ApiRequest
from spaces.errors import NotFound
from spaces.models import Space
from spaces.permissions import Permission
from spaces.queries.references import find

NO_CREATION = {
    "ChannelId": None,
    "ReleaseCreationPackage": None,
    "ReleaseCreationPackageStepId": None,
}


# How many runbooks a project has: the app above tells.
runbook_counts: list[Callable[[Project], int]] = []


class DonorPackage(Document):
    """The package whose version a release takes."""

    DeploymentAction = serializers.CharField(source="action")
    PackageReference = Text(source="reference")


class VersioningStrategy(Document):
    """How the next release is numbered: by a template, or as a package is."""

    Template = Text()
    DonorPackage = DonorPackage(required=False, allow_null=True)
    DonorPackageStepId = Text()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        donor = attrs.get("DonorPackage")
        if donor:
            donor = {"reference": "", **donor}
        template = attrs.get("Template") or DEFAULT_VERSION_TEMPLATE
        return {"version_donor": donor or None, "version_template": template}

    def to_representation(self, instance: Project) -> dict[str, Any]:
        donor = instance.version_donor
        return {
            "Template": None if donor else instance.version_template,
            "DonorPackage": donor
            and {"DeploymentAction": donor["action"], "PackageReference": donor["reference"]},
            "DonorPackageStepId": None,
        }


class ConnectivityPolicy(Document):
    """What becomes of targets that are not there or not healthy."""

    SkipMachineBehavior = serializers.ChoiceField(
        ["None", "SkipUnavailableMachines"], required=False
    )
    TargetRoles = OptionalList(child=serializers.CharField(), source="skip_target_roles")
    AllowDeploymentsToNoTargets = serializers.BooleanField(
        source="allow_no_targets", required=False
    )
    ExcludeUnhealthyTargets = serializers.BooleanField(
        source="exclude_unhealthy_targets", required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if behaviour := attrs.pop("SkipMachineBehavior", ""):
            attrs["skip_unavailable_targets"] = behaviour != "None"
        return attrs

    def to_representation(self, instance: Project) -> dict[str, Any]:
        skips = instance.skip_unavailable_targets
        return {
            "SkipMachineBehavior": "SkipUnavailableMachines" if skips else "None",
            "TargetRoles": list(instance.skip_target_roles),
            "AllowDeploymentsToNoTargets": instance.allow_no_targets,
            "ExcludeUnhealthyTargets": instance.exclude_unhealthy_targets,
        }


class ProjectResource(SpaceResource):
    """One thing that is deployed."""

    collection = "projects"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    IsDisabled = serializers.BooleanField(source="is_disabled", required=False)
    ProjectGroupId = InSpace(queryset=ProjectGroup.objects.all(), source="group")
    LifecycleId = InSpace(queryset=Lifecycle.objects.all(), source="lifecycle")
    VariableSetId = Computed(lambda project: f"variableset-{project.wire_id}")
    DeploymentProcessId = Computed(lambda project: f"deploymentprocess-{project.wire_id}")
    ClonedFromProjectId = Constant(None)
    IncludedLibraryVariableSetIds = WireNumber.many(
        LibraryVariableSet.wire_prefix, source="library_sets"
    )
    TenantedDeploymentMode = serializers.CharField(source="tenanted_mode", required=False)
    DefaultGuidedFailureMode = serializers.CharField(source="guided_failure", required=False)
    DefaultToSkipIfAlreadyInstalled = serializers.BooleanField(
        source="skip_if_already_installed", required=False
    )
    DiscreteChannelRelease = serializers.BooleanField(
        source="discrete_channel_release", required=False
    )
    VersioningStrategy = VersioningStrategy(source="*", required=False)
    ReleaseCreationStrategy = Constant(NO_CREATION)
    AutoCreateRelease = Constant(False)
    ReleaseNotesTemplate = Text(source="release_notes_template")
    DeploymentChangesTemplate = Text(source="deployment_changes_template")
    ProjectConnectivityPolicy = ConnectivityPolicy(source="*", required=False)
    Templates = Parameters(source="templates")
    AutoDeployReleaseOverrides = Constant([])
    ExtensionSettings = Constant([])
    IsVersionControlled = Constant(False)
    PersistenceSettings = Constant({"Type": "Database"})
    AllowIgnoreChannelRules = serializers.BooleanField(
        source="allow_ignore_channel_rules", required=False
    )
    ForcePackageDownload = serializers.BooleanField(source="force_package_download", required=False)
    ProjectTags = Constant([])

    def links(self, row: Project, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        return {
            "Releases": f"{address}/releases{{/version}}{{?skip,take,searchByVersion}}",
            "Channels": f"{address}/channels",
            "DeploymentProcess": f"{space}/deploymentprocesses/deploymentprocess-{row.wire_id}",
            "DeploymentSettings": f"{address}/deploymentsettings",
            "Variables": f"{space}/variables/variableset-{row.wire_id}",
            "Progression": f"{address}/progression{{?aggregate}}",
            "Triggers": f"{address}/triggers",
            "ScheduledTriggers": f"{address}/triggers",
            "Runbooks": f"{address}/runbooks{{/id}}{{?skip,take,partialName}}",
            "RunbookSnapshots": f"{address}/runbookSnapshots{{/name}}{{?skip,take,searchByName}}",
            "Summary": f"{address}/summary",
            "Logo": f"{address}/logo",
            "Metadata": f"{address}/metadata",
            "Web": f"/app#/Spaces-{row.space_id}/projects/{row.slug}",
        }


class DeploymentSettings(Document):
    """The part of a project that says how it is deployed."""

    Id = Computed(lambda project: f"deploymentsettings-{project.wire_id}")
    SpaceId = Computed(lambda project: f"Spaces-{project.space_id}")
    ProjectId = serializers.CharField(source="wire_id", read_only=True)
    ConnectivityPolicy = ConnectivityPolicy(source="*", required=False)
    DefaultGuidedFailureMode = serializers.CharField(source="guided_failure", required=False)
    DefaultToSkipIfAlreadyInstalled = serializers.BooleanField(
        source="skip_if_already_installed", required=False
    )
    VersioningStrategy = VersioningStrategy(source="*", required=False)
    ReleaseNotesTemplate = Text(source="release_notes_template")
    DeploymentChangesTemplate = Text(source="deployment_changes_template")
    ForcePackageDownload = serializers.BooleanField(source="force_package_download", required=False)
    ChangeDescription = Constant(None)
    Links = Computed(
        lambda project: {
            "Self": api_address(
                f"Spaces-{project.space_id}/projects/{project.wire_id}/deploymentsettings"
            )
        },
        serializers.DictField(),
    )


class ProjectViewSet(CrudViewSet):
    model = Project
    view_permission = Permission.PROJECT_VIEW
    edit_permission = Permission.PROJECT_EDIT
    serializer_class = ProjectResource

    def rows(self) -> QuerySet[Any]:
        return projects_in(self.request.space)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        # there are no clones that know where they come from
        return rows.none() if self.parameters.one("clonedFromProjectId") else rows

    @extend_schema(parameters=[OpenApiParameter("clone", str, description="The project to copy.")])
    def create(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().create(request, **kwargs)

    def add(self, given: dict[str, Any]) -> Project:
        if original := self.parameters.one("clone"):
            given.pop("templates", None)  # the copy has those of the original
            return clone_project(actor=self.request.actor, original=self.row(original), **given)
        return create_project(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: Project, given: dict[str, Any]) -> Project:
        return update_project(actor=self.request.actor, project=row, **given)

    def remove(self, row: Project) -> None:
        delete_project(actor=self.request.actor, project=row)

    @extend_schema(responses=ReleaseResource(many=True))
    @action(detail=True, url_path="releases", serializer_class=ReleaseResource)
    def releases(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The project's releases, newest first."""
        self.item_type = "Release"
        rows = releases_in(request).filter(project=self.row(id))
        if part := self.parameters.one("searchByVersion"):
            rows = rows.filter(version__icontains=part)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses=ReleaseResource)
    @action(detail=True, url_path="releases/<str:version>", serializer_class=ReleaseResource)
    def release(self, request: ApiRequest, id: str, version: str, **_: Any) -> Response:
        """One release by its version, or by its id."""
        rows = releases_in(request).filter(project=self.row(id))
        if row := find(rows, version, name="version"):
            return self.shown(row)
        raise NotFound(UNKNOWN)

    @extend_schema(responses=ChannelResource(many=True))
    @action(detail=True, url_path="channels", serializer_class=ChannelResource)
    def channels(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The project's channels, the default one first."""
        self.item_type = "Channel"
        rows = Channel.objects.filter(project=self.row(id)).select_related("lifecycle")
        page = self.paginate_queryset(visible(request.actor, Permission.PROCESS_VIEW, rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="progression")
    def progression(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The newest releases with where each of them is."""
        return Response(progression_document(request, self.row(id), self.get_serializer_context()))

    @extend_schema(responses=DeploymentSettings)
    @action(detail=True, url_path="deploymentsettings", serializer_class=DeploymentSettings)
    def deploymentsettings(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """How the project is deployed."""
        return self.shown(self.row(id))

    @extend_schema(request=DeploymentSettings, responses=DeploymentSettings)
    @deploymentsettings.mapping.put
    def put_deploymentsettings(self, request: ApiRequest, id: str, **_: Any) -> Response:
        row = self.row(id)
        given = self.given(DeploymentSettings, partial=True)
        return self.shown(update_project(actor=request.actor, project=row, **given))

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="summary")
    def summary(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Whether there is anything in the project yet."""
        project = self.row(id)
        return Response(
            {
                "HasDeploymentProcess": project.process.version > 0,
                "HasBeenDeployed": project.deployments.exists(),
                "HasRunbooks": any(count(project) for count in runbook_counts),
                "Links": {"Self": f"{ProjectResource().address(project)}/summary"},
            }
        )

    @extend_schema(responses={(200, "image/svg+xml"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="logo", pagination_class=None)
    def logo(self, request: ApiRequest, id: str, **_: Any) -> HttpResponse:
        """The project's first letter as a picture."""
        return logo(self.row(id).name)

    @extend_schema(responses={200: list[dict[str, Any]]})
    @action(detail=True, url_path="metadata", pagination_class=None)
    def metadata(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """What extensions add to the project: there are none."""
        self.row(id)
        return Response([])

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="triggers")
    def triggers(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """There are no triggers yet."""
        return self._none(id, "ProjectTrigger")

    def _none(self, id: str, item_type: str) -> Response:
        """An empty page, for a project that exists."""
        self.row(id)
        self.item_type = item_type
        return self.get_paginated_response(self.paginate_queryset(Project.objects.none()))


def projects_in(space: Space) -> QuerySet[Any]:
    """The projects of a space with what their documents show."""
    rows: QuerySet[Any] = Project.objects.in_space(space).select_related("group", "lifecycle")
    return rows.prefetch_related("templates")

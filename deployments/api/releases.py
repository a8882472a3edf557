"""Releases (api-dialect.md 8.9)."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.deployments import DeploymentResource, deployments_in
from deployments.api.fields import Computed, Constant, Maybe, Strings, Text
from deployments.api.previews import preview_document, template_document
from deployments.api.release_progression import lifecycle_progression_document
from deployments.core.package_overrides import Override
from deployments.core.release_notes import build_document
from deployments.models import Assembly, Channel, Defect, Environment, Package, Project, Release
from deployments.services.releases import (
    ReleaseEdit,
    ReleaseRequest,
    block_release,
    create_release,
    delete_release,
    edit_release,
    unblock_release,
    update_variables,
)
from spaces.access import UNKNOWN, authorize, visible
from spaces.api.documents import Document, SpaceResource, Timestamp, api_address
from spaces.api.fields import InSpace
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.errors import Invalid, NotFound
from spaces.permissions import Permission
from spaces.queries.references import find


class SelectedPackage(Document):
    """The version chosen for one package of a step."""

    StepName = Text()
    ActionName = Text()
    PackageReferenceName = Text()
    Version = serializers.CharField()

    def validate(self, attrs: dict[str, Any]) -> Override:
        subject = attrs.get("ActionName") or attrs.get("StepName") or "*"
        reference = attrs.get("PackageReferenceName", "").lower()
        return Override(subject.lower(), attrs["Version"], reference)

    def to_representation(self, instance: dict[str, Any]) -> dict[str, Any]:
        return {
            "StepName": instance["step_name"],
            "ActionName": instance["action_name"],
            "PackageReferenceName": instance["reference"],
            "Version": instance["version"],
        }


class ReleaseResource(SpaceResource):
    """A process, variables and package versions, frozen together."""

    collection = "releases"

    Version = Text(source="version")
    ProjectId = InSpace(queryset=Project.objects.all(), source="project")
    ChannelId = Maybe(queryset=Channel.objects.all(), source="channel")
    Assembled = Timestamp(source="assembled_at", read_only=True)
    ReleaseNotes = Text(source="notes")
    IgnoreChannelRules = serializers.BooleanField(
        source="ignore_channel_rules", required=False, allow_null=True
    )
    SelectedPackages = SelectedPackage(
        many=True, required=False, allow_null=True, source="packages"
    )
    SelectedGitResources = Constant([])
    ProjectVariableSetSnapshotId = Computed(
        lambda release: f"variableset-Projects-{release.project_id}-s-{release.variables_id}"
    )
    LibraryVariableSetSnapshotIds = Constant([])
    ProjectDeploymentProcessSnapshotId = Computed(lambda release: release.process.wire_id)
    BuildInformation = Computed(
        lambda release: [build_document(build) for build in release.build_information],
        serializers.ListField(),
    )
    CustomFields = Strings(source="custom_fields")
    VersionControlReference = Constant(None)

    def links(self, row: Release, address: str) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        variables = f"variableset-Projects-{row.project_id}-s-{row.variables_id}"
        return {
            "Project": f"{space}/projects/Projects-{row.project_id}",
            "Channel": f"{space}/channels/Channels-{row.channel_id}",
            "Progression": f"{address}/progression",
            "Deployments": f"{address}/deployments{{?skip,take}}",
            "DeploymentTemplate": f"{address}/deployments/template",
            "DeploymentPreviews": f"{address}/deployments/previews",
            "Artifacts": f"{space}/artifacts?regarding={row.wire_id}",
            "Defects": f"{address}/defects",
            "ReportDefect": f"{address}/defects",
            "ResolveDefect": f"{address}/defects/resolve",
            "SnapshotVariables": f"{address}/snapshot-variables",
            "ProjectVariableSnapshot": f"{space}/variables/{variables}",
            "ProjectDeploymentProcessSnapshot": (
                f"{space}/deploymentprocesses/{row.process.wire_id}"
            ),
            "Web": f"/app#/Spaces-{row.space_id}/releases/{row.wire_id}",
        }


class DefectResource(SpaceResource):
    """A reason not to let a release progress."""

    collection = "defects"

    Description = serializers.CharField(source="description")
    Status = Computed(lambda defect: "Resolved" if defect.resolved_at else "Unresolved")


class PreviewRequest(Document):
    EnvironmentId = serializers.CharField()
    TenantId = Text()


class PreviewsRequest(Document):
    """The environments to preview a deployment to."""

    DeploymentPreviews = PreviewRequest(many=True)


class ReleaseViewSet(SpaceViewSet):
    model = Release
    name_field = ""
    view_permission = Permission.RELEASE_VIEW
    serializer_class = ReleaseResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def get_queryset(self) -> QuerySet[Any]:
        return releases_in(self.request)

    @extend_schema(parameters=[OpenApiParameter("ignoreChannelRules", bool)])
    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Creates a release as older clients do, naming every package's version apart."""
        given = self.given(ReleaseResource)
        ignore = self.parameters.one("ignoreChannelRules") or str(given.get("ignore_channel_rules"))
        release = create_release(
            actor=request.actor,
            project=given["project"],
            request=ReleaseRequest(
                version=given.get("version", ""),
                channel=given.get("channel"),
                selected=given.get("packages") or [],
                notes=given.get("notes", ""),
                ignore_channel_rules=ignore.lower() == "true",
                custom_fields=given.get("custom_fields", {}),
            ),
        )
        return self.shown(release, 201)

    def update(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Changes version, channel, packages and notes; once it was deployed, only the notes."""
        release = self.row(id)
        authorize(request.actor, Permission.RELEASE_EDIT, release)
        given = self.given(ReleaseResource, partial=True)
        if given.get("project", release.project) != release.project:
            raise Invalid("ProjectId: A release stays in its project.")
        edit = ReleaseEdit(
            notes=given.get("notes"),
            version=given.get("version"),
            channel=given.get("channel"),
            packages=changed_packages(release, given.get("packages") or []),
        )
        return self.shown(edit_release(actor=request.actor, release=release, edit=edit))

    @extend_schema(
        parameters=[
            OpenApiParameter("confirmed", bool, description="Needed for a release that runs.")
        ]
    )
    def destroy(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Deletes it with its deployments; one that runs somewhere only with `confirmed=true`."""
        is_confirmed = self.parameters.flag("confirmed")
        delete_release(actor=request.actor, release=self.row(id), is_confirmed=is_confirmed)
        return Response({})

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="progression", pagination_class=None)
    def progression(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Where the release is in its lifecycle, and where it may go."""
        context = self.get_serializer_context()
        return Response(lifecycle_progression_document(request.actor, self.row(id), context))

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="missingpackages", pagination_class=None)
    def missingpackages(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The packages of the release that the feed has no longer."""
        return Response({"Packages": _missing_packages(self.row(id))})

    @extend_schema(responses=DeploymentResource(many=True))
    @action(detail=True, url_path="deployments", serializer_class=DeploymentResource)
    def deployments(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The release's deployments, newest first."""
        self.item_type = "Deployment"
        page = self.paginate_queryset(deployments_in(request).filter(release=self.row(id)))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="deployments/template", pagination_class=None)
    def template(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Where the release can be deployed to now."""
        return Response(template_document(request.actor, self.row(id)))

    @extend_schema(
        parameters=[OpenApiParameter("includeDisabledSteps", bool)], responses={200: dict}
    )
    @action(detail=True, url_path="deployments/preview/<str:environment>", pagination_class=None)
    def preview(self, request: ApiRequest, id: str, environment: str, **_: Any) -> Response:
        """What deploying to an environment would do, step by step."""
        release = self.row(id)
        return Response(self._preview(release, environment))

    @extend_schema(request=PreviewsRequest, responses={200: list[dict[str, Any]]})
    @action(detail=True, methods=["post"], url_path="deployments/previews", pagination_class=None)
    def previews(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The same for several environments, as an array."""
        release = self.row(id)
        wanted = self.given(PreviewsRequest)["DeploymentPreviews"]
        return Response([self._preview(release, item["EnvironmentId"]) for item in wanted])

    def _preview(self, release: Release, text: str) -> dict[str, Any]:
        rows = visible(
            self.request.actor,
            Permission.ENVIRONMENT_VIEW,
            Environment.objects.in_space(self.request.space),
        )
        environment = find(rows, text)
        if environment is None:
            raise NotFound(UNKNOWN)
        include = self.parameters.flag("includeDisabledSteps")
        return preview_document(release, environment, include_disabled=include)

    @extend_schema(responses=DefectResource(many=True))
    @action(detail=True, url_path="defects", serializer_class=DefectResource)
    def defects(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Why the release was blocked, newest first."""
        self.item_type = "Defect"
        page = self.paginate_queryset(self.row(id).defects.order_by("-pk"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=DefectResource, responses={201: DefectResource})
    @defects.mapping.post
    def report_defect(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Holds the release back."""
        release = self.row(id)
        description = self.given(DefectResource)["description"]
        defect = block_release(actor=request.actor, release=release, description=description)
        return self.shown(defect, 201)

    @extend_schema(request=None, responses=DefectResource)
    @action(
        detail=True,
        methods=["post"],
        url_path="defects/resolve",
        serializer_class=DefectResource,
        pagination_class=None,
    )
    def resolve_defects(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Lets the release go on."""
        release = self.row(id)
        unblock_release(actor=request.actor, release=release)
        return self.shown(Defect.objects.filter(release=release).latest("pk"))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="snapshot-variables", pagination_class=None)
    def snapshot_variables(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Takes the variables of now into the release."""
        return self.shown(update_variables(actor=request.actor, release=self.row(id)))


def releases_in(request: Any) -> QuerySet[Any]:
    """The releases of the space that the caller may see, with what their documents show."""
    rows: QuerySet[Any] = Release.objects.in_space(request.space)
    seen = visible(request.actor, Permission.RELEASE_VIEW, rows)
    return seen.select_related("project", "channel", "process", "variables").defer(
        "variables__entries"
    )


def changed_packages(assembly: Assembly, given: list[Override]) -> list[Override]:
    """Clients send back all versions; those that the release has already are no change."""
    held = {
        (item["action_name"].lower(), item["reference"].lower(), item["version"])
        for item in assembly.packages
    }
    return [o for o in given if (o.subject, o.reference or "", o.version) not in held]


def _missing_packages(release: Release) -> list[dict[str, str]]:
    held = [item for item in release.packages if item.get("sha256")]
    there = set(
        Package.objects.in_space(release.space_id)
        .filter(sha256__in=[item["sha256"] for item in held])
        .values_list("sha256", flat=True)
    )
    return [
        {"Id": item["package_id"], "Version": item["version"]}
        for item in held
        if item["sha256"] not in there
    ]

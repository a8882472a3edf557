"""Execution commands: names in, tasks out (api-dialect.md 7.5). Names are ids, names or slugs."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from deployments.api.fields import OptionalList, Strings, Text
from deployments.core.tags import carries, in_words, tag_keys
from deployments.models import (
    Assembly,
    Channel,
    Deployment,
    Environment,
    Project,
    Release,
    Target,
    Tenant,
)
from deployments.queries.blockers import Place
from deployments.queries.plan_inputs import RunOptions
from deployments.queries.tenants import connected_tenants, tags_in, tags_of
from deployments.services.deployments import deploy_to_environments, deploy_to_places
from deployments.services.releases import ReleaseRequest, create_release, update_variables
from spaces.access import authorize, visible
from spaces.api.documents import Document, Timestamp
from spaces.api.views import ApiRequest, SpaceCommandViewSet
from spaces.errors import Invalid, NotFound
from spaces.permissions import Permission
from spaces.queries.references import find

Row = TypeVar("Row", bound=Model)


class CreateReleaseCommand(Document):
    """What to freeze into a release. What is absent is chosen as the project says."""

    ProjectName = serializers.CharField()
    ReleaseVersion = Text()
    ChannelName = Text()
    PackageVersion = Text()
    Packages = OptionalList(child=serializers.CharField(allow_blank=True))
    PackagePrerelease = Text()
    GitRef = Text()
    GitCommit = Text()
    GitResources = OptionalList(child=serializers.CharField())
    ReleaseNotes = Text()
    IgnoreIfAlreadyExists = serializers.BooleanField(required=False, allow_null=True)
    IgnoreChannelRules = serializers.BooleanField(required=False, allow_null=True)
    CustomFields = Strings()


class CreateReleaseAnswer(Document):
    ReleaseId = serializers.CharField()
    ReleaseVersion = serializers.CharField()
    AutomaticallyDeployedEnvironments = serializers.CharField(allow_blank=True)


class RunCommand(Document):
    """What all commands say that run a process."""

    ProjectName = serializers.CharField()
    ForcePackageRedeployment = serializers.BooleanField(required=False, allow_null=True)
    ForcePackageDownload = serializers.BooleanField(required=False, allow_null=True)
    UseGuidedFailure = serializers.BooleanField(required=False, allow_null=True)
    SpecificMachineNames = OptionalList(child=serializers.CharField(allow_blank=True))
    ExcludedMachineNames = OptionalList(child=serializers.CharField(allow_blank=True))
    SkipStepNames = OptionalList(child=serializers.CharField(allow_blank=True))
    RunAt = Timestamp(required=False, allow_null=True)
    NoRunAfter = Timestamp(required=False, allow_null=True)
    Variables = Strings()
    DeploymentFreezeNames = OptionalList(child=serializers.CharField(allow_blank=True))
    DeploymentFreezeOverrideReason = Text()
    Priority = Text()
    Comments = Text()


class DeployCommand(RunCommand):
    """What all deployment commands say."""

    ReleaseVersion = serializers.CharField()
    UpdateVariableSnapshot = serializers.BooleanField(required=False, allow_null=True)


class DeployUntenantedCommand(DeployCommand):
    """A release to several environments, without a tenant."""

    EnvironmentNames = serializers.ListField(child=serializers.CharField(allow_blank=True))


class DeployTenantedCommand(DeployCommand):
    """A release to one environment, for tenants."""

    EnvironmentName = serializers.CharField()
    Tenants = OptionalList(child=serializers.CharField(allow_blank=True))
    TenantTags = OptionalList(child=serializers.CharField(allow_blank=True))


class DeploymentServerTask(Document):
    DeploymentId = serializers.CharField()
    ServerTaskId = serializers.CharField()


class DeployAnswer(Document):
    DeploymentServerTasks = DeploymentServerTask(many=True)


class NamingViewSet(SpaceCommandViewSet):
    """Finds what commands name."""

    def named(self, model: type[Row], view: Permission, text: str) -> Row:
        """The row that the command means. Raises NotFound with its kind and name."""
        rows: QuerySet[Any] = model._default_manager.all()
        rows = visible(self.request.actor, view, rows.filter(space=self.request.space))
        if row := find(rows, text):
            return row
        raise unknown(str(model._meta.verbose_name), text)

    def tenants(
        self, given: dict[str, Any], project: Project, environment: Environment
    ) -> list[Tenant]:
        """The named tenants, and those connected there that the tags mean, each once.

        Raises NotFound for unknown names, Invalid when nobody is named or meant.
        """
        names, tags = (filled(given.get(kind, [])) for kind in ("Tenants", "TenantTags"))
        if not names and not tags:
            raise Invalid("Tenants: Name at least one tenant or tenant tag.")
        found = [self.named(Tenant, Permission.TENANT_VIEW, name) for name in names]
        if tags:
            found += self._tagged(tags, project, environment)
        if not found:
            raise Invalid(
                f"TenantTags: No tenant that is connected to {project} in {environment} carries "
                f"{in_words(tags)}."
            )
        return list(dict.fromkeys(found))

    def _tagged(self, tags: list[str], project: Project, environment: Environment) -> list[Tenant]:
        known = tag_keys(tag.canonical_name for tag in tags_in(self.request.space))
        for tag in tags:
            if not tag_keys([tag]) <= known:
                raise unknown("tenant tag", tag)
        connected = connected_tenants(project, environment)
        seen = list(visible(self.request.actor, Permission.TENANT_VIEW, connected))
        carried = tags_of(seen)
        return [tenant for tenant in seen if carries(tags, carried[tenant.pk])]

    def options_of(self, given: dict[str, Any], assembly: Assembly) -> RunOptions:
        """The command's options, with machines and steps by id. Raises NotFound for unknown names."""
        return RunOptions(
            skip_actions=skipped_actions(assembly, filled(given.get("SkipStepNames", []))),
            specific_machines=self._machines(given.get("SpecificMachineNames", [])),
            excluded_machines=self._machines(given.get("ExcludedMachineNames", [])),
            form_values=given.get("Variables", {}),
            use_guided_failure=given.get("UseGuidedFailure"),
            force_package_download=bool(given.get("ForcePackageDownload")),
            force_package_redeployment=bool(given.get("ForcePackageRedeployment")),
            queue_time=given.get("RunAt"),
            queue_expiry=given.get("NoRunAfter"),
            comments=given.get("Comments", ""),
        )

    def _machines(self, names: list[str]) -> frozenset[int]:
        """Machines are chosen by who deploys, who need not be allowed to list them otherwise."""
        rows: QuerySet[Any] = Target.objects.in_space(self.request.space)
        found = {name: find(rows, name) for name in filled(names)}
        for name, row in found.items():
            if row is None:
                raise unknown("machine", name)
        return frozenset(row.pk for row in found.values() if row is not None)


class CommandViewSet(NamingViewSet):
    """`…/create/v1` and its kin."""

    serializer_class = CreateReleaseCommand

    @extend_schema(
        request=CreateReleaseCommand, responses={201: CreateReleaseAnswer, 200: CreateReleaseAnswer}
    )
    def create_release(self, request: ApiRequest, **_: Any) -> Response:
        """Creates a release; 200 with the existing one where that was asked for."""
        given = self.given(CreateReleaseCommand)
        project = self.named(Project, Permission.PROJECT_VIEW, given["ProjectName"])
        wanted = given.get("ReleaseVersion", "").strip()
        if given.get("IgnoreIfAlreadyExists") and wanted:
            authorize(request.actor, Permission.RELEASE_CREATE, project)
            if existing := project.releases.filter(version__iexact=wanted).first():
                return _released(existing, 200)
        release = create_release(
            actor=request.actor,
            project=project,
            request=ReleaseRequest(
                version=wanted,
                channel=self.channel(project, given.get("ChannelName", "")),
                package_version=given.get("PackageVersion", "").strip(),
                package_prerelease=given.get("PackagePrerelease", "").strip(),
                packages=given.get("Packages", []),
                notes=given.get("ReleaseNotes", ""),
                ignore_channel_rules=bool(given.get("IgnoreChannelRules")),
                custom_fields=given.get("CustomFields", {}),
            ),
        )
        return _released(release, 201)

    @extend_schema(request=DeployUntenantedCommand, responses={201: DeployAnswer})
    def deploy_untenanted(self, request: ApiRequest, **_: Any) -> Response:
        """Deploys to every named environment, or to none where one of them is refused."""
        given = self.given(DeployUntenantedCommand)
        names = filled(given["EnvironmentNames"])
        if not names:
            raise Invalid("EnvironmentNames: Name at least one environment.")
        release = self.release(given)
        environments = [
            self.named(Environment, Permission.ENVIRONMENT_VIEW, name) for name in names
        ]
        if given.get("UpdateVariableSnapshot"):
            update_variables(actor=request.actor, release=release)
        deployments = deploy_to_environments(
            actor=request.actor,
            release=release,
            environments=list(dict.fromkeys(environments)),
            options=self.options_of(given, release),
        )
        return _queued(deployments)

    @extend_schema(request=DeployTenantedCommand, responses={201: DeployAnswer})
    def deploy_tenanted(self, request: ApiRequest, **_: Any) -> Response:
        """Deploys for every named tenant and for all that carry the tags, or for none where one of them is
        refused."""
        given = self.given(DeployTenantedCommand)
        release = self.release(given)
        environment = self.named(Environment, Permission.ENVIRONMENT_VIEW, given["EnvironmentName"])
        tenants = self.tenants(given, release.project, environment)
        if given.get("UpdateVariableSnapshot"):
            update_variables(actor=request.actor, release=release)
        deployments = deploy_to_places(
            actor=request.actor,
            release=release,
            places=[Place(environment, tenant) for tenant in tenants],
            options=self.options_of(given, release),
        )
        return _queued(deployments)

    def channel(self, project: Project, text: str) -> Channel | None:
        if not text.strip():
            return None
        channels: QuerySet[Any] = Channel.objects.filter(project=project)
        if row := find(channels, text):
            return row
        raise unknown("channel", text)

    def release(self, given: dict[str, Any]) -> Release:
        project = self.named(Project, Permission.PROJECT_VIEW, given["ProjectName"])
        rows = visible(
            self.request.actor, Permission.RELEASE_VIEW, Release.objects.filter(project=project)
        ).select_related("project", "channel", "process", "variables")
        if row := find(rows, given["ReleaseVersion"], name="version"):
            return row
        raise unknown("release", given["ReleaseVersion"])


def skipped_actions(assembly: Assembly, names: Iterable[str]) -> frozenset[str]:
    """The ids of the actions with these names or ids; a step's name stands for all of its actions."""
    found: set[str] = set()
    for name in names:
        wanted = name.strip().lower()
        ids = [
            action.id
            for step in assembly.steps
            for action in step.actions
            if wanted
            in (step.name.lower(), step.id.lower(), action.name.lower(), action.id.lower())
        ]
        if not ids:
            raise unknown("step", name)
        found.update(ids)
    return frozenset(found)


def _queued(deployments: Iterable[Deployment]) -> Response:
    tasks = [{"DeploymentId": row.wire_id, "ServerTaskId": row.task.wire_id} for row in deployments]
    return Response({"DeploymentServerTasks": tasks}, status=201)


def _released(release: Release, status: int) -> Response:
    return Response(
        {
            "ReleaseId": release.wire_id,
            "ReleaseVersion": release.version,
            "AutomaticallyDeployedEnvironments": "",
        },
        status=status,
    )


def filled(names: Iterable[str]) -> list[str]:
    """Those that are not blank, which is how some clients leave a field empty."""
    return [name for name in names if name.strip()]


def unknown(kind: str, name: str) -> NotFound:
    """What is raised for a name that nothing here has."""
    return NotFound(f"The {kind} {name[:100]!r} could not be found.")

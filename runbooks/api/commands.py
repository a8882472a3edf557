"""Running runbooks by names (api-dialect.md 7.5.4), and by ids as older clients do."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from deployments.api.commands import NamingViewSet, RunCommand, filled, unknown
from deployments.api.fields import OptionalList, Text
from deployments.api.runs import RunOptionsDocument, options_given
from deployments.models import Environment, Project, Tenant
from deployments.queries.blockers import Place
from runbooks.api.runs import RunbookRunResource
from runbooks.models import Runbook, RunbookRun, RunbookSnapshot
from runbooks.queries.snapshots import draft_of, runnable
from runbooks.services.runs import run_draft, run_runbook
from runbooks.services.snapshots import SnapshotRequest
from spaces.access import UNKNOWN, visible
from spaces.api.documents import Document
from spaces.api.views import ApiRequest
from spaces.errors import Invalid, NotFound
from spaces.permissions import Permission
from spaces.queries.references import find


class RunRunbookCommand(RunCommand):
    """A runbook in environments, for tenants where some are named."""

    RunbookName = serializers.CharField()
    EnvironmentNames = serializers.ListField(child=serializers.CharField(allow_blank=True))
    Tenants = OptionalList(child=serializers.CharField(allow_blank=True))
    TenantTags = OptionalList(child=serializers.CharField(allow_blank=True))
    Snapshot = Text()


class RunGitRunbookCommand(RunRunbookCommand):
    """The same for what is edited now, with package versions of its own."""

    GitRef = Text()
    PackageVersion = Text()
    Packages = OptionalList(child=serializers.CharField(allow_blank=True))
    GitResources = OptionalList(child=serializers.CharField())


class RunbookRunServerTask(Document):
    RunbookRunId = serializers.CharField()
    ServerTaskId = serializers.CharField()


class RunRunbookAnswer(Document):
    RunbookRunServerTasks = RunbookRunServerTask(many=True)


class RunById(RunOptionsDocument):
    """Everything by id. Without a snapshot it is the published one."""

    RunbookSnapshotId = Text()
    RunbookSnapshotNameOrId = Text()
    EnvironmentIds = OptionalList(child=serializers.CharField(allow_blank=True))
    TenantIds = OptionalList(child=serializers.CharField(allow_blank=True))
    TenantTagNames = OptionalList(child=serializers.CharField(allow_blank=True))


class RunbookCommandViewSet(NamingViewSet):
    """`runbook-runs/create/v1` and its kin."""

    serializer_class = RunRunbookCommand

    @extend_schema(request=RunRunbookCommand, responses={201: RunRunbookAnswer})
    def create_runs(self, request: ApiRequest, **_: Any) -> Response:
        """Runs a snapshot in every place that is meant, or in none where one of them is refused."""
        given = self.given(RunRunbookCommand)
        runbook = self._runbook(given)
        places = self._places(given, runbook.project, given["EnvironmentNames"])
        snapshot = self._snapshot(runbook, given.get("Snapshot", ""))
        runs = run_runbook(
            actor=request.actor,
            runbook=runbook,
            places=places,
            snapshot=snapshot,
            options=self.options_of(given, snapshot or runnable(runbook)),
        )
        return _queued(runs)

    @extend_schema(request=RunGitRunbookCommand, responses={201: RunRunbookAnswer})
    def create_git_runs(self, request: ApiRequest, **_: Any) -> Response:
        """Runs what the runbook says now, without publishing it."""
        given = self.given(RunGitRunbookCommand)
        runbook = self._runbook(given)
        if given.get("GitRef", "").strip():
            raise Invalid(
                f"GitRef: {runbook.project} is not version-controlled. Leave this out to run what "
                "is edited now."
            )
        places = self._places(given, runbook.project, given["EnvironmentNames"])
        runs = run_draft(
            actor=request.actor,
            runbook=runbook,
            places=places,
            request=SnapshotRequest(
                package_version=given.get("PackageVersion", "").strip(),
                packages=given.get("Packages", []),
            ),
            options=self.options_of(given, draft_of(runbook)[0]),
        )
        return _queued(runs)

    @extend_schema(request=RunById, responses={201: RunbookRunResource(many=True)})
    def run(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Runs a snapshot in every environment, for all tenants that are meant."""
        rows: QuerySet[Any] = Runbook.objects.in_space(request.space)
        runbook = find(visible(request.actor, Permission.RUNBOOK_VIEW, _read(rows)), id)
        if runbook is None:
            raise NotFound(UNKNOWN)
        given = self.given(RunById)
        text = given.get("RunbookSnapshotNameOrId") or given.get("RunbookSnapshotId", "")
        tenants = {
            "Tenants": given.get("TenantIds", []),
            "TenantTags": given.get("TenantTagNames", []),
        }
        places = self._places(tenants, runbook.project, given.get("EnvironmentIds", []))
        snapshot = self._snapshot(runbook, text)
        runs = run_runbook(
            actor=request.actor,
            runbook=runbook,
            places=places,
            snapshot=snapshot,
            options=options_given(request, snapshot or runnable(runbook), given),
        )
        context = self.get_serializer_context()
        return Response(RunbookRunResource(runs, many=True, context=context).data, status=201)

    def _runbook(self, given: dict[str, Any]) -> Runbook:
        project = self.named(Project, Permission.PROJECT_VIEW, given["ProjectName"])
        rows: QuerySet[Any] = Runbook.objects.filter(project=project)
        seen = visible(self.request.actor, Permission.RUNBOOK_VIEW, _read(rows))
        if row := find(seen, given["RunbookName"]):
            return row
        raise unknown("runbook", given["RunbookName"])

    def _snapshot(self, runbook: Runbook, text: str) -> RunbookSnapshot | None:
        """The one that is meant; None for the published one."""
        if not text.strip():
            return None
        rows: QuerySet[Any] = runbook.snapshots.select_related("project", "runbook", "process")
        if row := find(rows, text):
            return row
        raise unknown("snapshot", text)

    def _places(self, given: dict[str, Any], project: Project, names: list[str]) -> list[Place]:
        """Every environment, with every tenant where some are meant. Raises Invalid, NotFound."""
        environments = [
            self.named(Environment, Permission.ENVIRONMENT_VIEW, name) for name in filled(names)
        ]
        if not environments:
            raise Invalid("EnvironmentNames: Name at least one environment.")
        is_tenanted = any(filled(given.get(kind, [])) for kind in ("Tenants", "TenantTags"))
        places = []
        for environment in environments:
            tenants: Iterable[Tenant | None] = [None]
            if is_tenanted:
                tenants = self.tenants(given, project, environment)
            places += [Place(environment, tenant) for tenant in tenants]
        return list(dict.fromkeys(places))


def _read(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("project", "process", "published__process", "published__project")


def _queued(runs: Iterable[RunbookRun]) -> Response:
    tasks = [{"RunbookRunId": run.wire_id, "ServerTaskId": run.task.wire_id} for run in runs]
    return Response({"RunbookRunServerTasks": tasks}, status=201)

"""Server tasks and their logs (api-dialect.md 7.6, 8.14, 8.15)."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.fields import Computed, Text
from deployments.core.states import ACTIVE, FINAL_NODES, TaskState
from deployments.models import Interruption, ServerTask, Target, TaskLogLine
from deployments.queries.queue_standing import Standing, standing
from deployments.queries.run_kinds import path_to, run_kind
from deployments.queries.task_logs import MOST_LINES, LogPart, log_tree, queued_behind, raw_log
from deployments.services.resuming import resume_task
from deployments.services.targets import check_health
from deployments.services.tasks import abandon_task, cancel_task, judge_task, rerun_task
from spaces.access import allowed_system, visible
from spaces.actors import Actor
from spaces.api.documents import Document, SpaceResource, Timestamp, api_address
from spaces.api.views import ApiRequest, CollectionViewSet, SpaceViewSet
from spaces.permissions import Permission

IN_MEMORY = 1 << 20  # bytes of a raw log before it goes to disk


def duration_words(seconds: float) -> str:
    """A length of time as people say it: "12 seconds", "3 minutes"."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' * (count != 1)}"
    count = int(seconds)
    return f"{count} second{'s' * (count != 1)}" if count else "less than a second"


def duration_of(task: ServerTask) -> str:
    """How long the task has been running, or ran; "" before it started."""
    if task.started_at is None:
        return ""
    end = task.finished_at or timezone.now()
    return duration_words((end - task.started_at).total_seconds())


def completed_words(task: ServerTask) -> str:
    """Where the task is in its life, in words."""
    if task.finished_at is not None:
        return f"{duration_words((timezone.now() - task.finished_at).total_seconds())} ago"
    return "Queued..." if task.state == TaskState.QUEUED.value else "Executing..."


def has_pending(task: ServerTask) -> bool:
    """Whether a person is asked. `tasks_shown` has looked it up; for a lone row it is looked up here."""
    if "pending" not in task.__dict__:
        task.__dict__["pending"] = task.interruptions.filter(is_pending=True).exists()
    return bool(task.__dict__["pending"])


class TaskResource(SpaceResource):
    """One unit of work on the queue."""

    collection = "tasks"

    Name = serializers.CharField(source="kind")
    Description = serializers.CharField(source="description")
    State = serializers.CharField(source="state")
    Arguments = serializers.DictField(source="arguments")
    Completed = Computed(completed_words, serializers.CharField())
    QueueTime = Timestamp(source="queue_time")
    QueueTimeExpiry = Timestamp(source="queue_expiry", allow_null=True)
    StartTime = Timestamp(source="started_at", allow_null=True)
    LastUpdatedTime = Timestamp(source="updated_at")
    CompletedTime = Timestamp(source="finished_at", allow_null=True)
    Duration = Computed(duration_of, serializers.CharField())
    ErrorMessage = serializers.CharField(source="error_message")
    ServerNode = serializers.CharField(source="node")
    HasBeenPickedUpByProcessor = Computed(
        lambda task: task.started_at is not None, serializers.BooleanField()
    )
    IsCompleted = serializers.BooleanField(source="is_completed")
    FinishedSuccessfully = serializers.BooleanField(source="is_success")
    HasPendingInterruptions = Computed(has_pending, serializers.BooleanField())
    HasWarningsOrErrors = serializers.BooleanField(source="has_warnings_or_errors")
    CanRerun = Computed(
        lambda task: task.is_completed and run_kind(task) is not None,
        serializers.BooleanField(),
    )
    ProjectId = Computed(lambda task: _id("Projects", task.project_id))
    EnvironmentId = Computed(lambda task: _id("Environments", task.environment_id))
    TenantId = Computed(lambda task: _id("Tenants", task.tenant_id))

    def address(self, row: ServerTask) -> str:
        """Tasks are known outside of spaces as well, and clients follow this one (8.10)."""
        return api_address(f"tasks/{row.wire_id}")

    def links(self, row: ServerTask, address: str) -> dict[str, str]:
        links = {
            "Details": f"{address}/details{{?verbose,tail,ranges}}",
            "Raw": f"{address}/raw",
            "Cancel": f"{address}/cancel",
            "Rerun": api_address(f"tasks/rerun/{row.wire_id}"),
            "State": f"{address}/state",
            "QueuedBehind": f"{address}/queued-behind",
        }
        return links if row.space_id is None else links | self._in_space(row)

    def _in_space(self, row: ServerTask) -> dict[str, str]:
        space = api_address(f"Spaces-{row.space_id}")
        return {
            "Interruptions": f"{space}/interruptions?regarding={row.wire_id}",
            "Artifacts": f"{space}/artifacts?regarding={row.wire_id}",
            "Web": f"/app#/Spaces-{row.space_id}/tasks/{row.wire_id}",
        }


class LogElement(Document):
    """One line of a log."""

    Category = serializers.CharField(source="category")
    OccurredAt = Timestamp(source="occurred_at")
    MessageText = serializers.CharField(source="text")
    Detail = serializers.CharField(source="detail", allow_null=True)
    Number = serializers.IntegerField(source="seq")


class ActivityLog(Document):
    """A part of a task: its steps, their actions or targets. `Id` is stable between polls."""

    Id = serializers.CharField()
    Name = serializers.CharField()
    Status = serializers.CharField()
    Started = Timestamp(allow_null=True)
    Ended = Timestamp(allow_null=True)
    Children = serializers.ListField(child=serializers.DictField())
    ShowAtSummaryLevel = serializers.BooleanField()
    LogElements = LogElement(many=True)
    ProgressPercentage = serializers.IntegerField()
    ProgressMessage = serializers.CharField()


class TaskProgress(Document):
    ProgressPercentage = serializers.IntegerField()
    EstimatedTimeRemaining = serializers.CharField()


class TaskDetails(Document):
    """A task with its log as a tree of one root."""

    Task = TaskResource()
    ActivityLogs = ActivityLog(many=True)
    Progress = TaskProgress()
    PhysicalLogSize = serializers.IntegerField()
    Queue = serializers.DictField(allow_null=True)
    Links = serializers.DictField()


class HealthCheckCommand(Document):
    """An ad hoc task. So far only health checks of targets can be asked for."""

    Name = serializers.ChoiceField(["Health"])
    Arguments = serializers.DictField(required=False)


class TaskVerdict(Document):
    """What a finished task is to count as, and why."""

    State = serializers.ChoiceField([TaskState.SUCCESS.value, TaskState.FAILED.value])
    Reason = Text()


class TaskViewSet(SpaceViewSet):
    model = ServerTask
    item_type = "Task"
    name_field = ""
    view_permission = Permission.TASK_VIEW
    serializer_class = TaskResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def get_queryset(self) -> QuerySet[Any]:
        return tasks_shown(self.request.actor, self.rows())

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if part := self.parameters.one("partialName"):
            rows = rows.filter(description__icontains=part)
        if states := self.parameters.many("states"):
            rows = rows.filter(state__in=states)
        if kind := self.parameters.one("name"):
            rows = rows.filter(kind__iexact=kind)
        for parameter, prefix, column in (
            ("project", "Projects", "project_id"),
            ("environment", "Environments", "environment_id"),
            ("tenant", "Tenants", "tenant_id"),
        ):
            if text := self.parameters.one(parameter):
                rows = rows.filter(**{column: _number(prefix, text)})
        if (text := self.parameters.one("runbook")) and (path := path_to("Runbooks")):
            rows = rows.filter(**{path: _number("Runbooks", text)})
        return self._flags(rows)

    def _flags(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        meanings = {
            "active": Q(state__in=ACTIVE),
            "running": Q(state__in=[TaskState.EXECUTING.value, TaskState.CANCELLING.value]),
            "hasPendingInterruptions": Q(pending=True),
            "hasWarningsOrErrors": Q(has_warnings_or_errors=True),
        }
        for parameter, meaning in meanings.items():
            if wanted := self.parameters.one(parameter):
                rows = rows.filter(meaning if wanted.lower() == "true" else ~meaning)
        return rows

    @extend_schema(request=HealthCheckCommand)
    def create(self, request: ApiRequest, **_: Any) -> Response:
        """Queues a health check of the machines in `Arguments.MachineIds`, or of all."""
        given = self.given(HealthCheckCommand)
        targets = visible(
            request.actor, Permission.MACHINE_VIEW, Target.objects.in_space(request.space)
        )
        arguments = {str(k).lower(): v for k, v in (given.get("Arguments") or {}).items()}
        if ids := arguments.get("machineids"):
            targets = targets.filter(pk__in=[_number("Machines", str(text)) for text in ids])
        task = check_health(actor=request.actor, targets=list(targets))
        return self.shown(task, 201)

    @extend_schema(
        responses=TaskDetails,
        parameters=[OpenApiParameter("verbose", bool), OpenApiParameter("tail", int)],
    )
    @action(detail=True, url_path="details", pagination_class=None)
    def details(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The task with its log, at most the last 10,000 lines of it."""
        task = self.row(id)
        tail = self.parameters.one("tail")
        root = log_tree(
            task,
            tail=int(tail) if tail.isdigit() and int(tail) else MOST_LINES,
            verbose=self.parameters.one("verbose").lower() != "false",
        )
        return Response(
            {
                "Task": self.get_serializer(task).data,
                "ActivityLogs": [_node(root)],
                "Progress": {
                    "ProgressPercentage": 100 if task.is_completed else root.progress,
                    "EstimatedTimeRemaining": "",
                },
                "PhysicalLogSize": task.log_size,
                "Queue": _queue(standing(request.actor, task)),
                "Links": {"Self": f"{api_address(f'tasks/{task.wire_id}')}/details"},
            }
        )

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.STR})
    @action(detail=True, url_path="raw", pagination_class=None)
    def raw(self, request: ApiRequest, id: str, **_: Any) -> FileResponse:
        """The whole log as text."""
        task = self.row(id)
        text = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
        for line in _raw_lines(task):
            text.write(line.encode())
        text.seek(0)
        return FileResponse(text, content_type="text/plain; charset=utf-8")

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="cancel")
    def cancel(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Cancels a queued task at once, a running one as soon as its processes are gone."""
        return self.shown(cancel_task(actor=request.actor, task=self.row(id)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="resume")
    def resume(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Goes on where a failed run ended, by the same plan, without doing again what succeeded. Our own
        addition to the dialect."""
        return self.shown(resume_task(actor=request.actor, task=self.row(id)), 201)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="abandon")
    def abandon(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Ends the records of a task whose cancellation has taken ten minutes; remote work may go on. Our own
        addition to the dialect."""
        return self.shown(abandon_task(actor=request.actor, task=self.row(id)))

    @extend_schema(request=TaskVerdict)
    @action(detail=True, methods=["post"], url_path="state", pagination_class=None)
    def state(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Calls a finished task a Success or Failed, with a reason."""
        task = self.row(id)
        given = self.given(TaskVerdict)
        judged = judge_task(
            actor=request.actor,
            task=task,
            state=TaskState(given["State"]),
            reason=given.get("Reason", ""),
        )
        return self.shown(judged)

    @extend_schema(request=None, responses={201: TaskResource})
    @action(detail=False, methods=["post"], url_path="rerun/<str:id>")
    def rerun(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Does a finished deployment or runbook run again with the same options."""
        return self.shown(rerun_task(actor=request.actor, task=self.row(id)), 201)

    @extend_schema(responses=TaskResource(many=True))
    @action(detail=True, url_path="queued-behind")
    def queued_behind(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """The tasks that go first, as far as the caller may see them."""
        found = queued_behind(self.row(id))
        ahead = {task.pk for tasks in found.values() for task in tasks}
        page = self.paginate_queryset(self.get_queryset().filter(pk__in=ahead).order_by("pk"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={200: {"type": "array", "items": {"type": "object"}}})
    @action(detail=False, url_path="tasktypes", pagination_class=None)
    def tasktypes(self, request: ApiRequest, **_: Any) -> Response:
        """The kinds of tasks there are."""
        return Response([{"Id": kind.value, "Name": kind.label} for kind in ServerTask.Kind])


class AnyTaskViewSet(TaskViewSet):
    """Tasks addressed without their space: those of every space where the caller may see them, and the
    system's for who may see these."""

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        CollectionViewSet.initial(self, request, *args, **kwargs)

    def rows(self) -> QuerySet[Any]:
        return ServerTask.objects.all()

    def get_queryset(self) -> QuerySet[Any]:
        actor = self.request.actor
        shown = tasks_shown(actor, self.rows())
        if allowed_system(actor, Permission.TASK_VIEW):
            shown |= _knowing(self.rows().filter(space=None))
        return shown


def tasks_shown(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of these tasks those the actor may see, each knowing whether a person is asked."""
    return _knowing(visible(actor, Permission.TASK_VIEW, rows))


def _knowing(rows: QuerySet[Any]) -> QuerySet[Any]:
    asked = Interruption.objects.filter(task=OuterRef("pk"), is_pending=True)
    return rows.annotate(pending=Exists(asked)).defer("plan")


def _node(part: LogPart) -> dict[str, Any]:
    """A part of the log with all below it. Plain dictionaries: a log has ten thousand lines."""
    node = part.node
    return {
        "Id": node.correlation_id,
        "Name": node.name,
        "Status": node.status,
        "Started": _moment(node.started_at),
        "Ended": _moment(node.finished_at),
        "Children": [_node(child) for child in part.children],
        "ShowAtSummaryLevel": True,
        "LogElements": [_element(line) for line in part.lines],
        "ProgressPercentage": 100 if node.status in FINAL_NODES else node.progress,
        "ProgressMessage": node.progress_message,
    }


def _queue(found: Standing | None) -> dict[str, Any] | None:
    """Where a queued task stands. Our own addition to the dialect."""
    if found is None:
        return None
    return {
        "Position": found.position,
        "Reasons": [
            {
                "Code": reason.code,
                "Text": reason.text,
                "TaskId": reason.task.wire_id if reason.task else None,
            }
            for reason in found.reasons
        ],
    }


def _element(line: TaskLogLine) -> dict[str, Any]:
    return {
        "Category": line.category,
        "OccurredAt": _moment(line.occurred_at),
        "MessageText": line.text,
        "Detail": line.detail or None,
        "Number": line.seq,
    }


def _raw_lines(task: ServerTask) -> Iterator[str]:
    """A heading of facts, then the log."""
    facts = {
        "Task ID": task.wire_id,
        "Related IDs": ", ".join(str(value) for value in task.arguments.values()),
        "Task status": task.state,
        "Task queued": _moment(task.queue_time),
        "Task started": _moment(task.started_at) or "",
        "Task completed": _moment(task.finished_at) or "",
        "Task duration": duration_of(task),
        "Server node": task.node,
    }
    yield from (f"{name + ':':16}{value}\n" for name, value in facts.items())
    yield "\n"
    yield from raw_log(task)


def _moment(moment: datetime | None) -> str | None:
    return Timestamp().to_representation(moment) if moment else None


def _id(prefix: str, pk: int | None) -> str | None:
    return f"{prefix}-{pk}" if pk else None


def _number(prefix: str, text: str) -> int:
    """The number of an id of this kind; 0, which no row has, for anything else."""
    kind, _, number = text.rpartition("-")
    fits = kind.lower() == prefix.lower() and number.isdigit() and len(number) < 19
    return int(number) if fits else 0

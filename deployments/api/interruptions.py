"""Interruptions: where a task waits for a person (api-dialect.md 8.18)."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.fields import Computed, Text, remembered
from deployments.api.forms import button, control, element
from deployments.models import Interruption
from deployments.queries.run_kinds import path_to
from deployments.services.interruptions import (
    refusals,
    submit_interruption,
    take_over,
    take_responsibility,
)
from spaces.access import UNKNOWN
from spaces.api.documents import Document, SpaceResource, Timestamp
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.errors import NotFound
from spaces.models import Team
from spaces.permissions import Permission


def form_of(interruption: Interruption) -> dict[str, Any]:
    """What the person is asked, with what was answered."""
    answer = interruption.answer_name
    buttons = [button(choice) for choice in interruption.choices]
    elements = [
        element("Notes", control("TextArea", "Notes", Label="Notes")),
        element(answer, control("SubmitButtonGroup", answer, Buttons=buttons)),
    ]
    values = {"Notes": interruption.notes or None, answer: interruption.result or None}
    said = control("Paragraph", "Instructions", Text=interruption.instructions)
    elements.insert(0, element("Instructions", said))
    values = {"Instructions": None, **values}
    return {"Values": values, "Elements": elements}


def related_ids(interruption: Interruption) -> list[str]:
    """The task and what it deploys where."""
    task = interruption.task
    found = [task.wire_id, *(str(value) for value in task.arguments.values())]
    if task.project_id:
        found.append(f"Projects-{task.project_id}")
    if task.environment_id:
        found.append(f"Environments-{task.environment_id}")
    return found


def approvals_of(interruption: Interruption) -> list[dict[str, str]]:
    """Who has proceeded while others still have to. Our own addition to the dialect."""
    return [
        {"UserId": f"Users-{each['user']}", "Notes": each["notes"], "Occurred": each["at"]}
        for each in interruption.approvals
    ]


class InterruptionResource(SpaceResource):
    """A question to people. Responsibility is taken first, then one of the form's buttons pressed."""

    collection = "interruptions"

    Title = serializers.CharField(source="title")
    Created = Timestamp(source="created_at")
    IsPending = serializers.BooleanField(source="is_pending")
    Type = serializers.CharField(source="kind")
    TaskId = Computed(lambda interruption: f"ServerTasks-{interruption.task_id}")
    CorrelationId = Computed(
        lambda row: (
            f"ServerTasks-{row.task_id}_{row.node_key}"
            if row.node_key
            else f"ServerTasks-{row.task_id}"
        )
    )
    RelatedDocumentIds = Computed(related_ids, serializers.ListField())
    ResponsibleTeamIds = serializers.SerializerMethodField()
    ResponsibleUserId = Computed(
        lambda row: f"Users-{row.responsible_user_id}" if row.responsible_user_id else None
    )
    CanTakeResponsibility = serializers.SerializerMethodField()
    HasResponsibility = serializers.SerializerMethodField()
    IsLinkedToOtherInterruption = Computed(
        lambda row: bool(row.subject), serializers.BooleanField()
    )
    MinimumApprovals = serializers.IntegerField(source="minimum_approvals")
    Approvals = Computed(approvals_of, serializers.ListField())
    Expires = Timestamp(source="expires_at", allow_null=True)
    Form = Computed(form_of, serializers.DictField())

    def get_ResponsibleTeamIds(self, row: Interruption) -> list[str]:
        return [team.wire_id for team in self._teams(row)]

    def get_CanTakeResponsibility(self, row: Interruption) -> bool:
        actor = self.context["request"].actor
        is_free = row.responsible_user_id in (None, actor.user.pk)
        return row.is_pending and is_free and not refusals(actor, row)

    def get_HasResponsibility(self, row: Interruption) -> bool:
        return bool(row.responsible_user_id == self.context["request"].actor.user.pk)

    def _teams(self, row: Interruption) -> list[Team]:
        """The responsible teams; all teams are looked up once per answer."""
        if not row.responsible_teams:
            return []
        known: dict[int, Team] = remembered(self.context, "teams", dict)
        missing = set(row.responsible_teams) - known.keys()
        known.update(Team.objects.in_bulk(missing))
        return [known[pk] for pk in row.responsible_teams if pk in known]

    def links(self, row: Interruption, address: str) -> dict[str, str]:
        return {"Submit": f"{address}/submit", "Responsible": f"{address}/responsible"}


class InterruptionAnswer(Document):
    """A flat object of form values: `Result` for a manual intervention, `Guidance` for a failure."""

    Notes = Text()
    Result = Text()
    Guidance = Text()
    Instructions = Text()


class InterruptionViewSet(SpaceViewSet):
    model = Interruption
    name_field = ""
    view_permission = Permission.INTERRUPTION_VIEW
    serializer_class = InterruptionResource
    all = None  # type: ignore[assignment]  # it would grow without end

    def rows(self) -> QuerySet[Any]:
        return super().rows().select_related("task", "task__project").defer("task__plan")

    @extend_schema(
        parameters=[OpenApiParameter("regarding", str), OpenApiParameter("pendingOnly", bool)]
    )
    def list(self, request: ApiRequest, **kwargs: Any) -> Response:
        return super().list(request, **kwargs)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if text := self.parameters.one("regarding"):
            rows = rows.filter(regarding(text))
        return rows.filter(is_pending=True) if self.parameters.flag("pendingOnly") else rows

    @extend_schema(responses={200: dict})
    @action(detail=True, url_path="responsible", pagination_class=None)
    def responsible(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Who is responsible. 404 while nobody is."""
        user = self.row(id).responsible_user
        if user is None:
            raise NotFound(UNKNOWN)
        return Response(
            {"Id": user.wire_id, "Username": user.username, "DisplayName": str(user), "Links": {}}
        )

    @extend_schema(request=None, parameters=[OpenApiParameter("takeOver", bool)])
    @responsible.mapping.put
    def take(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Takes responsibility, which an answer needs; with `takeOver` from whoever has it."""
        take = take_over if self.parameters.flag("takeOver") else take_responsibility
        return self.shown(take(actor=request.actor, interruption=self.row(id)))

    @extend_schema(request=InterruptionAnswer)
    @action(detail=True, methods=["post"], url_path="submit", pagination_class=None)
    def submit(self, request: ApiRequest, id: str, **_: Any) -> Response:
        """Answers; the task goes on."""
        interruption = self.row(id)
        given = self.given(InterruptionAnswer)
        answered = submit_interruption(
            actor=request.actor,
            interruption=interruption,
            result=given.get("Result") or given.get("Guidance", ""),
            notes=given.get("Notes", ""),
        )
        return self.shown(answered)


def regarding(text: str) -> Q:
    """What hangs on a task, what it runs, a project or an environment, by its id."""
    kind, _, number = text.rpartition("-")
    path = {"servertasks": "id", "projects": "project_id", "environments": "environment_id"}.get(
        kind.lower()
    ) or path_to(kind)
    if path is None or not number.isdigit() or len(number) > 18:
        return Q(pk__in=[])
    return Q(**{f"task__{path}": int(number)})

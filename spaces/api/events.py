"""The audit trail, read-only. api-dialect.md 8.20, domain.md 27."""

import re
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import escape
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from spaces.access import allowed_system, visible
from spaces.api.documents import Resource, Timestamp
from spaces.api.views import ApiRequest, OwnedBySpacesViewSet
from spaces.models import Event
from spaces.permissions import Permission
from spaces.scopes import WIRE_PREFIXES

GROUPS = {
    "Deployment": [
        "DeploymentQueued",
        "DeploymentStarted",
        "DeploymentResumed",
        "DeploymentSucceeded",
        "DeploymentFailed",
    ],
    "DeploymentCritical": [
        "DeploymentFailed",
        "ManualInterventionRaised",
        "GuidedFailureRaised",
    ],
    "Document": ["Created", "Modified", "Deleted"],
    "SignIn": ["LoginSucceeded", "LoginFailed"],
}
PLACES = {
    "projects": ("project_id", "project"),
    "projectGroups": ("project_group_id", "group"),
    "environments": ("environment_id", "environment"),
    "tenants": ("tenant_id", "tenant"),
}


class EventDocument(Resource):
    """8.20."""

    collection = "events"

    SpaceId = serializers.SerializerMethodField()
    Category = serializers.CharField(source="category")
    Occurred = Timestamp(source="occurred")
    UserId = serializers.SerializerMethodField()
    Username = serializers.CharField(source="username")
    IsService = serializers.SerializerMethodField()
    IdentityEstablishedWith = serializers.CharField(source="identity")
    UserAgent = serializers.CharField(source="user_agent")
    IpAddress = serializers.CharField(source="ip_address", allow_null=True)
    Message = serializers.CharField(source="message")
    MessageHtml = serializers.SerializerMethodField()
    MessageReferences = serializers.SerializerMethodField()
    RelatedDocumentIds = serializers.ListField(child=serializers.CharField(), source="related")
    Comments = serializers.CharField(source="cause")
    Details = serializers.SerializerMethodField()
    ChangeDetails = serializers.SerializerMethodField()
    Sequence = serializers.IntegerField(source="sequence")

    def get_SpaceId(self, event: Event) -> str | None:
        return f"Spaces-{event.space_id}" if event.space_id else None

    def get_UserId(self, event: Event) -> str:
        return f"Users-{event.user_id}" if event.user_id else "users-system"

    def get_IsService(self, event: Event) -> bool:
        return bool(event.user and event.user.is_service)

    def get_MessageHtml(self, event: Event) -> str:
        return escape(event.message)

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_MessageReferences(self, event: Event) -> list[Any]:
        return []

    def get_Details(self, event: Event) -> str:
        return ""

    @extend_schema_field(serializers.DictField())
    def get_ChangeDetails(self, event: Event) -> dict[str, Any]:
        differences = [
            {"Path": f"/{name}", "Change": change} for name, change in sorted(event.details.items())
        ]
        return {"DocumentContext": None, "Differences": differences}


class EventViewSet(OwnedBySpacesViewSet):
    """Events of the spaces where the caller holds EventView, each with its scope; those of the system for
    who holds it there. Below a space's address: only its events."""

    serializer_class = EventDocument
    item_type = "Event"
    name_field = ""
    with_system_below_space = False

    def get_queryset(self) -> QuerySet[Event]:
        actor = self.request.actor
        events: QuerySet[Event] = Event.objects.select_related("user")
        seen = visible(actor, Permission.EVENT_VIEW, events)
        if allowed_system(actor, Permission.EVENT_VIEW):
            seen |= events.filter(space=None)
        return seen

    def filtered(self, rows: QuerySet[Event]) -> QuerySet[Event]:
        rows = super().filtered(rows)
        parameters = self.parameters
        if regarding := parameters.many("regarding"):
            rows = rows.filter(related__contains=regarding)
        if any_of := parameters.many("regardingAny"):
            rows = rows.filter(related__overlap=any_of)
        if users := parameters.many("users") + parameters.many("user"):
            rows = rows.filter(user_id__in=_numbers("Users", users))
        if types := parameters.many("documentTypes"):
            rows = rows.filter(subject_type__in=types)
        for name, (column, dimension) in PLACES.items():
            if wanted := parameters.many(name):
                numbers = _numbers(WIRE_PREFIXES[dimension], wanted)
                rows = rows.filter(**{f"{column}__in": numbers})
        return self._of_categories(self._between(rows))

    @extend_schema(responses=list[dict[str, str]])
    @action(detail=False, url_path="categories", pagination_class=None)
    def categories(self, request: ApiRequest) -> Response:
        names = self.get_queryset().order_by().values_list("category", flat=True).distinct()
        known = sorted({*names, *(name for group in GROUPS.values() for name in group)})
        return Response([{"Id": name, "Name": _words(name)} for name in known])

    @extend_schema(responses=list[dict[str, Any]])
    @action(detail=False, url_path="groups", pagination_class=None)
    def groups(self, request: ApiRequest) -> Response:
        return Response(
            [
                {"Id": name, "Name": _words(name), "EventCategories": categories}
                for name, categories in GROUPS.items()
            ]
        )

    @extend_schema(responses=list[dict[str, str]])
    @action(detail=False, url_path="documenttypes", pagination_class=None)
    def document_types(self, request: ApiRequest) -> Response:
        names = self.get_queryset().order_by().values_list("subject_type", flat=True).distinct()
        return Response([{"Id": name, "Name": _words(name)} for name in sorted(names) if name])

    @extend_schema(responses=list[dict[str, str]])
    @action(detail=False, url_path="agents", pagination_class=None)
    def agents(self, request: ApiRequest) -> Response:
        return Response([])

    def _of_categories(self, rows: QuerySet[Event]) -> QuerySet[Event]:
        wanted = set(self.parameters.many("eventCategories"))
        groups = self.parameters.many("eventGroups")
        wanted.update(name for group in groups for name in GROUPS.get(group, []))
        return rows.filter(category__in=wanted) if wanted or groups else rows

    def _between(self, rows: QuerySet[Event]) -> QuerySet[Event]:
        if since := self._moment("from"):
            rows = rows.filter(occurred__gte=since)
        if until := self._moment("to"):
            rows = rows.filter(occurred__lte=until)
        return rows

    def _moment(self, name: str) -> datetime | None:
        text = self.parameters.one(name)
        if not text:
            return None
        try:
            moment = parse_datetime(text.replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None:
            raise ValidationError({name: f"{text[:40]!r} is not a time in ISO 8601."})
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _numbers(prefix: str, ids: list[str]) -> list[int]:
    found = [re.fullmatch(rf"{prefix}-([0-9]{{1,18}})", text, re.IGNORECASE) for text in ids]
    return [int(match[1]) for match in found if match]


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()

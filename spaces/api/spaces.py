"""Spaces. api-dialect.md 3.4, 8.1."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from spaces.access import authorize_system, visible_spaces
from spaces.api.documents import Document, Resource, api_address
from spaces.api.fields import Reference
from spaces.api.views import ApiRequest, CollectionViewSet
from spaces.models import Space, Team, User
from spaces.permissions import Permission
from spaces.queries.spaces import Managers, managers_of, managers_of_all
from spaces.services.spaces import create_space, update_space

# What a new space does not have yet, set in a second step when it is asked for.
SET_LATER = ("task_queue_stopped", "requires_second_factor")


class SpaceList(serializers.ListSerializer[Space]):
    """Looks up the managers of all its spaces at once."""

    def to_representation(self, data: Any) -> list[Any]:
        spaces = list(data)
        context: dict[str, Any] = self.context  # type: ignore[assignment]  # DRF's own is a dict
        context["managers"] = managers_of_all(spaces)
        return super().to_representation(spaces)


class SpaceDocument(Resource):
    """8.1. The built-in team of managers is among the teams and left out of what is written."""

    collection = "spaces"

    Name = serializers.CharField(source="name")
    Slug = serializers.CharField(source="slug")
    Description = serializers.CharField(source="description")
    IsDefault = serializers.BooleanField(source="is_default")
    IsPrivate = serializers.BooleanField(source="is_private")
    TaskQueueStopped = serializers.BooleanField(source="task_queue_stopped")
    RequiresSecondFactor = serializers.BooleanField(source="requires_second_factor")
    SpaceManagersTeams = serializers.SerializerMethodField()
    SpaceManagersTeamMembers = serializers.SerializerMethodField()

    class Meta:
        list_serializer_class = SpaceList

    def get_SpaceManagersTeams(self, space: Space) -> list[str]:
        builtin = f"teams-{Team.SPACE_MANAGERS}-{space.wire_id}"
        return [builtin, *(team.wire_id for team in self._managers(space).teams)]

    def get_SpaceManagersTeamMembers(self, space: Space) -> list[str]:
        return [user.wire_id for user in self._managers(space).users]

    def _managers(self, space: Space) -> Managers:
        known: dict[int, Managers] = self.context.get("managers", {})
        return known.get(space.pk) or managers_of(space)

    def links(self, row: Space, address: str) -> dict[str, str]:
        return {
            "SpaceHome": api_address(row.wire_id),
            "Web": f"/app#/spaces/{row.wire_id}",
            "Logo": f"{address}/logo",
        }


class SpaceInput(Document):
    Name = serializers.CharField(source="name", max_length=50)
    Slug = serializers.CharField(source="slug", required=False, allow_null=True, allow_blank=True)
    Description = serializers.CharField(
        source="description", required=False, allow_null=True, allow_blank=True
    )
    IsDefault = serializers.BooleanField(source="is_default", required=False)
    IsPrivate = serializers.BooleanField(source="is_private", required=False)
    TaskQueueStopped = serializers.BooleanField(source="task_queue_stopped", required=False)
    RequiresSecondFactor = serializers.BooleanField(source="requires_second_factor", required=False)
    SpaceManagersTeams = serializers.ListField(
        child=Reference(queryset=Team.objects.all()),
        source="manager_teams",
        required=False,
        allow_null=True,
    )
    SpaceManagersTeamMembers = serializers.ListField(
        child=Reference(queryset=User.objects.filter(anonymised_at=None), name="username"),
        source="manager_users",
        required=False,
        allow_null=True,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Null means that nothing was said."""
        return {name: value for name, value in attrs.items() if value is not None}


class SpaceViewSet(CollectionViewSet):
    """Spaces the caller may not see are left out, not refused. Deleting one is a task, so the app that has
    tasks adds that and mounts the whole."""

    serializer_class = SpaceDocument
    input_class = SpaceInput

    def get_queryset(self) -> QuerySet[Space]:
        return visible_spaces(self.request.actor)

    def create(self, request: ApiRequest) -> Response:
        authorize_system(request.actor, Permission.SPACE_CREATE)
        given = self.given()
        later = {name: given.pop(name) for name in SET_LATER if given.get(name)}
        space = create_space(actor=request.actor, **given)
        if later:
            space = update_space(actor=request.actor, space=space, **later)
        return self.shown(space, status=201)

    def update(self, request: ApiRequest, id: str) -> Response:
        space = self.row(id)
        given = self.given()
        return self.shown(update_space(actor=request.actor, space=space, **given))

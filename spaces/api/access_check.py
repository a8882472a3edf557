"""Why somebody may, or may not: `explain` over HTTP. An addition of ours to the dialect. ui.md 7(j)."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from spaces.actors import Actor
from spaces.api.documents import Document
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest, SpaceCommandViewSet
from spaces.errors import Invalid
from spaces.explanation import Explanation, Judged, Question, explain_all, refuse_to_tell
from spaces.models import SpaceOwned, User
from spaces.permissions import SPACE_PERMISSIONS, SYSTEM_PERMISSIONS, Permission
from spaces.queries.references import find
from spaces.queries.scope_names import ScopeNames, choosable, names_for
from spaces.scopes import WIRE_PREFIXES, dimension_models

CONTEXT = ("project", "environment", "tenant")
PARAMETERS = [
    OpenApiParameter("user", str, description="Id or name of the user; the caller unless given."),
    OpenApiParameter(
        "permission", str, description="Names, separated by commas; all unless given."
    ),
    *(
        OpenApiParameter(
            name, str, description=f"The {name} that the act is about, if it is in one."
        )
        for name in CONTEXT
    ),
    OpenApiParameter(
        "atSystemLevel", bool, description="Ask at system level instead of in the space."
    ),
]


class AssignmentDocument(Document):
    """An assignment that decides. MissedDimensions: what leaves out the place that was asked about."""

    ScopedUserRoleId = serializers.CharField(source="holding.row.wire_id")
    TeamId = serializers.CharField(source="holding.row.team.wire_id")
    TeamName = serializers.CharField(source="holding.row.team.name")
    UserRoleId = serializers.CharField(source="holding.row.role.wire_id")
    UserRoleName = serializers.CharField(source="holding.row.role.name")
    ProjectIds = WireNumber.many(WIRE_PREFIXES["project"], source="holding.row.project_ids")
    ProjectGroupIds = WireNumber.many(
        WIRE_PREFIXES["group"], source="holding.row.project_group_ids"
    )
    EnvironmentIds = WireNumber.many(
        WIRE_PREFIXES["environment"], source="holding.row.environment_ids"
    )
    TenantIds = WireNumber.many(WIRE_PREFIXES["tenant"], source="holding.row.tenant_ids")
    MissedDimensions = serializers.SerializerMethodField()
    Sentence = serializers.SerializerMethodField()

    def get_MissedDimensions(self, judged: Judged) -> list[str]:
        return [dimension.capitalize() for dimension in judged.missed]

    def get_Sentence(self, judged: Judged) -> str:
        names: ScopeNames = self.context["names"]
        return judged.sentence(names, self.context["question"])


class CheckDocument(Document):
    """The verdict about one permission. Granting: what gives it; Nearest: what gives it elsewhere."""

    Permission = serializers.CharField(source="question.permission.value")
    IsAllowed = serializers.BooleanField(source="is_allowed")
    Summary = serializers.CharField(source="summary")
    Granting = serializers.SerializerMethodField()
    Nearest = serializers.SerializerMethodField()

    def get_Granting(self, found: Explanation) -> list[dict[str, Any]]:
        return self._told(found, found.granting)

    def get_Nearest(self, found: Explanation) -> list[dict[str, Any]]:
        return self._told(found, found.nearest)

    def _told(self, found: Explanation, judged: Iterable[Judged]) -> list[dict[str, Any]]:
        context = {"names": self.context["names"], "question": found.question}
        return list(AssignmentDocument(judged, many=True, context=context).data)


class AccessCheckDocument(Document):
    UserId = serializers.CharField()
    SpaceId = serializers.CharField(allow_null=True)
    Checks = CheckDocument(many=True)


class AccessCheckViewSet(SpaceCommandViewSet):
    """Everybody may ask about themselves; about others, who may see users and the teams of the space.

    The verdict is about the user in person, in a session with a second factor: a key of theirs may be worth
    less.
    """

    serializer_class = AccessCheckDocument

    @extend_schema(parameters=PARAMETERS)
    def check(self, request: ApiRequest) -> Response:
        is_of_system = self.parameters.flag("atSystemLevel")
        where = None if is_of_system else request.space
        user = self._user(request)
        refuse_to_tell(request.actor, user, where)
        things = {} if is_of_system else {name: self._thing(request, name) for name in CONTEXT}
        level = SYSTEM_PERMISSIONS if is_of_system else SPACE_PERMISSIONS
        questions = [Question(p, where, **things) for p in self._permissions(level)]
        found = explain_all(user, questions)
        return Response(
            {
                "UserId": user.wire_id,
                "SpaceId": where and where.wire_id,
                "Checks": _told(request.actor, found),
            }
        )

    def _user(self, request: ApiRequest) -> User:
        """Whether a name exists is told only to who may ask about others."""
        text = self.parameters.one("user")
        if not text:
            return request.user
        known = User.objects.filter(anonymised_at=None)
        if (user := find(known, text, name="username")) is not None:
            return user
        refuse_to_tell(request.actor, User(), request.space)
        raise Invalid(f"The user {text[:100]!r} does not exist.")

    def _permissions(self, level: Iterable[Permission]) -> list[Permission]:
        names = self.parameters.many("permission")
        known = {permission.value.casefold(): permission for permission in level}
        if unknown := [name for name in names if name.casefold() not in known]:
            raise Invalid(
                [f"There is no permission {name[:100]!r} at this level." for name in unknown]
            )
        return [known[name.casefold()] for name in names] or list(level)

    def _thing(self, request: ApiRequest, dimension: str) -> SpaceOwned | None:
        text = self.parameters.one(dimension)
        if not text:
            return None
        if dimension in dimension_models:
            rows = choosable(request.actor, dimension, request.space)
            if (row := find(rows, text)) is not None:
                return row
        raise Invalid(f"The {dimension} {text[:100]!r} does not exist.")


def _told(actor: Actor, found: list[Explanation]) -> Any:
    rows = [one.holding.row for e in found for one in (*e.granting, *e.nearest)]
    return CheckDocument(found, many=True, context={"names": names_for(actor, rows)}).data

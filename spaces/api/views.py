"""What every viewset of the API shares: who asks, in which space, and how collections answer.

After `initial`, `request.actor` is set, and `request.space` in viewsets of a space, whether the address
names the space or means the default one.
"""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from spaces.access import UNKNOWN, visible, visible_spaces
from spaces.actors import AccessToken, Actor
from spaces.api.parameters import Parameters
from spaces.callers import caller
from spaces.errors import Invalid, NotFound
from spaces.models import ApiKey, Space, SpaceOwned, User
from spaces.permissions import Permission
from spaces.queries.references import canonical, find, has_field, with_ids
from spaces.queries.spaces import default_space, space_named

FILTERS = [
    OpenApiParameter("ids", str, description="Ids, separated by commas."),
    OpenApiParameter("partialName", str, description="Part of the name, in any case."),
    OpenApiParameter("name", str, description="The whole name, in any case."),
]


class ApiRequest(Request):
    """A request as handlers find it."""

    user: User
    auth: ApiKey | AccessToken | None
    actor: Actor
    space: Space


class DialectViewSet(GenericViewSet[Any]):
    """item_type: what pages say they hold; the model's name unless given.
    input_class: what bodies are read as, where that is not `serializer_class`.

    Without AllowAny among its permissions, a viewset is for whoever has signed in; what they may do is
    the services' and `visible`'s question.
    """

    request: ApiRequest
    item_type = ""
    input_class: type[Serializer[Any]] | None = None
    lookup_field = "pk"
    lookup_url_kwarg = "id"

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        http = request._request
        user = request.user if request.user.is_authenticated else None
        http.actor = caller(http, user, request.auth)
        self.parameters = Parameters(http.GET)

    def given(self, serializer: Any = None, **options: Any) -> dict[str, Any]:
        """The request's body as `serializer`, or else `input_class`, reads it. Raises ValidationError."""
        context = self.get_serializer_context()
        reader = serializer or self.input_class or self.get_serializer_class()
        document = reader(data=self.request.data, context=context, **options)
        document.is_valid(raise_exception=True)
        values: dict[str, Any] = document.validated_data
        return values

    def shown(self, row: Any, status: int = 200) -> Response:
        """One row as the answer."""
        return Response(self.get_serializer(row).data, status=status)


class CollectionViewSet(DialectViewSet):
    """Reads: a page, everything, one. Subclasses give `get_queryset`, with only what the caller may see.

    name_field: the column people know rows by; "" for kinds without one.
    """

    name_field = "name"

    @extend_schema(parameters=FILTERS)
    def list(self, request: ApiRequest, **_: Any) -> Response:
        page = self.paginate_queryset(self.filtered(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(parameters=FILTERS)
    @action(detail=False, url_path="all", pagination_class=None)
    def all(self, request: ApiRequest, **_: Any) -> Response:
        rows = self.filtered(self.get_queryset())
        return Response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request: ApiRequest, id: str, **_: Any) -> Response:
        return self.shown(self.row(id))

    def row(self, text: str) -> Any:
        """The row that the address names by id, slug or name. Raises NotFound."""
        if row := find(self.get_queryset(), text, name=self.name_field or "pk"):
            return row
        raise NotFound(UNKNOWN)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that the query parameters ask for; subclasses add theirs."""
        if ids := self.parameters.many("ids"):
            rows = with_ids(rows, ids)
        if not self.name_field or not has_field(rows.model, self.name_field):
            return rows
        if part := self.parameters.one("partialName"):
            rows = rows.filter(**{f"{self.name_field}__icontains": canonical(part)})
        if name := self.parameters.one("name"):
            rows = rows.filter(**{f"{self.name_field}__iexact": canonical(name)})
        return rows


class OwnedBySpacesViewSet(CollectionViewSet):
    """Kinds that live in a space or in the system, such as teams.

    Below a space's address: what is of this space or of the system. Elsewhere `spaces` and `includeSystem`
    choose. `request.space` is None there.
    """

    with_system_below_space = True

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        text = self.kwargs.pop("space", None)
        request._request.space = space_named(request.actor, text) if text is not None else None

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if self.request.space:
            own = Q(space=self.request.space)
            return rows.filter(own | Q(space=None) if self.with_system_below_space else own)
        wanted = self.parameters.many("spaces")
        spaces = [find(visible_spaces(self.request.actor), text) for text in wanted]
        chosen = Q(space__in=[s for s in spaces if s]) if wanted else Q(space__isnull=False)
        if self.parameters.flag("includeSystem", default=True):
            chosen |= Q(space=None)
        return rows.filter(chosen)

    def space_given(self, text: str) -> Space | None:
        """The space of the address, else the one that a body names. Raises Invalid."""
        if self.request.space or not text:
            return self.request.space
        if space := find(visible_spaces(self.request.actor), text):
            return space
        raise Invalid(f"The space {text[:100]!r} does not exist.")


class InSpaceMixin:
    """Takes the space out of the address before the handler sees the rest."""

    kwargs: dict[str, Any]

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]  # of the viewset
        text = self.kwargs.pop("space", None)
        actor = request.actor
        request._request.space = default_space(actor) if text is None else space_named(actor, text)


class SpaceViewSet(InSpaceMixin, CollectionViewSet):
    """Rows of one space that the caller may see.

    model, view_permission: what is listed, and the permission that shows it. For other reads override
    `rows`.
    """

    model: type[SpaceOwned]
    view_permission: Permission

    def rows(self) -> QuerySet[Any]:
        """Where the collection begins: what belongs to it, whoever asks."""
        rows: QuerySet[Any] = self.model.objects.in_space(self.request.space)
        return rows

    def get_queryset(self) -> QuerySet[Any]:
        return visible(self.request.actor, self.view_permission, self.rows())


class SpaceCommandViewSet(InSpaceMixin, DialectViewSet):
    """Acts in one space that are no collection."""

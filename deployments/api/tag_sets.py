"""Tag sets (api-dialect.md 8.25)."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from deployments.api.crud import CrudViewSet
from deployments.api.fields import Computed, OptionalList, Text
from deployments.models import Tag, TagSet
from deployments.services.tag_sets import (
    DEFAULT_COLOR,
    TagRow,
    create_tag_set,
    delete_tag_set,
    sort_tag_sets,
    update_tag_set,
)
from spaces.api.documents import Document, SpaceResource
from spaces.api.fields import WireNumber
from spaces.api.views import ApiRequest
from spaces.permissions import Permission


class TagDocument(Document):
    """One tag. `CanonicalTagName` is what the rest of the API calls it."""

    Id = Text(source="wire_id")
    Name = serializers.CharField(source="name")
    CanonicalTagName = Computed(lambda tag: tag.canonical_name)
    Color = Text(source="color")
    Description = Text(source="description")
    SortOrder = serializers.IntegerField(source="sort_order", read_only=True)

    def to_internal_value(self, data: Any) -> TagRow:
        given = super().to_internal_value(data)
        number = given.get("wire_id", "").rpartition("-")[2]
        return TagRow(
            name=given["name"],
            id=int(number) if number.isascii() and number.isdigit() else None,
            description=given.get("description", ""),
            color=given.get("color") or DEFAULT_COLOR,
        )


class TagSetResource(SpaceResource):
    """Tags of one kind. The texts of a free text set are not listed: they belong to who carries them."""

    collection = "tagsets"

    Name = serializers.CharField(source="name")
    Slug = Text(source="slug")
    Description = Text(source="description")
    SortOrder = serializers.IntegerField(source="sort_order", read_only=True)
    Type = serializers.CharField(source="type", required=False)
    Scopes = OptionalList(child=serializers.CharField(), source="scopes")
    Tags = TagDocument(many=True, source="tags", required=False)

    def to_representation(self, instance: TagSet) -> dict[str, Any]:
        document = super().to_representation(instance)
        if instance.type == TagSet.Type.FREE:
            document["Tags"] = []
        return document


class TagSetViewSet(CrudViewSet):
    """Whoever is in the space sees the tag sets: they are words, like the names of steps."""

    model = TagSet
    edit_permission = Permission.TAG_SET_EDIT
    serializer_class = TagSetResource

    def get_queryset(self) -> QuerySet[Any]:
        return tag_sets_in(self.request.space)

    def filtered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filtered(rows)
        if scopes := self.parameters.many("scopes"):
            rows = rows.filter(scopes__overlap=scopes)
        return rows

    def add(self, given: dict[str, Any]) -> TagSet:
        return create_tag_set(actor=self.request.actor, space=self.request.space, **given)

    def change(self, row: TagSet, given: dict[str, Any]) -> TagSet:
        return update_tag_set(actor=self.request.actor, tag_set=row, **given)

    def remove(self, row: TagSet) -> None:
        delete_tag_set(actor=self.request.actor, tag_set=row)

    @extend_schema(
        request={"application/json": {"type": "array", "items": {"type": "string"}}},
        responses={200: list[str]},
    )
    @action(detail=False, methods=["put"], url_path="sortorder")
    def sortorder(self, request: ApiRequest, **_: Any) -> Response:
        """Puts the sets into the order of a bare array of ids."""
        ids = serializers.ListField(child=WireNumber("TagSets")).run_validation(request.data)
        rows = sort_tag_sets(actor=request.actor, space=request.space, order=ids)
        return Response([row.wire_id for row in rows])


def tag_sets_in(space: Any) -> QuerySet[Any]:
    """The tag sets of a space with their tags, both in order."""
    tags = Tag.objects.select_related("tag_set").order_by("sort_order", "pk")
    rows: QuerySet[Any] = TagSet.objects.in_space(space)
    return rows.prefetch_related(Prefetch("tags", queryset=tags))

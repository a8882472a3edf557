"""Creating, replacing and deleting over services: what most nouns need beside reading."""

from typing import Any

from rest_framework.response import Response

from spaces.access import authorize
from spaces.api.views import ApiRequest, SpaceViewSet
from spaces.permissions import Permission


class CrudViewSet(SpaceViewSet):
    """Subclasses say which service adds, changes and removes a row.

    PUT takes the whole document that clients got, or a part of it: what is absent stays.
    edit_permission: where documents refer to other rows, what PUT needs; who lacks it is told so before
    their document is read, whose references they may not see.
    """

    edit_permission: Permission | None = None

    def add(self, given: dict[str, Any]) -> Any:
        """The new row for a validated document."""
        raise NotImplementedError

    def change(self, row: Any, given: dict[str, Any]) -> Any:
        """The row after the change."""
        raise NotImplementedError

    def remove(self, row: Any) -> None:
        raise NotImplementedError

    def create(self, request: ApiRequest, **_: Any) -> Response:
        return self.shown(self.fresh(self.add(self.given(self.serializer_class))), 201)

    def update(self, request: ApiRequest, id: str, **_: Any) -> Response:
        row = self.row(id)
        if self.edit_permission:
            authorize(request.actor, self.edit_permission, row)
        given = self.given(self.serializer_class, partial=True)
        return self.shown(self.fresh(self.change(row, given)))

    def destroy(self, request: ApiRequest, id: str, **_: Any) -> Response:
        self.remove(self.row(id))
        return Response({})

    def fresh(self, row: Any) -> Any:
        """The row as the database has it now; the caller may have lost the right to list it."""
        return self.get_queryset().filter(pk=row.pk).first() or row

"""Collections: pages with the links that clients loop on. api-dialect.md 4."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from spaces.api.parameters import Parameters

DEFAULT_TAKE = 30
EVERYTHING = 2**31 - 1  # what clients send for "all"
MOST = 10_000  # on one page; clients find the rest behind Page.Next


class Pages(BasePagination):
    """`skip` and `take`; `take=2147483647` means all, as far as one page holds it."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        parameters = Parameters(request.query_params)
        self.request = request
        self.item_type = view.item_type or queryset.model.__name__
        self.skip = parameters.number("skip", 0, most=EVERYTHING)
        self.take = parameters.number("take", DEFAULT_TAKE, most=MOST)
        rows = list(queryset[self.skip : self.skip + self.take])
        # a page that is not full is the last one, and says how many there are without counting
        is_last = len(rows) < self.take and (rows or not self.skip)
        self.total = self.skip + len(rows) if is_last else queryset.count()
        return rows

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response(
            {
                "ItemType": self.item_type,
                "TotalResults": self.total,
                "ItemsPerPage": self.take,
                "NumberOfPages": self.last_page + 1,
                "LastPageNumber": self.last_page,
                "Items": data,
                "Links": self.links(),
            }
        )

    @property
    def last_page(self) -> int:
        """Zero-based."""
        return max(0, -(-self.total // max(self.take, 1)) - 1)

    def links(self) -> dict[str, str]:
        """`Page.Next` only while more follows: clients loop on its presence."""
        links = {
            "Self": self.request.get_full_path(),
            "Template": f"{self.request.path}{{?skip,take,ids,partialName}}",
            "Page.All": self._page(0, EVERYTHING),
            "Page.Current": self._page(self.skip, self.take),
            "Page.Last": self._page(self.last_page * self.take, self.take),
        }
        if self.skip + self.take < self.total and self.take:
            links["Page.Next"] = self._page(self.skip + self.take, self.take)
        if self.skip:
            links["Page.Previous"] = self._page(max(0, self.skip - self.take), self.take)
        return links

    def _page(self, skip: int, take: int) -> str:
        kept = [
            (name, value)
            for name, values in self.request.query_params.lists()
            for value in values
            if name.lower() not in ("skip", "take")
        ]
        return f"{self.request.path}?{urlencode([*kept, ('skip', skip), ('take', take)])}"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        number = {"type": "integer"}
        return {
            "type": "object",
            "required": ["ItemType", "TotalResults", "Items", "Links"],
            "properties": {
                "ItemType": {"type": "string"},
                "TotalResults": number,
                "ItemsPerPage": number,
                "NumberOfPages": number,
                "LastPageNumber": number,
                "Items": schema,
                "Links": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "required": False, "schema": {"type": kind}}
            for name, kind in (("skip", "integer"), ("take", "integer"))
        ]

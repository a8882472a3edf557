"""Routes as the dialect wants them: matched without regard to case. api-dialect.md 1, rule 8.

Trailing slashes and method overrides are `octoplat.requests`' business; here paths have no slash at the end.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

from spaces.api.views import DialectViewSet

Route = URLPattern | URLResolver
STANDARD = {"get": "list", "post": "create"}
STANDARD_ITEM = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}


class AnyCase(RoutePattern):
    """`path()`'s pattern, in any case. The converted values keep theirs."""

    def __init__(self, path: str, *, name: str | None = None, is_endpoint: bool = True) -> None:
        super().__init__(path, name=name, is_endpoint=is_endpoint)
        self.regex = re.compile(self.regex.pattern, re.IGNORECASE)


def route(path: str, view: Any, *, name: str | None = None) -> URLPattern:
    """One address."""
    return URLPattern(AnyCase(path, name=name), view, None, name)


def mount(path: str, routes: Sequence[Route]) -> URLResolver:
    """Routes below a path."""
    return URLResolver(AnyCase(path, is_endpoint=False), list(routes))


def collection(path: str, viewset: type[DialectViewSet]) -> list[Route]:
    """What a viewset has: the collection, its items by id, and its extra actions (DRF's `@action`, whose
    `url_path` may hold converters). Literal paths come before ids."""
    actions: list[Any] = list(viewset.get_extra_actions())
    below = [_extra(f"{path}/", viewset, action) for action in actions if not action.detail]
    items = [_extra(f"{path}/<str:id>/", viewset, action) for action in actions if action.detail]
    return [
        *_standard(path, viewset, STANDARD),
        *below,
        *items,
        *_standard(f"{path}/<str:id>", viewset, STANDARD_ITEM),
    ]


def _extra(prefix: str, viewset: type[DialectViewSet], action: Any) -> URLPattern:
    view = viewset.as_view(dict(action.mapping), **action.kwargs)
    return route(f"{prefix}{action.url_path}", view)


def _standard(path: str, viewset: type[DialectViewSet], methods: dict[str, str]) -> list[Route]:
    there: dict[str, Any] = {
        method: name for method, name in methods.items() if hasattr(viewset, name)
    }
    return [route(path, viewset.as_view(there))] if there else []

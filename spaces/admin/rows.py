"""How operators see rows: read-only, without secrets, and of spaces only what they have opened.

Writes belong to services, which judge and audit them. The few an operator needs are actions that call one.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html

from spaces.admin.site import elevations
from spaces.errors import DomainError
from spaces.secrets import SealedFields, is_sealed

MOST_COUNTED = 10_000
LONGEST_TEXT = 20_000  # characters of one value on a page
# Columns that hold a secret, its hash or its wrapping, whatever model they are of.
SECRET = re.compile(r"password|secret|digest|wrapped|passphrase|private_key|token|seed|lookup")


class CappedPaginator(Paginator):
    """Counts no further than anybody pages: a table may have millions of rows."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:MOST_COUNTED].count())


class OpenedSpaces(admin.SimpleListFilter):
    """One of the spaces that are open to the operator; others are not even named."""

    title = "space"
    parameter_name = "space"

    def __init__(self, request: Any, params: Any, model: Any, model_admin: Any) -> None:
        self.path = model_admin.space or space_path(model)
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(held.space_id), held.space.name) for held in elevations(request)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (self.value() or "").isdigit():
            return queryset
        return queryset.filter(**{self.path: self.value()})


class Rows(admin.ModelAdmin):
    """A table to look at.

    plain: names that only sound like secrets. hidden: secrets by another name. big: columns too long to load for a list. space: the
    lookup from a row to its space, where the model does not say.
    """

    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    view_on_site = False
    list_display_links = ("__str__",)
    plain: ClassVar[Sequence[str]] = ()
    hidden: ClassVar[Sequence[str]] = ()
    big: ClassVar[Sequence[str]] = ()
    space = ""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        """What the row is called, then what the class names, then its space."""
        own = [name for name in self.list_display if name != "__str__"]
        return ["__str__", *own, *(["space"] if self._space == "space" else [])]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [*([OpenedSpaces] if self._space else []), *self.list_filter]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).filter(self._open_to(request))
        named: Any = self.list_select_related or ()
        related = {*named, *([self._space] if self._space else [])}
        if related:
            rows = rows.select_related(*related)
        return rows.defer(*self.big) if _is_list(request) else rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [self._shown(field) for field in self.opts.local_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """404 for what may not be seen, as everywhere; the admin's own answer tells more."""
        self._found(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The audit trail is the history; Django's own log would be a second one."""
        row = self._found(request, object_id)
        regarding = getattr(row, "wire_id", None) or str(row)
        return redirect(f"{reverse('admin:spaces_event_changelist')}?q={regarding}")

    def _found(self, request: HttpRequest, object_id: str) -> Any:
        if (row := self.get_object(request, unquote(object_id))) is None:
            raise Http404
        return row

    def _open_to(self, request: HttpRequest) -> Q:
        """Rows of opened spaces, and of the system. A model without a space is the system's."""
        if not self._space:
            return Q()
        opened = Q(**{f"{self._space}__in": [held.space_id for held in elevations(request)]})
        of_system = Q(**{f"{self._space}__isnull": True})
        return opened | of_system if _may_be_of_system(self.model, self._space) else opened

    @property
    def _space(self) -> str:
        return self.space or space_path(self.model)

    def _shown(self, field: Any) -> str | Callable[[Any], str]:
        if field.name in self.hidden or _is_secret(self.model, field.name, self.plain):
            return _whether_set(field)
        if isinstance(field, models.JSONField):
            return _document(field)
        return str(field.name)


def space_path(model: type[models.Model]) -> str:
    """The lookup from a row to its space; "" for what belongs to the installation."""
    if through := getattr(model, "owned_through", ""):
        return f"{through}__space"
    try:
        model._meta.get_field("space")
    except FieldDoesNotExist:
        return ""
    return "space"


def by_service(
    modeladmin: Rows, request: HttpRequest, act: Callable[[Any], object], rows: QuerySet[Any]
) -> None:
    """Does `act` to each row, and tells what was done or why not."""
    done = 0
    for row in rows:
        try:
            act(row)
            done += 1
        except DomainError as refusal:
            modeladmin.message_user(request, f"{row}: {refusal}", messages.ERROR)
    if done:
        modeladmin.message_user(request, f"Done for {done}.", messages.SUCCESS)


def _is_list(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and (match.url_name or "").endswith("_changelist"))


def _may_be_of_system(model: type[models.Model], path: str) -> bool:
    """Whether some rows of the table, or of the one it hangs on, have no space."""
    *steps, last = path.split("__")
    owner: Any = model
    for step in steps:
        owner = owner._meta.get_field(step).related_model
    return bool(owner._meta.get_field(last).null)


def _is_secret(model: type[models.Model], name: str, plain: Sequence[str]) -> bool:
    sealed = model.sealed_fields if issubclass(model, SealedFields) else ()
    sounds = bool(SECRET.search(name)) and not isinstance(
        model._meta.get_field(name), models.BooleanField | models.UUIDField
    )
    return name in sealed or (sounds and name not in plain)


def _whether_set(field: Any) -> Callable[[Any], str]:
    @admin.display(description=field.verbose_name)
    def state(row: Any) -> str:
        return "set" if getattr(row, field.attname) else "not set"

    return _named(state, field)


def _document(field: Any) -> Callable[[Any], str]:
    @admin.display(description=field.verbose_name)
    def document(row: Any) -> str:
        text = json.dumps(
            without_secrets(getattr(row, field.attname)), indent=2, ensure_ascii=False
        )
        cut = "" if len(text) <= LONGEST_TEXT else "\n…"
        return format_html("<pre>{}{}</pre>", text[:LONGEST_TEXT], cut)

    return _named(document, field)


def without_secrets(value: Any) -> Any:
    """A JSON document with every sealed text in it replaced by the word "set"."""
    if isinstance(value, dict):
        return {key: without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return "set" if isinstance(value, str) and is_sealed(value) else value


def _named(show: Callable[[Any], str], field: Any) -> Callable[[Any], str]:
    """The admin makes a CSS class of the function's name."""
    show.__name__ = field.name
    return show

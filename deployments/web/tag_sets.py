"""Tag sets: the words by which tenants and targets are grouped. ui.md 7(l)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from deployments.models import Tag, TagSet
from deployments.queries import referrers
from deployments.services.tag_sets import (
    DEFAULT_COLOR,
    TagRow,
    create_tag_set,
    delete_tag_set,
    sort_tag_sets,
    update_tag_set,
)
from deployments.web.danger import DangerForm
from deployments.web.guards import SpaceRequest, authorize_post, in_space
from deployments.web.moving import moved
from spaces.access import allowed, authorize
from spaces.permissions import Permission
from spaces.web.forms import PageForm

NEW_TAGS = 3


class TagSetForm(PageForm):
    name = forms.CharField(max_length=200)
    description = forms.CharField(widget=forms.Textarea({"rows": 2}), required=False)
    type = forms.ChoiceField(label="Who carries tags of it carries", choices=TagSet.Type.choices)
    scopes = forms.MultipleChoiceField(
        label="For",
        choices=TagSet.Scope.choices,
        initial=[TagSet.Scope.TENANT],
        widget=forms.CheckboxSelectMultiple,
    )


@dataclass(frozen=True)
class TypedTag:
    """A row of the table of tags. key: the tag's number, or "new-…"."""

    key: str
    name: str = ""
    color: str = DEFAULT_COLOR
    description: str = ""
    carried_by: int = 0

    def row(self) -> TagRow:
        number = int(self.key) if self.key.isdigit() else None
        return TagRow(self.name, number, self.description, self.color)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def tag_sets(request: SpaceRequest) -> HttpResponse:
    """The list. POST moves one up or down."""
    rows = list(_seen(request))
    if request.method == "POST":
        order = moved([row.pk for row in rows], request.POST)
        sort_tag_sets(actor=request.actor, space=request.space, order=order)
        return redirect("tag_sets", request.space.slug)
    context = {
        "tag_sets": rows,
        "may_create": allowed(request.actor, Permission.TAG_SET_CREATE, request.space),
        "may_sort": allowed(request.actor, Permission.TAG_SET_EDIT, request.space),
    }
    return render(request, "deployments/tag_sets.html", context)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def new_tag_set(request: SpaceRequest) -> HttpResponse:
    authorize(request.actor, Permission.TAG_SET_CREATE, request.space)
    form, tags = TagSetForm(request.POST or None), list(_typed(request.POST))
    given = {"actor": request.actor, "space": request.space}
    if created := form.call(create_tag_set, **given, tags=[tag.row() for tag in tags]):
        messages.success(request, f"Tag set {created} was created.")
        return redirect("tag_sets", request.space.slug)
    return _page(request, None, form, tags)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def tag_set(request: SpaceRequest, tag_set: str) -> HttpResponse:
    row = _found(request, tag_set)
    authorize_post(request, Permission.TAG_SET_EDIT, row)
    form = TagSetForm(request.POST or None, initial=vars(row))
    tags = list(_typed(request.POST) if request.method == "POST" else _stored(row))
    given = {"actor": request.actor, "tag_set": row}
    if saved := form.call(update_tag_set, **given, tags=[tag.row() for tag in tags]):
        messages.success(request, f"Tag set {saved} was saved.")
        return redirect("tag_sets", request.space.slug)
    return _page(request, row, form, tags)


@in_space(Permission.TENANT_VIEW)
@require_http_methods(["GET", "POST"])
def remove_tag_set(request: SpaceRequest, tag_set: str) -> HttpResponse:
    row = _found(request, tag_set)
    authorize(request.actor, Permission.TAG_SET_DELETE, row)
    form = DangerForm(row.name, request.POST or None)
    if form.carry_out(delete_tag_set, actor=request.actor, tag_set=row):
        messages.success(request, f"Tag set {row} was deleted.")
        return redirect("tag_sets", request.space.slug)
    return form.page(
        request,
        title=f"Delete the tag set {row}",
        lost=f"Its {row.tags.count()} tags are lost.",
        in_the_way=referrers.of_tags(
            request.actor, row.space_id, list(row.tags.select_related("tag_set"))
        ),
        back=("tag_set", request.space.slug, row.slug),
    )


def _page(
    request: SpaceRequest, row: TagSet | None, form: TagSetForm, tags: list[TypedTag]
) -> HttpResponse:
    context: dict[str, Any] = {
        "tag_set": row,
        "form": form,
        "tags": tags,
        "new_tags": [TypedTag(f"new-{index}") for index in range(NEW_TAGS)],
        "is_free": row is not None and row.type == TagSet.Type.FREE,
        "may_edit": row is None or allowed(request.actor, Permission.TAG_SET_EDIT, row),
        "may_delete": row is not None and allowed(request.actor, Permission.TAG_SET_DELETE, row),
    }
    return render(request, "deployments/tag_set.html", context, status=form.status)


def _stored(row: TagSet) -> Iterator[TypedTag]:
    for tag in row.tags.all():
        count = getattr(tag, "carried_by", 0)
        yield TypedTag(str(tag.pk), tag.name, tag.color, tag.description, count)


def _typed(posted: QueryDict) -> Iterator[TypedTag]:
    """The tags of the form: without those marked to be removed, and the new rows left empty."""
    for key in posted.getlist("tag"):
        typed = TypedTag(
            key,
            posted.get(f"name-{key}", ""),
            posted.get(f"color-{key}", DEFAULT_COLOR),
            posted.get(f"description-{key}", ""),
        )
        is_empty = key.startswith("new-") and not typed.name.strip()
        if f"remove-{key}" not in posted and not is_empty:
            yield typed


def _seen(request: SpaceRequest) -> QuerySet[TagSet]:
    """The sets with their tags, and how many tenants carry each."""
    tags = Tag.objects.annotate(carried_by=Count("tenants")).order_by("sort_order", "pk")
    rows: QuerySet[TagSet] = TagSet.objects.in_space(request.space)
    return rows.prefetch_related(Prefetch("tags", queryset=tags))


def _found(request: SpaceRequest, slug: str) -> TagSet:
    return get_object_or_404(_seen(request), slug=slug)

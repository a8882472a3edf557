"""Packages of the built-in feed, and the list of feeds. ui.md 7(m)."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, OuterRef, Subquery
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from deployments import blobs
from deployments.models import Feed, Package, Release
from deployments.services.packages import OverwriteMode, push_package
from deployments.web.guards import SpaceRequest, in_space
from spaces.access import anywhere, visible
from spaces.permissions import Permission
from spaces.web.forms import PageForm


class UploadForm(PageForm):
    file = forms.FileField(
        label="Package",
        help_text="A zip, nupkg or tar.gz named after its id and version, such as Acme.Web.1.4.2.zip.",
    )
    replace = forms.BooleanField(
        label="Replace a version that is there already",
        required=False,
        help_text="Refused while a release holds it.",
    )


@in_space(Permission.FEED_VIEW)
@require_GET
def packages(request: SpaceRequest) -> HttpResponse:
    """Each package once, with its highest version."""
    rows = Package.objects.in_space(request.space)
    text = request.GET.get("q", "").strip()
    if text:
        rows = rows.filter(package_id__icontains=text)
    highest = rows.filter(package_id__iexact=OuterRef("key")).order_by("-version_key")
    listed = (
        rows.order_by()
        .annotate(key=Lower("package_id"))
        .values("key")
        .annotate(versions=Count("pk"), newest=Max("published_at"))
        .annotate(
            name=Subquery(highest.values("package_id")[:1]),
            latest=Subquery(highest.values("version")[:1]),
            size=Subquery(highest.values("size")[:1]),
        )
        .order_by("key")
    )
    context = {
        "page": Paginator(listed, 50).get_page(request.GET.get("page")),
        "text": text,
        "may_push": anywhere(request.actor, Permission.BUILT_IN_FEED_PUSH, request.space),
    }
    return render(request, "deployments/packages.html", context)


@in_space(Permission.FEED_VIEW)
@require_GET
def package(request: SpaceRequest, package_id: str) -> HttpResponse:
    rows = Package.objects.in_space(request.space).filter(package_id__iexact=package_id)
    page = Paginator(rows.order_by("-version_key"), 50).get_page(request.GET.get("page"))
    if not page.object_list:
        raise Http404
    held = visible(
        request.actor,
        Permission.RELEASE_VIEW,
        Release.objects.in_space(request.space).filter(
            packages__contains=[{"package_id": page[0].package_id}]
        ),
    ).select_related("project")
    context = {"name": page[0].package_id, "page": page, "releases": held[:10]}
    return render(request, "deployments/package.html", context)


@in_space(Permission.BUILT_IN_FEED_PUSH)
@require_http_methods(["GET", "POST"])
def upload_package(request: SpaceRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid() and (pushed := form.refusable(lambda: _push(request, form))):
        messages.success(request, f"Package {pushed} is in the feed.")
        return redirect("package", request.space.slug, pushed.package_id)
    return render(request, "deployments/package_upload.html", {"form": form}, status=form.status)


@in_space(Permission.FEED_VIEW)
@require_GET
def feeds(request: SpaceRequest) -> HttpResponse:
    rows = visible(request.actor, Permission.FEED_VIEW, Feed.objects.in_space(request.space))
    context = {"feeds": rows.select_related("space").order_by("name")[:500]}
    return render(request, "deployments/feeds.html", context)


def _push(request: SpaceRequest, form: UploadForm) -> Package:
    uploaded = form.cleaned_data["file"]
    mode = OverwriteMode.OVERWRITE if form.cleaned_data["replace"] else OverwriteMode.FAIL
    with blobs.store().receive() as incoming:
        incoming.fill(uploaded.chunks(blobs.CHUNK))
        pushed, _ = push_package(
            actor=request.actor,
            space=request.space,
            incoming=incoming,
            file_name=uploaded.name,
            overwrite=mode,
        )
    return pushed

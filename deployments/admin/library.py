"""What projects share: feeds, packages, what builds told, and variable sets."""

from django.contrib import admin

from deployments.models import BuildInformation, Feed, LibraryVariableSet, Package
from spaces.admin import Rows, site


@admin.register(Feed, site=site)
class Feeds(Rows):
    list_display = ("feed_type", "uri", "username")
    list_filter = ("feed_type",)
    search_fields = ("name", "uri")
    big = ("password",)


@admin.register(Package, site=site)
class Packages(Rows):
    list_display = ("extension", "size", "sha256", "published_at", "pushed_by")
    list_filter = ("published_at",)
    search_fields = ("package_id", "=version", "=sha256")
    big = ("summary", "description", "release_notes")


@admin.register(BuildInformation, site=site)
class Builds(Rows):
    list_display = ("created_at",)
    list_filter = ("created_at",)
    search_fields = ("package_id", "=version")
    big = ("details",)


@admin.register(LibraryVariableSet, site=site)
class LibraryVariableSets(Rows):
    list_display = ("slug",)
    search_fields = ("name",)

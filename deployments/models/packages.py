"""Feeds, the packages of the built-in one, and what builds told about them."""

from functools import reduce
from operator import or_

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from deployments.models.named import Named
from spaces.models import SpaceOwned
from spaces.secrets import SealedFields

MOST_PARTS = 40  # between dots of a package id and version


class Feed(SealedFields, Named):
    """A place packages come from. domain.md 15. Each space has one built-in feed."""

    wire_prefix = "Feeds"
    sealed_fields = ("password",)
    BUILT_IN = "BuiltIn"

    feed_type = models.CharField(max_length=50)
    uri = models.CharField(max_length=500, blank=True, default="")
    username = models.CharField(max_length=200, blank=True, default="")
    password = models.TextField(blank=True, default="")
    download_attempts = models.PositiveIntegerField(default=5)
    download_backoff_seconds = models.PositiveIntegerField(default=10)

    class Meta(Named.Meta):
        constraints = [
            *Named.Meta.constraints,
            models.UniqueConstraint(
                fields=["space"], condition=Q(feed_type="BuiltIn"), name="feed_one_builtin"
            ),
        ]

    @property
    def is_builtin(self) -> bool:
        return self.feed_type == self.BUILT_IN

    @property
    def wire_id(self) -> str:
        """The built-in feed of the default space keeps the id that old clients have written down."""
        return "feeds-builtin" if self.is_builtin and self.space.is_default else super().wire_id

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        if text.lower() == "feeds-builtin":
            return Q(feed_type=cls.BUILT_IN)
        return super().wire_lookup(text)


class Package(SpaceOwned):
    """One version of one package in the built-in feed. Its bytes are in the blob store under `sha256`.

    version_key: sorts as `core.versions` compares, for "latest" and paging in SQL.
    """

    view_permission = "FeedView"

    package_id = models.CharField(max_length=100)
    version = models.CharField(max_length=100)
    version_key = models.CharField(max_length=600, db_collation="C")
    extension = models.CharField(max_length=20)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    sha1 = models.CharField(max_length=40)
    title = models.CharField(max_length=300, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    release_notes = models.TextField(blank=True, default="")
    published_at = models.DateTimeField(auto_now_add=True)
    pushed_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        ordering = ["package_id", "-version_key"]
        constraints = [
            models.UniqueConstraint(
                "space", Upper("package_id"), "version_key", name="package_version_unique"
            )
        ]
        indexes = [
            models.Index(
                "space", Upper("package_id"), F("version_key").desc(), name="package_latest"
            ),
            models.Index(fields=["sha256"], name="package_blob"),
        ]

    def __str__(self) -> str:
        return f"{self.package_id} {self.version}"

    @property
    def wire_id(self) -> str:
        return f"packages-{self.package_id}.{self.version}"

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        """Takes "packages-Acme.Web.1.0.0" and "Acme.Web.1.0.0": whatever split of it there is."""
        named = text[len("packages-") :] if text.lower().startswith("packages-") else text
        parts = named.split(".")
        splits = (
            Q(package_id__iexact=".".join(parts[:at]), version__iexact=".".join(parts[at:]))
            for at in range(1, min(len(parts), MOST_PARTS))
        )
        return reduce(or_, splits, Q(pk__in=[]))

    @property
    def file_name(self) -> str:
        return f"{self.package_id}.{self.version}{self.extension}"


class BuildInformation(SpaceOwned):
    """What the build server told about a package version; may come before the package. domain.md 15.

    details: {"build_environment", "build_number", "build_url", "branch", "vcs_type", "vcs_root",
    "vcs_commit", "commits": [{"id", "comment", "link"}]}.
    """

    wire_prefix = "BuildInformation"
    view_permission = "FeedView"

    package_id = models.CharField(max_length=100)
    version = models.CharField(max_length=100)
    version_key = models.CharField(max_length=600, db_collation="C")
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "build information"
        constraints = [
            models.UniqueConstraint(
                "space", Upper("package_id"), "version_key", name="buildinformation_unique"
            )
        ]

    def __str__(self) -> str:
        return f"Build of {self.package_id} {self.version}"

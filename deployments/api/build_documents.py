"""Build information as the dialect writes it (api-dialect.md 8.17), from how rows and releases keep it."""

from typing import Any

from rest_framework import serializers

from deployments.api.fields import Text
from spaces.api.documents import Document


class CommitDocument(Document):
    Id = Text(source="id")
    Comment = Text(source="comment")
    LinkUrl = Text(source="link")


class BuildDetails(Document):
    """What a build server told."""

    BuildEnvironment = Text(source="build_environment")
    BuildNumber = Text(source="build_number")
    BuildUrl = Text(source="build_url")
    Branch = Text(source="branch")
    VcsType = Text(source="vcs_type")
    VcsRoot = Text(source="vcs_root")
    VcsCommitNumber = Text(source="vcs_commit")
    Commits = CommitDocument(many=True, required=False, allow_null=True, source="commits")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "commits": [dict(commit) for commit in attrs.get("commits") or []]}


class BuildInformationCommand(Document):
    """A build to keep. The mode may stand here or in the query."""

    PackageId = serializers.CharField()
    Version = serializers.CharField()
    OctopusBuildInformation = BuildDetails()
    OverwriteMode = Text()

"""Notes of releases and what a deployment brings, from what builds told. Pure.

Rules: domain.md 15 (last point), 16.3; names: variables-and-versions.md 3. A build here is a mapping as
`models.Release.build_information` keeps it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from typing import Any

from deployments.core import templates
from deployments.core.versions import compare, octopus

Build = Mapping[str, Any]
PREFIX = "Octopus.Release."
DEFAULT_CHANGES = (
    "#{each release in Octopus.Deployment.Changes}"
    "**#{release.Version}**\n\n#{if release.ReleaseNotes}#{release.ReleaseNotes}\n\n#{/if}"
    "#{/each}"
)


@dataclass(frozen=True)
class ReleaseNote:
    """One release as changes tell it. is_reverted: a roll-back takes it away."""

    version: str
    notes: str = ""
    builds: Sequence[Build] = ()
    is_reverted: bool = False

    def document(self) -> dict[str, Any]:
        """One entry of `Octopus.Deployment.Changes`, as clients read it (api-dialect.md 8.10)."""
        builds = [build_document(build) for build in self.builds]
        document = {
            "Version": self.version,
            "ReleaseNotes": self.notes,
            "BuildInformation": builds,
            "WorkItems": _items(builds, "WorkItems"),
            "Commits": _items(builds, "Commits"),
        }
        return document | ({"IsReverted": True} if self.is_reverted else {})


def tells_of_others(version: str) -> bool:
    """Whether releases before this one are told, too; a pre-release tells only of itself."""
    return not octopus.parse(version).prerelease


def changes(
    current: ReleaseNote, previous: str | None, others: Iterable[ReleaseNote]
) -> list[ReleaseNote]:
    """What deploying `current` brings where `previous` (None: nothing) runs, newest first.

    others: releases of the same channel. Going back lists the releases that are taken away.
    """
    if previous is None or not tells_of_others(current.version):
        return [current]
    if compare(current.version, previous, "octopus") < 0:
        reverted = _between(others, current.version, previous)
        return [current, *(replace(note, is_reverted=True) for note in reverted)]
    between = _between(others, previous, current.version)
    return [current, *(note for note in between if note.version != current.version)]


def changes_variables(documents: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """`Octopus.Deployment.Changes` and what is made of it, from documents of `ReleaseNote`."""
    builds = [build for document in documents for build in document["BuildInformation"]]
    items = [item for document in documents for item in document["WorkItems"]]
    values = {"Changes": list(documents), "PackageBuildInformation": builds, "WorkItems": items}
    return {
        f"Octopus.Deployment.{name}": json.dumps(value) for name, value in values.items() if value
    }


def changes_markdown(
    template: str, documents: Sequence[Mapping[str, Any]], variables: Mapping[str, str]
) -> str:
    """The changes as Markdown, by the project's template; see `filled`."""
    return filled(
        template or DEFAULT_CHANGES, {**variables, **changes_variables(documents)}
    ).strip()


def note_variables(
    number: str, channel: str, packages: Sequence[Mapping[str, Any]], builds: Sequence[Build]
) -> dict[str, str]:
    """What a template of release notes may name. packages: as `models.Release.packages` keeps them."""
    documents = [build_document(build) for build in builds]
    by_package = {(d["PackageId"].lower(), d["Version"]): d for d in documents}
    listed = []
    for package in packages:
        known = by_package.get((package["package_id"].lower(), package["version"]), {})
        listed.append(
            {
                "PackageId": package["package_id"],
                "Version": package["version"],
                "Commits": [_commit(commit) for commit in known.get("Commits", [])],
                "WorkItems": known.get("WorkItems", []),
            }
        )
    return {
        PREFIX + "Number": number,
        PREFIX + "Channel.Name": channel,
        PREFIX + "Package": json.dumps(listed),
        PREFIX + "Builds": json.dumps(_by_build(documents)),
        PREFIX + "WorkItems": json.dumps(_items(documents, "WorkItems")),
    }


def filled(template: str, variables: Mapping[str, str]) -> str:
    """`template` with its variables; what cannot be evaluated leaves the text as it was written."""
    try:
        found = templates.evaluate(template, dict(variables), halt_on_error=False)
    except (templates.SelfReference, templates.TemplateLimit):
        return template
    return found.value or ""


def build_document(build: Build) -> dict[str, Any]:
    """A build as clients read it (api-dialect.md 8.17), with its package where it has one."""
    commits = [
        {
            "Id": commit.get("id", ""),
            "Comment": commit.get("comment", ""),
            "LinkUrl": commit.get("link", ""),
        }
        for commit in build.get("commits", [])
    ]
    package = {}
    if "package_id" in build:
        package = {"PackageId": build["package_id"], "Version": build["version"]}
    return package | {
        "BuildEnvironment": build.get("build_environment", ""),
        "BuildNumber": build.get("build_number", ""),
        "BuildUrl": build.get("build_url", ""),
        "Branch": build.get("branch", ""),
        "VcsType": build.get("vcs_type", ""),
        "VcsRoot": build.get("vcs_root", ""),
        "VcsCommitNumber": build.get("vcs_commit", ""),
        "VcsCommitUrl": build.get("vcs_commit_url", ""),
        "IssueTrackerName": build.get("issue_tracker", ""),
        "IncompleteDataWarning": None,
        "Commits": commits,
        "WorkItems": list(build.get("work_items", [])),
    }


def _between(notes: Iterable[ReleaseNote], low: str, high: str) -> list[ReleaseNote]:
    """Those above `low` up to `high`, by version order, the highest first."""
    found = [
        note
        for note in notes
        if compare(low, note.version, "octopus") < 0 <= compare(high, note.version, "octopus")
    ]
    return sorted(found, key=cmp_to_key(_by_version), reverse=True)


def _by_version(first: ReleaseNote, second: ReleaseNote) -> int:
    return compare(first.version, second.version, "octopus")


def _by_build(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`Octopus.Release.Builds`: each build once, with the packages it made."""
    builds: dict[tuple[str, str], dict[str, Any]] = {}
    for document in documents:
        key = (document["BuildUrl"], document["BuildNumber"])
        known = {
            name: text for name, text in document.items() if name not in ("PackageId", "Version")
        }
        build = builds.setdefault(key, {"Packages": [], **known})
        build["Packages"].append(
            {"PackageId": document["PackageId"], "Version": document["Version"]}
        )
    return list(builds.values())


def _commit(commit: Mapping[str, Any]) -> dict[str, Any]:
    """Templates of notes call a commit's id CommitId."""
    return {"CommitId": commit["Id"], "LinkUrl": commit["LinkUrl"], "Comment": commit["Comment"]}


def _items(documents: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    """The entries of a list in several documents, each once."""
    found = {str(item["Id"]): item for document in documents for item in document[name]}
    return list(found.values())

"""What deployments bring: the releases since the last success in the same place. domain.md 15."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from deployments.core.release_notes import ReleaseNote, changes, changes_markdown, note_variables
from deployments.core.states import TaskState
from deployments.models import Deployment, Environment, Release
from deployments.queries.release_versions import unscoped_variables

RECENT = 500  # releases of the channel that are looked at
TOLD = 100  # releases that one deployment tells of


@dataclass(frozen=True)
class Changes:
    """documents: as clients read them (api-dialect.md 8.10), newest first. markdown: by the project's
    template."""

    documents: list[dict[str, Any]]
    markdown: str


@dataclass
class ReleaseChanges:
    """What one release brings, depending on what runs where it goes to.

    The same previous version is worked out once, however many environments and tenants have it.
    """

    release: Release
    _known: dict[str | None, Changes] = field(default_factory=dict)

    def since(self, previous: str | None) -> Changes:
        """previous: the version that runs there, None where nothing does."""
        if previous not in self._known:
            self._known[previous] = self._worked_out(previous)
        return self._known[previous]

    def _worked_out(self, previous: str | None) -> Changes:
        release = self.release
        own = ReleaseNote(release.version, release.notes, release.build_information)
        listed = changes(own, previous, [] if previous is None else self._channel)[:TOLD]
        documents = [note.document() for note in [own, *self._told(listed[1:])]]
        return Changes(documents, self._markdown(documents))

    def _told(self, listed: Sequence[ReleaseNote]) -> list[ReleaseNote]:
        """The listed releases with what there is to tell of them."""
        rows = Release.objects.filter(
            project=self.release.project_id, version__in=[note.version for note in listed]
        )
        known = {row.version: row for row in rows} if listed else {}
        return [
            replace(
                note,
                notes=known[note.version].notes,
                builds=known[note.version].build_information,
            )
            for note in listed
            if note.version in known
        ]

    @cached_property
    def _channel(self) -> list[ReleaseNote]:
        """The newest releases of the channel, by their versions only."""
        rows = Release.objects.filter(
            project=self.release.project_id, channel=self.release.channel_id
        ).order_by("-assembled_at", "-id")
        return [ReleaseNote(version) for version in rows.values_list("version", flat=True)[:RECENT]]

    def _markdown(self, documents: Sequence[dict[str, Any]]) -> str:
        release = self.release
        variables = unscoped_variables(release.project, release.channel) | note_variables(
            release.version, release.channel.name, release.packages, release.build_information
        )
        return changes_markdown(release.project.deployment_changes_template, documents, variables)


def running_versions(release: Release, environments: Sequence[Environment]) -> dict[int, str]:
    """The version each environment runs for no tenant, by its id: that of the last success there, in one
    query."""
    return {
        environment_id: version
        for (environment_id, tenant_id), version in versions_at(release, environments).items()
        if tenant_id is None
    }


def versions_at(
    release: Release, environments: Sequence[Environment]
) -> dict[tuple[int, int | None], str]:
    """The same for every tenant, by (environment id, tenant id)."""
    successes = (
        Deployment.objects.filter(
            project=release.project_id,
            environment__in=environments,
            task__state=TaskState.SUCCESS.value,
        )
        .order_by("environment_id", "tenant_id", "-id")
        .distinct("environment_id", "tenant_id")
    )
    rows = successes.values_list("environment_id", "tenant_id", "release__version")
    return {(environment_id, tenant_id): version for environment_id, tenant_id, version in rows}


def current_places(release: Release) -> list[str]:
    """The names of the environments that run this release now."""
    environments = Environment.objects.filter(deployments__release=release).distinct()
    running = versions_at(release, list(environments))
    here = {environment for (environment, _), found in running.items() if found == release.version}
    return [row.name for row in environments if row.pk in here]

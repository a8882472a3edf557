"""Where the releases of a project are (api-dialect.md 8.33, Progression)."""

from collections.abc import Iterable, Mapping
from typing import Any

from deployments.api.cells import item_document, know_pending
from deployments.api.channels import ChannelResource
from deployments.api.releases import ReleaseResource, releases_in
from deployments.core.lifecycles import Phase
from deployments.models import Defect, Environment, Project
from deployments.queries.dashboard import newest_per_tenant
from deployments.queries.progression import effective_phases, progressions
from spaces.access import visible
from spaces.api.views import ApiRequest
from spaces.permissions import Permission

SHOWN_RELEASES = 30


def progression_document(
    request: ApiRequest, project: Project, context: Mapping[str, Any]
) -> dict[str, Any]:
    """The project's newest releases, each with its newest deployment per environment."""
    rows = releases_in(request).select_related("channel__project", "channel__lifecycle")
    releases = list(rows.filter(project=project)[:SHOWN_RELEASES])
    found = newest_per_tenant(request.actor, [release.pk for release in releases])
    know_pending([row for rows in found.values() for row in rows])
    standings = progressions(releases)
    blocked = set(
        Defect.objects.filter(release__in=releases, resolved_at__isnull=True).values_list(
            "release_id", flat=True
        )
    )
    documents = ReleaseResource(releases, many=True, context=context).data
    return {
        **_environments(request, project),
        "Releases": [
            {
                "Release": document,
                "Channel": ChannelResource(release.channel, context=context).data,
                "Deployments": {
                    f"Environments-{environment_id}": [item_document(row) for row in rows]
                    for (release_id, environment_id), rows in found.items()
                    if release_id == release.pk
                },
                "NextDeployments": [
                    f"Environments-{pk}" for pk in standings[release.pk].next_deployments
                ],
                "HasUnresolvedDefect": release.pk in blocked,
                "ReleaseRetentionPeriod": None,
                "TentacleRetentionPeriod": None,
            }
            for release, document in zip(releases, documents, strict=True)
        ],
        "Links": {},
    }


def _environments(request: ApiRequest, project: Project) -> dict[str, Any]:
    """The environments of the space, of each channel, and of the project's lifecycle."""
    rows: Any = Environment.objects.in_space(project.space_id)
    environments = list(visible(request.actor, Permission.ENVIRONMENT_VIEW, rows))
    followed = {
        channel: channel.lifecycle_id or project.lifecycle_id for channel in project.channels.all()
    }
    phases = effective_phases(project.space_id, {*followed.values(), project.lifecycle_id})
    return {
        "Environments": [_named(row) for row in environments],
        "ChannelEnvironments": {
            channel.wire_id: _within(phases[lifecycle_id], environments)
            for channel, lifecycle_id in followed.items()
        },
        "LifecycleEnvironments": {
            f"Lifecycles-{project.lifecycle_id}": _within(
                phases[project.lifecycle_id], environments
            )
        },
    }


def _within(phases: Iterable[Phase], environments: Iterable[Environment]) -> list[dict[str, str]]:
    named = {pk for phase in phases for pk in phase.environments}
    return [_named(row) for row in environments if row.pk in named]


def _named(row: Environment) -> dict[str, str]:
    return {"Id": row.wire_id, "Name": row.name}

"""The version that the next release of a project takes. domain.md 16.1."""

from collections.abc import Mapping

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from deployments.core import templates
from deployments.core.variables import Definition, Situation, VariableScope, resolve
from deployments.core.versions import is_mask, next_version
from deployments.core.versions.strategy import counted_from, version_variables
from deployments.models import Channel, Project, Release, Variable
from deployments.queries.release_packages import Selection

RECENT = 500
"""So many releases are looked at for a mask: what it costs must not grow with history."""


def proposed_version(project: Project, channel: Channel, selection: Selection) -> str:
    """The next version by the project's donor package or template. Raises ValueError.

    Counts on from the release created last, even if it was deleted since, so that no number comes
    back.
    """
    if project.version_donor:
        return _donated(project.version_donor, selection)
    text = templates.evaluate(project.version_template, _variables(project, channel)).value or ""
    return counted_on(project, text)


def counted_on(project: Project, text: str) -> str:
    """A mask such as `2.1.i` counted on, any other text as it is. Raises ValueError."""
    if not is_mask(text):
        return next_version(text, None)
    newest = Release.objects.filter(project=project).order_by("-assembled_at", "-id")
    recent = list(newest.values_list("version", flat=True)[:RECENT])
    return next_version(text, counted_from(text, project.last_version or None, recent))


def unscoped_variables(project: Project, channel: Channel) -> dict[str, str]:
    """The project's own values that hold without a deployment: unscoped or only scoped to channels."""
    rows = Variable.objects.filter(set__project=project, is_sensitive=False)
    definitions = [
        Definition(row.pk, row.name, row.value, VariableScope.from_json(row.scope))
        for row in rows
        if set(row.scope) <= {"channels"}
    ]
    found = resolve(definitions, Situation(channel=channel.pk))
    return {definition.name: definition.value or "" for definition in found.values()}


def _variables(project: Project, channel: Channel) -> dict[str, str]:
    newest = Release.objects.filter(project=project, channel=OuterRef("pk"))
    channels = Channel.objects.filter(project=project).annotate(
        newest=Subquery(newest.order_by("-assembled_at", "-id").values("version")[:1])
    )
    last_in = {row.name: row.newest for row in channels if row.newest}
    return unscoped_variables(project, channel) | version_variables(
        timezone.now(), project.last_version or None, channel=channel.name, last_in=last_in
    )


def _donated(donor: Mapping[str, str], selection: Selection) -> str:
    for needed, found in selection.chosen:
        if donor["action"] in (needed.action.id, needed.action.name, needed.step.name) and (
            donor.get("reference", "") == needed.reference.name
        ):
            return found.version
    raise ValueError(f"the package of step {donor['action']} gives the version, but has none")

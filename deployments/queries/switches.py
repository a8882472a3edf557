"""Variables that change how octoplat itself behaves, as one release has them in one environment, and what
follows from them. domain.md 14.6."""

from deployments.core import templates
from deployments.core.guidance import SWITCH, is_guided
from deployments.core.variables import Situation, resolve
from deployments.models import Environment, Release
from deployments.queries.variable_inputs import definitions_of


def switch(release: Release, environment: Environment, name: str) -> str:
    """The evaluated text of a variable before anything runs, "" where it has none. Secrets are not
    opened, and what cannot be evaluated counts as not set."""
    where = Situation(environment=environment.pk, channel=release.channel_id)
    found = resolve(definitions_of(release.variables), where)
    if name.lower() not in {each.name.lower() for each in found.values()}:
        return ""
    values = {winner.name: winner.value for winner in found.values()}
    variables = templates.Variables(values | _places(release, environment))
    try:
        evaluation = templates.get(variables, name)
    except (templates.SelfReference, templates.TemplateLimit):
        return ""
    return "" if evaluation.error else (evaluation.value or "").strip()


def uses_guidance(release: Release, environment: Environment, explicit: bool | None) -> bool:
    """Whether people are asked about failures of this deployment. explicit: its own flag. domain.md 18.2."""
    return is_guided(
        variable=switch(release, environment, SWITCH),
        explicit=explicit,
        mode=release.project.guided_failure,
        environment=environment.use_guided_failure,
    )


def _places(release: Release, environment: Environment) -> dict[str, str]:
    """What such variables usually name."""
    return {
        "Octopus.Project.Id": release.project.wire_id,
        "Octopus.Project.Name": release.project.name,
        "Octopus.Release.Number": release.version,
        "Octopus.Environment.Id": environment.wire_id,
        "Octopus.Environment.Name": environment.name,
    }

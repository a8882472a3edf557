"""Variables that change how octoplat itself behaves, as an assembly has them in one environment, and what
follows from them. domain.md 14.6."""

from deployments.core import templates
from deployments.core.guidance import SWITCH, is_guided
from deployments.core.variables import Situation, resolve
from deployments.models import Assembly, Environment
from deployments.queries.variable_inputs import definitions_of

CONCURRENCY_TAG = "Octopus.Task.ConcurrencyTag"


def switch(assembly: Assembly, environment: Environment, name: str) -> str:
    """The evaluated text of a variable before anything runs, "" where it has none. Secrets are not
    opened, and what cannot be evaluated counts as not set."""
    where = Situation(
        environment=environment.pk,
        channel=assembly.channel_number,
        process=assembly.process_owner,
    )
    found = resolve(definitions_of(assembly.variables), where)
    if name.lower() not in {each.name.lower() for each in found.values()}:
        return ""
    values = {winner.name: winner.value for winner in found.values()}
    variables = templates.Variables(values | _places(assembly, environment))
    try:
        evaluation = templates.get(variables, name)
    except (templates.SelfReference, templates.TemplateLimit):
        return ""
    return "" if evaluation.error else (evaluation.value or "").strip()


def uses_guidance(assembly: Assembly, environment: Environment, explicit: bool | None) -> bool:
    """Whether people are asked about failures of a run. explicit: its own flag. domain.md 18.2."""
    return is_guided(
        variable=switch(assembly, environment, SWITCH),
        explicit=explicit,
        mode=assembly.settings.guided_failure,
        environment=environment.use_guided_failure,
    )


def _places(assembly: Assembly, environment: Environment) -> dict[str, str]:
    """What such variables usually name."""
    return {
        **assembly.names,
        "Octopus.Project.Id": assembly.project.wire_id,
        "Octopus.Project.Name": assembly.project.name,
        "Octopus.Environment.Id": environment.wire_id,
        "Octopus.Environment.Name": environment.name,
    }

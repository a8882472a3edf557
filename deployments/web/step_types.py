"""How kinds of steps are called and drawn. A kind without an entry shows its technical name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StepType:
    """summary: one sentence for the page where a kind is chosen."""

    action_type: str
    name: str
    icon: str
    summary: str


STEP_TYPES = (
    StepType(
        "Octopus.Script",
        "Run a script",
        "script",
        "Runs Bash, Python or PowerShell on the server's worker, or on every target with a role.",
    ),
    StepType(
        "Octopus.TentaclePackage",
        "Deploy a package",
        "packages",
        "Sends a package to targets, checks its hash, unpacks it beside earlier versions, runs its "
        "scripts, and switches to it at once.",
    ),
    StepType(
        "Octopus.Manual",
        "Ask a person",
        "approval",
        "Waits until somebody reads your instructions and chooses to proceed or to abort.",
    ),
)

_BY_TYPE = {kind.action_type: kind for kind in STEP_TYPES}


def step_type(action_type: str) -> StepType:
    return _BY_TYPE.get(action_type) or StepType(action_type, action_type, "process", "")

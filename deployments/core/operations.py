"""What an action asks to be done, as data. Steps make operations, the engine performs them in order.

Where a value is learnt only on the machine (the folder a package was installed to), later operations
name it through `Place`, and the journal keeps it among the attempt's facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from deployments.core.approvals import PLAIN, Terms
from deployments.core.plan import ChosenPackage

SKIP_REMAINING = "Octopus.Action.SkipRemainingConventions"


class Syntax(StrEnum):
    """The languages of scripts; the values are the dialect's words."""

    BASH = "Bash"
    PYTHON = "Python"
    POWERSHELL = "PowerShell"


EXTENSIONS = {"sh": Syntax.BASH, "py": Syntax.PYTHON, "ps1": Syntax.POWERSHELL}


class Place(StrEnum):
    """A folder on the machine. WORK: the script's own. INSTALLED: where the package was extracted.
    APPLICATION: the custom folder if there is one, else INSTALLED."""

    WORK = "work"
    INSTALLED = "installed"
    APPLICATION = "application"


@dataclass(frozen=True)
class RunScript:
    """An inline script. parameters: as they would be written on a command line."""

    body: str
    syntax: Syntax = Syntax.BASH
    parameters: str = ""
    place: Place = Place.WORK
    title: str = ""


@dataclass(frozen=True)
class RunPackagedScript:
    """`name`.sh, .py or .ps1 at the top of the package, where it has one. domain.md 12.1."""

    name: str
    place: Place = Place.INSTALLED


@dataclass(frozen=True)
class RunScriptFile:
    """A script of the fetched package `reference`, by its path there."""

    reference: str
    path: str
    parameters: str = ""


@dataclass(frozen=True)
class FetchPackage:
    """A package for the scripts of this action only; gone when the action has ended.

    reference: its name, "" for the primary one. is_extracted: else the file is there as it was pushed.
    """

    reference: str
    package: ChosenPackage
    is_extracted: bool = True


@dataclass(frozen=True)
class StopIfInstalled:
    """Ends the action with success when the last successful install of `record` is this version."""

    record: "InstallRecord"


@dataclass(frozen=True)
class ReserveFolder:
    """A folder of its own for this install: `path`, or with _1, _2 ... when taken.

    record: tells which install it follows; scripts may ask about that one.
    """

    path: str
    record: "InstallRecord"


@dataclass(frozen=True)
class TransferPackage:
    """The package on the machine, its SHA-256 verified there."""

    package: ChosenPackage


@dataclass(frozen=True)
class ExtractPackage:
    """The transferred package into the reserved folder."""

    package: ChosenPackage


@dataclass(frozen=True)
class SubstituteInFiles:
    """Variables in the files that match `patterns` (globs below INSTALLED). variables.md 9.3."""

    patterns: tuple[str, ...]
    output_encoding: str = ""
    warn_no_match: bool = True


@dataclass(frozen=True)
class ConfigureDotNet:
    """XDT transforms of installed files in this order, then settings of `*.config` by their names.

    transforms: definitions such as `*.Test.config` or `transform => target`. variables.md 9.2.
    """

    transforms: tuple[str, ...] = ()
    replace_settings: bool = False


@dataclass(frozen=True)
class ReplaceStructured:
    """Values in JSON, YAML, XML and properties files by their names. variables.md 9.1."""

    patterns: tuple[str, ...]


@dataclass(frozen=True)
class CopyToFolder:
    """The installed files to the folder the user chose, emptied first if asked, but for `kept`."""

    path: str
    purge: bool = False
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class SwitchLink:
    """`path` points to the application from now on: the old release until one rename, then the new."""

    path: str


@dataclass(frozen=True)
class InstallRecord:
    """What the journal on the machine says about an install. domain.md 12.1, 29.

    key: environment, project, step and tenant: installs with equal keys replace each other.
    """

    key: str
    package_id: str
    version: str
    sha256: str = ""


@dataclass(frozen=True)
class RecordInstall:
    """Writes the journal on the machine; failed installs too, so that clean-up can see them."""

    record: InstallRecord
    succeeded: bool


@dataclass(frozen=True)
class AskPerson:
    """A manual intervention. teams: ids of those responsible, empty = whoever may deploy.

    keeps_turn: other deployments of the same concurrency tag wait as well. terms: how many people, and who.
    """

    title: str
    instructions: str
    teams: tuple[str, ...] = ()
    keeps_turn: bool = False
    terms: Terms = PLAIN


Operation = (
    RunScript
    | RunPackagedScript
    | RunScriptFile
    | FetchPackage
    | StopIfInstalled
    | ReserveFolder
    | TransferPackage
    | ExtractPackage
    | SubstituteInFiles
    | ConfigureDotNet
    | ReplaceStructured
    | CopyToFolder
    | SwitchLink
    | RecordInstall
    | AskPerson
)


@dataclass(frozen=True)
class Work:
    """What an action does: `operations` in order.

    finish: done after success, also when a script asked to skip the rest. on_failure: done after the
    first failure, which stays the reason whatever these do.
    """

    operations: tuple[Operation, ...]
    finish: tuple[Operation, ...] = ()
    on_failure: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class OutputValue:
    """A value an action told later ones: `Octopus.Action[step].Output.name`. machine: (id, name)."""

    step: str
    name: str
    value: str
    is_sensitive: bool = False
    machine: tuple[int, str] | None = None


@dataclass(frozen=True)
class Facts:
    """What was learnt on the machine while operations were done; kept in the journal as JSON.

    variables: values that only the machine knew, by the names scripts use.
    """

    places: Mapping[str, str] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    skip_rest: bool = False
    ends_early: bool = False
    node: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Plain JSON data; `Facts.from_json` is its inverse."""
        return {
            "places": dict(self.places),
            "scripts": list(self.scripts),
            "skip_rest": self.skip_rest,
            "ends_early": self.ends_early,
            "node": self.node,
            "variables": dict(self.variables),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "Facts":
        scripts = data.get("scripts")
        return cls(
            places=_texts(data.get("places")),
            scripts=tuple(map(str, scripts)) if isinstance(scripts, list) else (),
            skip_rest=bool(data.get("skip_rest")),
            ends_early=bool(data.get("ends_early")),
            node=str(data.get("node") or ""),
            variables=_texts(data.get("variables")),
        )


def _texts(data: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}


NO_FACTS = Facts()

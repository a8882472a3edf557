"""What a kind of step has to say, and where it says so. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from deployments.core.operations import Work
from deployments.core.plan import ChosenPackage
from deployments.core.process import PackageReference
from deployments.core.templates import Variables, get

NO_VARIABLES = Variables({})


@dataclass(frozen=True)
class ReadyAction:
    """An action about to be done in one place, its texts evaluated there.

    properties: the action's, evaluated. packages: by reference name, "" is the primary one. references:
    what the process says about them.
    """

    name: str
    properties: Mapping[str, str]
    packages: Mapping[str, ChosenPackage] = field(default_factory=dict)
    variables: Variables = NO_VARIABLES
    references: tuple[PackageReference, ...] = ()

    def property(self, name: str) -> str:
        return self.properties.get(name, "").strip()

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes-or-no property; anything but True and False means the default."""
        return {"true": True, "false": False}.get(self.property(name).lower(), default)

    def listed(self, name: str) -> tuple[str, ...]:
        """The lines of a property, blanks left out."""
        lines = self.properties.get(name, "").splitlines()
        return tuple(line.strip() for line in lines if line.strip())

    def value(self, name: str) -> str:
        """The evaluated value of a variable, "" where there is none."""
        return get(self.variables, name).value or ""


class StepHandler(Protocol):
    """One kind of step. It says what is to be done and does nothing itself."""

    def problems(self, properties: Mapping[str, str]) -> list[str]:
        """Why a step with these properties cannot be saved, each a sentence. Values are not evaluated
        yet, so a property with `#{` in it is taken as it is."""

    def work(self, action: ReadyAction) -> Work:
        """What is to be done. Raises BadAction when the evaluated properties make no sense."""


class BadAction(Exception):
    """The evaluated properties of an action make no sense; the text says which."""


_HANDLERS: dict[str, StepHandler] = {}


def handles(action_type: str) -> Callable[[type[StepHandler]], type[StepHandler]]:
    """Registers the handler of an action type."""

    def register(handler: type[StepHandler]) -> type[StepHandler]:
        _HANDLERS[action_type] = handler()
        return handler

    return register


def handler_for(action_type: str) -> StepHandler:
    """Raises BadAction for a type nobody handles."""
    try:
        return _HANDLERS[action_type]
    except KeyError:
        raise BadAction(f"Steps of type {action_type} cannot be run by this server.") from None


def action_types() -> list[str]:
    """Every type that has a handler."""
    return sorted(_HANDLERS)

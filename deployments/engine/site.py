"""One attempt of one action in one place: what performing its operations needs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Protocol

from deployments.core.bindings import Bound
from deployments.core.masking import Masker
from deployments.core.operations import NO_FACTS, Facts, OutputValue, Place
from deployments.core.plan import ChosenPackage, PlannedMachine
from deployments.core.service_messages import VariableBudget
from deployments.core.states import Category
from deployments.core.templates import Variables
from deployments.engine.control import Control
from deployments.engine.recording import Attempt, Batch, LogLine, Recorder
from deployments.transports.base import Answer, Feed, LinkLost, Refused, Session, Unreachable

LINK_BUDGET = 300.0  # seconds a lost machine is looked for
TRIES = 3  # of a command that may be done twice


class StepFailed(Exception):
    """The action failed; the text is the reason people see.

    may_retry: whether another attempt makes sense. is_unknown: nobody knows what was done.
    """

    def __init__(
        self,
        reason: str,
        *,
        may_retry: bool = True,
        is_unknown: bool = False,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.may_retry = may_retry
        self.is_unknown = is_unknown
        self.exit_code = exit_code


class MustWait(Exception):
    """A person has to answer first. keeps_turn: deployments of the same tag wait meanwhile.
    after_failure: what the person is asked is what a failure means."""

    def __init__(self, *, keeps_turn: bool, after_failure: bool = False) -> None:
        super().__init__("waiting for a person")
        self.keeps_turn = keeps_turn
        self.after_failure = after_failure


@dataclass(frozen=True)
class Prepared:
    """A package in the form that is sent: a tar archive with this hash. blocks: its bytes, each time.

    extension: ".tar", ".tar.gz" or ".tar.bz2".
    """

    package: ChosenPackage
    extension: str
    sha256: str
    size: int
    blocks: Callable[[], Feed]


class PackageSource(Protocol):
    """Where package bytes come from."""

    async def original(self, package: ChosenPackage) -> Prepared:
        """The package as it was pushed. Raises PackageMissing."""

    async def prepare(self, package: ChosenPackage) -> Prepared:
        """The package, verified and ready to be sent. Raises PackageMissing."""


class PackageMissing(Exception):
    """A package cannot be had, or is not what the release froze; the text says which and why."""


@dataclass
class Site:
    """Where an attempt is performed, and what is known there.

    resumed_from: byte offsets of a script's output that a former worker stored, for the first
    operation only; None when nothing was begun. opener: gives the session, raises StepFailed; not asked
    where nothing is done on a machine. turn: held while a script runs, one on a machine at a
    time (domain.md 17.7). ended_runs, scratch: folders of runs to be removed, once their results are journalled
    or the action has ended.
    """

    opener: Callable[[], Session]
    recorder: Recorder
    attempt: Attempt
    node: str
    step_name: str
    machine: PlannedMachine | None
    bound: Bound
    masker: Masker
    control: Control
    packages: PackageSource
    turn: asyncio.Lock
    facts: Facts = NO_FACTS
    resumed_from: tuple[int, int] | None = None
    budget: VariableBudget = field(default_factory=VariableBudget)
    ended_runs: list[str] = field(default_factory=list)
    scratch: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    has_warnings: bool = False

    @cached_property
    def session(self) -> Session:
        return self.opener()

    @property
    def variables(self) -> Variables:
        """The variables of the action, with what was learnt on the machine on top."""
        learnt = {
            **self.facts.variables,
            "Octopus.Action.Package.InstallationDirectoryPath": self.facts.places.get(
                Place.APPLICATION, self.facts.places.get(Place.INSTALLED, "")
            ),
            "OctopusOriginalPackageDirectoryPath": self.facts.places.get(Place.INSTALLED, ""),
        }
        known = {name: value for name, value in learnt.items() if value}
        return self.bound.variables.extended(known) if known else self.bound.variables

    @property
    def owner(self) -> tuple[int, str] | None:
        return (self.machine.id, self.machine.name) if self.machine else None

    def say(self, text: str, category: Category = Category.INFO) -> None:
        """A line of our own in the log of this place."""
        self.has_warnings |= category == Category.WARNING
        line = LogLine(self.node, category, self.masker.mask(text))
        self.recorder.write(Batch((line,)))

    def tell(self, name: str, value: str, *, is_sensitive: bool = False) -> None:
        """An output variable of this action."""
        output = OutputValue(self.step_name, name, value, is_sensitive, self.owner)
        self.recorder.write(Batch(outputs=(output,)))

    def learn(self, place: Place, path: str) -> None:
        self.facts = replace(self.facts, places={**self.facts.places, place.value: path})

    def learn_variables(self, values: Mapping[str, str]) -> None:
        """Values for scripts that only the machine could tell; empty ones are left out."""
        found = {name: value for name, value in values.items() if value}
        self.facts = replace(self.facts, variables={**self.facts.variables, **found})

    def folder(self, place: Place) -> str:
        """Where a place is here; APPLICATION falls back to INSTALLED, WORK is ""."""
        if place == Place.WORK:
            return ""
        found = self.facts.places.get(place) or self.facts.places.get(Place.INSTALLED)
        if not found:
            raise StepFailed("The package was not extracted before it was used.", may_retry=False)
        return found

    def path(self, place: Place, name: str) -> str:
        return str(PurePosixPath(self.folder(place)) / name)

    async def command(
        self,
        text: str,
        failure: str = "",
        *,
        feed: Callable[[], Feed] = bytes,
        limit: float = 600,
    ) -> Answer:
        """Runs a command that may be done twice; a lost link is tried again.

        failure: the reason when it fails, with what the machine said added; "" = failing is an answer.
        """
        for remaining in reversed(range(TRIES)):
            await self.control.hold()
            try:
                answer = await self.session.run(text, feed=feed(), limit=limit)
                break
            except LinkLost as exc:
                if not remaining:
                    raise StepFailed(str(exc)) from exc
            except (Unreachable, Refused) as exc:
                raise StepFailed(str(exc)) from exc
        if failure and answer.exit_code:
            said = answer.stderr.decode(errors="replace").strip().splitlines()
            raise StepFailed(f"{failure} {said[-1]}" if said else failure)
        return answer

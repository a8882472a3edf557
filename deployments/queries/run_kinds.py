"""The kinds of process runs: what the server asks about a run whose kind it does not know.

`deployments` registers its deployments here and `runbooks` its runs, so that whoever has a task in hand
(runner, API, page) asks its kind instead of looking for a deployment.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar

from deployments.core.bindings import RunFacts
from deployments.core.plan import Plan
from deployments.models import ProcessRun, ServerTask
from deployments.queries.blockers import Blocker
from spaces.actors import Actor
from spaces.permissions import Permission

Run = TypeVar("Run", bound=ProcessRun)


class RunKind(Protocol[Run]):
    """One kind of process runs.

    event: what its events are called before Queued, Started, Succeeded, Failed, Canceled.
    permission: what queueing one takes. source: what shows the thing that is run. relation: from a task to
    its run. again: what the button says that does a run once more. head: the template that tells, with
    `run` and `sees_source`, on the page of a task what is run.
    paths: from a task to rows that clients know its run by, by the kinds of ids in lower case.
    """

    event: str
    permission: Permission
    source: Permission
    relation: str
    again: str
    head: str
    paths: Mapping[str, str]

    def load(self, task: ServerTask) -> Run:
        """The run of a task, with what its page shows; process and variables are read when asked for."""

    def facts(self, run: Run, plan: Plan) -> RunFacts:
        """What its system variables tell, secrets of the process opened."""

    def start_blockers(self, run: Run) -> list[Blocker]:
        """Why a queued run may not start any more. domain.md 17.4."""

    def again_blockers(self, actor: Actor, run: Run) -> list[Blocker]:
        """Why the actor cannot do it once more now."""

    def do_again(self, actor: Actor, run: Run) -> Run:
        """Queue it once more with the same options. Raises as the service does."""

    def follow_up(self, run: Run) -> None:
        """What a success starts by itself; may be called again."""


_kinds: dict[str, RunKind[Any]] = {}


def register(task_kind: ServerTask.Kind, kind: RunKind[Any]) -> None:
    """Called once for each kind, when Django starts."""
    _kinds[task_kind.value] = kind


def run_kind(task: ServerTask) -> RunKind[Any] | None:
    """The kind of the task's run; None for tasks that run no process."""
    return _kinds.get(task.kind)


def run_kinds() -> Iterator[RunKind[Any]]:
    """All of them."""
    return iter(_kinds.values())


def path_to(prefix: str) -> str | None:
    """From a task to the rows of runs whose ids begin so, as a lookup; None where no kind has such."""
    return next(
        (kind.paths[prefix.lower()] for kind in run_kinds() if prefix.lower() in kind.paths), None
    )

"""Health checks: is the machine there, is it the right one, can it be deployed to? domain.md 6.2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from deployments.core import remote
from deployments.core.health import TOOLS, Found, judge
from deployments.core.states import Category, Health, NodeStatus, TaskState
from deployments.core.visits import ROOT, LogNode
from deployments.engine.connections import OnWorker, Way
from deployments.engine.executor import Report
from deployments.engine.recording import Batch, LogLine, Recorder
from deployments.engine.windows import in_window
from deployments.models import Target
from deployments.transports.base import HostKeyChanged, Refused, Session, Unreachable
from deployments.transports.ssh import ConnectGate, Endpoint, SshSession, pinned_key
from spaces.actors import Actor
from spaces.audit import record

AT_ONCE = 20
SCRIPT_LIMIT = 300.0  # seconds
NODE_STATUS = {
    Health.HEALTHY: NodeStatus.SUCCESS,
    Health.WARNINGS: NodeStatus.WARNING,
    Health.UNKNOWN: NodeStatus.WARNING,
    Health.UNHEALTHY: NodeStatus.FAILED,
    Health.UNAVAILABLE: NodeStatus.FAILED,
}


@dataclass(frozen=True)
class Patient:
    """A target to be checked. script: of its policy, "" for none."""

    id: int
    name: str
    way: Way
    only_connectivity: bool = False
    script: str = ""
    may_be_offline: bool = False

    @property
    def node(self) -> str:
        return f"machine-{self.id}"


def nodes(title: str, patients: Sequence[Patient]) -> list[LogNode]:
    """The log of a health check, known before it starts."""
    return [LogNode(ROOT, None, title)] + [LogNode(p.node, ROOT, p.name) for p in patients]


async def check_all(
    patients: Sequence[Patient], worker: Session, recorder: Recorder
) -> tuple[Report, dict[int, Found]]:
    """Checks each target and tells the log. The report fails when a target that should be there is not
    well."""
    gate = ConnectGate()
    recorder.status(ROOT, NodeStatus.RUNNING)
    jobs = [partial(_check_one, patient, worker, gate, recorder) for patient in patients]
    found = [result for result in await in_window(jobs, AT_ONCE) if result is not None]
    ill = [
        patient.name
        for patient, result in zip(patients, found, strict=True)
        if _counts(patient, result)
    ]
    recorder.status(ROOT, NodeStatus.FAILED if ill else NodeStatus.SUCCESS)
    report = Report(
        TaskState.FAILED if ill else TaskState.SUCCESS,
        error=f"Not well: {', '.join(ill)}." if ill else "",
        has_warnings=any(result.health != Health.HEALTHY for result in found),
    )
    return report, {patient.id: result for patient, result in zip(patients, found, strict=True)}


async def check(patient: Patient, worker: Session, gate: ConnectGate) -> Found:
    """What is found on one target. Never raises because of the machine."""
    if isinstance(patient.way, Refused):
        return Found(Health.UNHEALTHY, str(patient.way))
    session = worker
    if not isinstance(patient.way, OnWorker):
        session = SshSession(patient.way, gate, attempts=2)
    try:
        found = await _examine(session, patient)
        return replace(found, host_key=await _learnt_key(patient.way))
    except HostKeyChanged as exc:
        return Found(Health.UNHEALTHY, str(exc), offered=exc.offered)
    except Refused as exc:
        return Found(Health.UNHEALTHY, str(exc))
    except Unreachable as exc:
        return Found(Health.UNAVAILABLE, str(exc))
    finally:
        await session.close()


async def _examine(session: Session, patient: Patient) -> Found:
    if patient.only_connectivity:
        await session.run("true")
        return Found(Health.HEALTHY, "The machine answers.")
    told = await session.run(remote.facts(TOOLS))
    if told.exit_code:
        return Found(Health.UNHEALTHY, "The machine has no usable shell or home folder.")
    found = judge(told.stdout.decode(errors="replace"))
    await session.sweep()
    if patient.script.strip():
        answer = await session.run("bash -s", feed=patient.script.encode(), limit=SCRIPT_LIMIT)
        if answer.exit_code:
            reason = f"The health check script ended with exit code {answer.exit_code}."
            return Found(Health.UNHEALTHY, f"{reason} {found.summary}")
    return found


async def _learnt_key(way: Way) -> str:
    """The whole key of a machine of which only the fingerprint was known."""
    if isinstance(way, Endpoint) and not way.host_key:
        return await pinned_key(way)
    return ""


async def _check_one(
    patient: Patient, worker: Session, gate: ConnectGate, recorder: Recorder
) -> Found:
    recorder.status(patient.node, NodeStatus.RUNNING)
    found = await check(patient, worker, gate)
    well = found.health in (Health.HEALTHY, Health.WARNINGS)
    category = Category.INFO if well else Category.ERROR
    recorder.write(
        Batch((LogLine(patient.node, category, f"{found.health.value}: {found.summary}"),))
    )
    recorder.status(patient.node, NODE_STATUS[found.health])
    return found


def _counts(patient: Patient, found: Found) -> bool:
    """Whether this makes the check fail: an absent machine that may be absent does not."""
    if found.health == Health.UNAVAILABLE:
        return not patient.may_be_offline
    return found.health == Health.UNHEALTHY


@transaction.atomic
def keep(results: Mapping[int, Found]) -> None:
    """Writes what was found to the targets; a health that differs is audited."""
    rows = Target.objects.select_for_update(of=("self",)).filter(pk__in=results)
    for target in rows:
        found = results[target.pk]
        if target.health != found.health.value:
            record(
                Actor.system("a health check"),
                "MachineHealthChanged",
                target,
                details={"health": [target.health, found.health.value]},
            )
        Target.objects.filter(pk=target.pk).update(**_columns(found))


def _columns(found: Found) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "health": found.health.value,
        "health_summary": found.summary,
        "offered_fingerprint": found.offered,
        "checked_at": Now(),
        "unavailable_since": None,
    }
    if found.health == Health.UNAVAILABLE:
        columns["unavailable_since"] = Coalesce("unavailable_since", Now())
    told = ("operating_system", "architecture", "shell_version", "host_key")
    return columns | {name: getattr(found, name) for name in told if getattr(found, name)}

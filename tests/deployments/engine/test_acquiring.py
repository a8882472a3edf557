"""Packages are there before what needs them; a failure is asked about like any other. domain.md 17.6, 18.2."""

import asyncio
from dataclasses import replace

import pytest

from deployments.core.plan import ChosenPackage, Plan
from deployments.core.process import Condition, PackageRequirement
from deployments.core.states import NodeStatus, TaskState
from deployments.core.variables import Definition
from deployments.engine.executor import Unfinished
from deployments.engine.recording import Reply
from deployments.engine.site import PackageMissing, Prepared
from deployments.transports.memory import MemorySession
from tests.deployments.engine.plans import Stage, planned, script

ASKED = "Packages could not be acquired"


class Shelf:
    """Packages in memory. missing: those that cannot be had. most: how many were prepared at once."""

    def __init__(self, *missing: str) -> None:
        self.missing = set(missing)
        self.prepared: list[str] = []
        self.most = self._now = 0

    async def original(self, package: ChosenPackage) -> Prepared:
        return await self.prepare(package)

    async def prepare(self, package: ChosenPackage) -> Prepared:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if package.package_id in self.missing:
            raise PackageMissing(f"{package.package_id} is not here.")
        self.prepared.append(package.package_id)
        return Prepared(package, ".tar", "", 0, lambda: b"")


def needing(*steps, **packages: str) -> Plan:
    """A plan of which the named steps need these packages; they are given, not used."""
    chosen = {
        (f"a-{name}", "Extra"): ChosenPackage(package, "1.0") for name, package in packages.items()
    }
    return planned(*steps, packages=chosen)


async def test_what_comes_before_the_first_step_that_needs_one_does_not_wait_for_packages():
    session = MemorySession()
    stage = Stage({"shop1": session}, packages=Shelf("Web"))

    report = await stage.run(needing(script("Notify"), script("Deploy"), Deploy="Web"))

    assert report.ended == TaskState.FAILED
    assert report.error == "Web is not here."
    assert session.ran == ["run Notify"]
    assert stage.recorder.statuses["packages"] == NodeStatus.FAILED


async def test_a_step_that_is_to_run_after_the_acquisition_brings_it_forward():
    session = MemorySession()
    first = replace(script("Notify"), package_requirement=PackageRequirement.AFTER)
    stage = Stage({"shop1": session}, packages=Shelf("Web"))

    await stage.run(needing(first, script("Deploy"), Deploy="Web"))

    assert session.ran == []


@pytest.mark.parametrize(("limit", "most"), [("1", 1), ("2", 2), ("", 3)])
async def test_so_many_packages_are_acquired_at_once(limit, most):
    shelf = Shelf()
    steps = [script(name) for name in ("A", "B", "C")]
    definitions = [Definition(1, "Octopus.Acquire.MaxParallelism", limit)]
    stage = Stage(packages=shelf, definitions=definitions)

    await stage.run(needing(*steps, A="P1", B="P2", C="P3"))

    assert shelf.most == most
    assert sorted(shelf.prepared) == ["P1", "P2", "P3"]


async def test_a_failure_is_asked_about_and_can_be_tried_again():
    shelf = Shelf("Web")
    session = MemorySession()
    stage = Stage({"shop1": session}, packages=shelf)
    plan = replace(needing(script("Deploy"), Deploy="Web"), is_guided=True)

    report = await stage.run(plan)
    assert report.ended == Unfinished.WAITING
    assert stage.recorder.questions[0].choices == ("Retry", "Fail")
    shelf.missing.clear()
    stage.recorder.replies[f"{ASKED} #1"] = Reply("Retry")

    assert (await stage.run(plan)).ended == TaskState.SUCCESS
    assert session.ran == ["run Deploy"]


async def test_another_worker_knows_that_the_packages_failed():
    """A failure handler that waits for a person ends the first worker's part."""
    stage = Stage(packages=Shelf("Web"))
    plan = needing(script("Deploy"), script("Tidy", condition=Condition.FAILURE), Deploy="Web")
    await stage.run(plan)

    report = await stage.run(plan)

    assert (report.ended, report.error) == (TaskState.FAILED, "Web is not here.")

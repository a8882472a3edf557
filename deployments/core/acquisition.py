"""When packages are acquired, and which. Pure. domain.md 17.6."""

from deployments.core.plan import ChosenPackage, Plan, PlannedStep
from deployments.core.process import PackageRequirement


def acquired_before(plan: Plan) -> int | None:
    """The group before which all packages are acquired: the first that needs one, or has a step that is
    to run after the acquisition. None: nothing that will run needs a package."""
    if not wanted_packages(plan):
        return None
    return next(
        number
        for number, group in enumerate(plan.groups)
        if any(_needs(step) or _comes_after(step) for step in group)
    )


def wanted_packages(plan: Plan) -> tuple[ChosenPackage, ...]:
    """Each package of the actions that will run, once."""
    chosen = {
        (package.package_id, package.version): package
        for step in plan.steps
        for action in step.active
        for package in action.packages.values()
    }
    return tuple(chosen.values())


def _needs(step: PlannedStep) -> bool:
    return any(action.packages for action in step.active)


def _comes_after(step: PlannedStep) -> bool:
    return bool(step.active) and step.step.package_requirement == PackageRequirement.AFTER

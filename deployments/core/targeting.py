"""Which machines a deployment reaches, and why others are left out. domain.md 17.5."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from deployments.core.states import DEPLOYABLE_HEALTH, Health
from deployments.core.tags import TagFilter

PARTICIPATIONS = ("Untenanted", "TenantedOrUntenanted", "Tenanted")


@dataclass(frozen=True)
class Machine:
    """A deployment target as planning sees it; `roles` are lower-case."""

    id: int
    name: str
    roles: frozenset[str] = frozenset()
    environments: frozenset[int] = frozenset()
    health: Health = Health.UNKNOWN
    is_disabled: bool = False
    participation: str = "Untenanted"
    tenants: frozenset[int] = frozenset()
    tenant_tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Selection:
    """What one deployment says about machines. Empty `only` = no restriction."""

    environment: int
    tenant: int | None = None
    tenant_tags: frozenset[str] = frozenset()
    only: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()
    skip_unavailable: bool = False
    exclude_unhealthy: bool = False


@dataclass(frozen=True)
class Selected:
    """machines: reached, in name order. left_out: (machine, reason in words)."""

    machines: tuple[Machine, ...]
    left_out: tuple[tuple[Machine, str], ...]


def select(machines: Sequence[Machine], selection: Selection) -> Selected:
    """The machines of the environment that this deployment reaches, with a reason for each left out.

    Machines of other environments or other tenants are not mentioned at all.
    """
    chosen: list[Machine] = []
    left_out: list[tuple[Machine, str]] = []
    for machine in sorted(machines, key=lambda m: m.name.lower()):
        if selection.environment not in machine.environments or not _tenant_fits(
            machine, selection
        ):
            continue
        if reason := _reason_left_out(machine, selection):
            left_out.append((machine, reason))
        else:
            chosen.append(machine)
    return Selected(tuple(chosen), tuple(left_out))


def in_roles(machines: Sequence[Machine], roles: Collection[str]) -> tuple[Machine, ...]:
    """The machines with at least one of these roles; each once."""
    wanted = {role.lower() for role in roles}
    return tuple(machine for machine in machines if wanted & machine.roles)


def _tenant_fits(machine: Machine, selection: Selection) -> bool:
    if selection.tenant is None:
        return machine.participation != "Tenanted"
    if machine.participation == "Untenanted":
        return False
    meant = TagFilter(machine.tenants, tuple(machine.tenant_tags))
    return meant.means(selection.tenant, selection.tenant_tags)


def _reason_left_out(machine: Machine, selection: Selection) -> str:
    if machine.is_disabled:
        return "it is disabled"
    if selection.only and machine.id not in selection.only:
        return "only other targets were chosen"
    if machine.id in selection.excluded:
        return "it was excluded from this deployment"
    if selection.exclude_unhealthy and machine.health not in DEPLOYABLE_HEALTH:
        return f"it is {machine.health.value.lower()}"
    if selection.skip_unavailable and machine.health == Health.UNAVAILABLE:
        return "it is unavailable"
    return ""

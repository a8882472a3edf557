"""Deployment targets and machine policies. domain.md 6."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from deployments.core.hosts import host_problem, port_problem
from deployments.core.ssh_keys import BadHostKey, fingerprint_of, is_fingerprint
from deployments.core.states import Health
from deployments.core.tags import tag_key
from deployments.core.targeting import PARTICIPATIONS
from deployments.models import (
    Account,
    Environment,
    MachinePolicy,
    ServerTask,
    Target,
    TargetEnvironment,
    TargetTenant,
    Tenant,
)
from deployments.queries import referrers
from deployments.queries.tenants import tags_in
from deployments.queue import enqueue
from deployments.services.changes import (
    Changes,
    apply,
    create_named,
    naming_problems,
    new_slug,
    refuse,
    refuse_while_used,
    save,
    texts_problems,
    update_named,
)
from spaces.access import authorize, visible
from spaces.actors import Actor
from spaces.audit import record
from spaces.errors import Conflict, Invalid
from spaces.models import Space
from spaces.naming import name_problems
from spaces.permissions import Permission

# What decides whether and as whom a connection is made: a change makes earlier health worthless.
ENDPOINT = frozenset(
    {"communication_style", "host", "port", "account", "host_key", "fingerprint", "policy"}
)
SHORTEST_INTERVAL = timedelta(minutes=1)


class TargetFields(TypedDict, total=False):
    """What can be said about a target; what is left out stays as it is.

    host_key: a public key in one line that a person has confirmed. fingerprint: where only that is
    known; the first connection must show a key with it. tenant_tags: canonical names of tags that exist.
    """

    slug: str
    description: str
    is_disabled: bool
    tenanted_participation: str
    tenant_tags: Sequence[str]
    policy: MachinePolicy
    communication_style: str
    host: str
    port: int
    account: Account | None
    host_key: str
    fingerprint: str


class TargetChanges(TargetFields, total=False):
    name: str


@transaction.atomic
def create_target(
    *,
    actor: Actor,
    space: Space,
    name: str,
    environments: Sequence[Environment],
    roles: Sequence[str],
    tenants: Sequence[Tenant] = (),
    **fields: Unpack[TargetFields],
) -> Target:
    """A new target, whose health is checked next. Without a policy it follows the default one.

    Raises PermissionRefused, Invalid with every reason.
    """
    _authorize(actor, Permission.MACHINE_CREATE, space, environments, tenants)
    siblings = Target.objects.in_space(space)
    slug = fields.pop("slug", "")
    if "policy" not in fields:
        fields["policy"] = MachinePolicy.objects.in_space(space).get(is_default=True)
    target = Target(
        space=space,
        name=name.strip(),
        slug=new_slug(siblings, name, slug),
        roles=clean_roles(roles),
        **fields,
    )
    refuse(
        naming_problems(siblings, name, slug=slug)
        + texts_problems(fields)
        + _problems(target, environments)
    )
    _pin(actor, target)
    save(target)
    _set_environments(target, environments)
    _set_tenants(actor, target, tenants)
    record(actor, "Created", target)
    queue_health_check(actor=actor, targets=[target])
    return target


@transaction.atomic
def update_target(
    *,
    actor: Actor,
    target: Target,
    environments: Sequence[Environment] | None = None,
    roles: Sequence[str] | None = None,
    tenants: Sequence[Tenant] | None = None,
    **fields: Unpack[TargetChanges],
) -> Target:
    """Change it; needs the permission in its environments and for its tenants, before and after.

    A changed endpoint, and enabling, make the health Unknown and queue a check. environments, roles,
    tenants: None leaves them; tenants that the actor cannot see stay. Raises PermissionRefused, Invalid.
    """
    authorize(actor, Permission.MACHINE_EDIT, target)
    chosen = _environments_of(target) if environments is None else environments
    if environments is not None or tenants:
        _authorize(actor, Permission.MACHINE_EDIT, target.space, chosen, tenants or ())
    changes = _change_fields(actor, target, roles, fields)
    siblings = Target.objects.in_space(target.space_id)
    refuse(
        naming_problems(siblings, target.name, slug=target.slug, existing=target)
        + texts_problems(fields)
        + _problems(target, chosen)
    )
    needs_check = bool(changes.keys() & ENDPOINT) or changes.get("is_disabled") == [True, False]
    save(target)
    if environments is not None:
        changes |= _set_environments(target, environments)
    if tenants is not None:
        changes |= _set_tenants(actor, target, tenants)
    record(actor, "Modified", target, details=changes)
    if needs_check:
        queue_health_check(actor=actor, targets=[target])
    return target


@transaction.atomic
def accept_host_key(*, actor: Actor, target: Target, host_key: str) -> Target:
    """Trust this public key from now on; connections that meet another one stop (S18)."""
    authorize(actor, Permission.MACHINE_EDIT, target)
    before = target.fingerprint
    target.host_key = host_key.strip()
    refuse(_key_problems(target))
    _pin(actor, target)
    target.save()
    record(actor, "HostKeyAccepted", target, details={"fingerprint": [before, target.fingerprint]})
    queue_health_check(actor=actor, targets=[target])
    return target


@transaction.atomic
def delete_target(*, actor: Actor, target: Target) -> None:
    """Delete it. Raises Conflict listing the variables scoped to it."""
    authorize(actor, Permission.MACHINE_DELETE, target)
    refuse_while_used(target, referrers.of_target(actor, target))
    record(actor, "Deleted", target)
    target.delete()


@transaction.atomic
def check_health(*, actor: Actor, targets: Sequence[Target]) -> ServerTask:
    """Check these targets now, because a person asked. Raises PermissionRefused, Invalid."""
    if not targets:
        raise Invalid("There is no target to check.")
    for target in targets:
        authorize(actor, Permission.MACHINE_VIEW, target)
        authorize(actor, Permission.TASK_CREATE, target)
    task = queue_health_check(actor=actor, targets=targets)
    if task is None:
        raise Invalid("Disabled targets are not checked.")
    return task


def queue_health_check(*, actor: Actor, targets: Sequence[Target]) -> ServerTask | None:
    """Forget the health of these targets and queue one task that finds it out; disabled ones are left
    alone. Judges no permission: what it follows from was judged. None: nothing to check."""
    due = [target for target in targets if not target.is_disabled]
    if not due:
        return None
    Target.objects.filter(pk__in=[target.pk for target in due]).update(
        health=Health.UNKNOWN.value, health_summary="", offered_fingerprint=""
    )
    for target in due:
        target.health, target.health_summary, target.offered_fingerprint = "Unknown", "", ""
    what = due[0].name if len(due) == 1 else f"{len(due)} targets"
    task = ServerTask.objects.create(
        space_id=due[0].space_id,
        kind=ServerTask.Kind.HEALTH,
        description=f"Check the health of {what}",
        arguments={"MachineIds": [target.wire_id for target in due]},
        requested_by=actor.user,
        requested_with=actor.identity,
    )
    transaction.on_commit(partial(enqueue, task.pk))
    return task


class PolicyFields(TypedDict, total=False):
    """What can be said about a machine policy; what is left out stays as it is."""

    slug: str
    description: str
    health_interval: timedelta
    only_connectivity: bool
    bash_script: str
    may_be_offline: bool


class PolicyChanges(PolicyFields, total=False):
    name: str


@transaction.atomic
def create_machine_policy(
    *, actor: Actor, space: Space, name: str, **fields: Unpack[PolicyFields]
) -> MachinePolicy:
    """A new policy; the default one stays the default. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.MACHINE_POLICY_CREATE, space)
    policy = MachinePolicy(space=space, name=name, **fields)
    return create_named(actor, policy, fields, _interval_problems(fields))


@transaction.atomic
def update_machine_policy(
    *, actor: Actor, policy: MachinePolicy, **fields: Unpack[PolicyChanges]
) -> MachinePolicy:
    """Change it. Raises PermissionRefused, Invalid."""
    authorize(actor, Permission.MACHINE_POLICY_EDIT, policy)
    return update_named(actor, policy, fields, _interval_problems(fields))


@transaction.atomic
def delete_machine_policy(*, actor: Actor, policy: MachinePolicy) -> None:
    """Delete it. Raises Conflict for the default policy, or listing the targets that follow it."""
    authorize(actor, Permission.MACHINE_POLICY_DELETE, policy)
    if policy.is_default:
        raise Conflict("The default machine policy cannot be deleted.")
    refuse_while_used(policy, referrers.of_policy(actor, policy))
    record(actor, "Deleted", policy)
    policy.delete()


def clean_roles(roles: Iterable[str]) -> list[str]:
    """Roles trimmed, each once without regard to case, in the given order."""
    named = {role.strip().lower(): role.strip() for role in reversed(list(roles)) if role.strip()}
    return list(reversed(named.values()))


def _authorize(
    actor: Actor,
    permission: Permission,
    space: Space,
    environments: Sequence[Environment],
    tenants: Sequence[Tenant],
) -> None:
    """A target serves several environments and tenants: what is done to it needs the permission in all
    of them (P6)."""
    for environment in environments or (None,):
        for tenant in tenants or (None,):
            authorize(actor, permission, space, environment=environment, tenant=tenant)


def _environments_of(target: Target) -> list[Environment]:
    return list(Environment.objects.filter(targets__target=target))


def _change_fields(
    actor: Actor, target: Target, roles: Sequence[str] | None, fields: TargetChanges
) -> Changes:
    if "name" in fields:
        fields["name"] = fields["name"].strip()
    fields["slug"] = fields.get("slug") or target.slug
    changes = apply(target, fields)
    if roles is not None:
        changes |= apply(target, {"roles": clean_roles(roles)})
    if "fingerprint" in changes and "host_key" not in changes:
        target.host_key = ""
    if changes.keys() & {"host_key", "fingerprint"}:
        _pin(actor, target)
    return changes


def _problems(target: Target, environments: Sequence[Environment]) -> list[str]:
    problems = _tenant_problems(target)
    if not environments:
        problems.append("Choose at least one environment.")
    if not target.roles:
        problems.append("Give the target at least one target tag (role).")
    for role in target.roles:
        problems += [f"Role {role!r}: {text}" for text in name_problems(role, longest=100)]
        if "," in role:
            problems.append(f"The role {role!r} must not contain a comma.")
    if target.communication_style not in Target.Style.values:
        problems.append(
            f"Targets of type {target.communication_style!r} are not supported; "
            f"{' and '.join(Target.Style.values)} are."
        )
    elif target.communication_style == Target.Style.SSH:
        problems += _ssh_problems(target)
    return problems


def _tenant_problems(target: Target) -> list[str]:
    problems = []
    if target.tenanted_participation not in PARTICIPATIONS:
        problems.append(
            f"A target does not take part in tenanted deployments as {target.tenanted_participation!r}; "
            f"choose {', '.join(PARTICIPATIONS)}."
        )
    if target.tenant_tags:
        known = {tag_key(tag.canonical_name) for tag in tags_in(target.space_id)}
        missing = [name for name in target.tenant_tags if tag_key(name) not in known]
        problems += [f"The tag {name!r} does not exist." for name in missing]
    return problems


def _ssh_problems(target: Target) -> list[str]:
    problems = [host_problem(target.host), port_problem(target.port)]
    if target.account is None:
        problems.append("Choose the account to sign in with.")
    elif target.account.account_type == Account.Type.TOKEN:
        problems.append("SSH needs an account with a key pair or a password.")
    return [problem for problem in problems if problem] + _key_problems(target)


def _key_problems(target: Target) -> list[str]:
    if target.host_key:
        try:
            fingerprint_of(target.host_key)
        except BadHostKey as bad:
            return [str(bad)]
    elif target.fingerprint and not is_fingerprint(target.fingerprint):
        return ["The fingerprint must be a SHA-256 one, such as SHA256:uNiVztksCsDhcc0u9e8BrrQ…"]
    return []


def _pin(actor: Actor, target: Target) -> None:
    """Notes who trusts which key since when; the fingerprint always is that of the key."""
    if target.host_key:
        target.fingerprint = fingerprint_of(target.host_key)
    trusted = bool(target.fingerprint)
    target.host_key_accepted_by = actor.name if trusted else ""
    target.host_key_accepted_at = timezone.now() if trusted else None


def _set_environments(target: Target, environments: Sequence[Environment]) -> Changes:
    before = sorted(target.environments.values_list("environment_id", flat=True))
    after = sorted({environment.pk for environment in environments})
    if before == after:
        return {}
    target.environments.all().delete()
    TargetEnvironment.objects.bulk_create(
        TargetEnvironment(space_id=target.space_id, target=target, environment_id=pk)
        for pk in after
    )
    return {"environments": [before, after]}


def _set_tenants(actor: Actor, target: Target, tenants: Sequence[Tenant]) -> Changes:
    """Make these the tenants among those that the actor can see; the hidden ones stay (domain.md 4.4)."""
    seen = visible(actor, Permission.TENANT_VIEW, Tenant.objects.in_space(target.space_id))
    rows = target.tenants.filter(tenant__in=seen)
    before = set(rows.values_list("tenant_id", flat=True))
    after = {tenant.pk for tenant in tenants}
    if before == after:
        return {}
    rows.exclude(tenant__in=after).delete()
    TargetTenant.objects.bulk_create(
        TargetTenant(space_id=target.space_id, target=target, tenant_id=pk)
        for pk in sorted(after - before)
    )
    return {"tenants": [sorted(before), sorted(after)]}


def _interval_problems(fields: PolicyFields | PolicyChanges) -> list[str]:
    interval = fields.get("health_interval")
    if interval is None or interval >= SHORTEST_INTERVAL:
        return []
    return ["Health is checked at most once a minute."]

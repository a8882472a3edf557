"""What still refers to something, in words, so that deleting it can be refused with reasons.

What the actor may not see is counted but not named (domain.md 4.4).
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db.models import Q, QuerySet

from deployments.core.process import Action
from deployments.core.tags import tag_keys
from deployments.models import (
    Account,
    Channel,
    Deployment,
    EditedProcess,
    Environment,
    Feed,
    LibraryVariableSet,
    Lifecycle,
    MachinePolicy,
    ProcessSnapshot,
    Project,
    ProjectGroup,
    Release,
    Tag,
    Target,
    Tenant,
    Variable,
    VariableSnapshot,
    WorkerPool,
)
from spaces.access import allowed, visible
from spaces.actors import Actor
from spaces.permissions import Permission

SHOWN = 20

# What apps above add: the rows of theirs that name an environment or one of some tags.
environment_users: list[Callable[[Actor, Environment], list[str]]] = []
tag_users: list[Callable[[Actor, int, frozenset[str]], list[str]]] = []


def of_environment(actor: Actor, environment: Environment) -> list[str]:
    """Lifecycles, targets, accounts, steps, variables and deployments that name the environment."""
    pk = environment.pk
    lifecycles = Lifecycle.objects.filter(phases__environments__environment_id=pk).distinct()
    targets = Target.objects.filter(environments__environment_id=pk)
    accounts = Account.objects.filter(environments__environment_id=pk)
    deployments = Deployment.objects.filter(environment_id=pk)
    tenants = Tenant.objects.filter(projects__environments__environment_id=pk).distinct()
    return [
        *named(actor, Permission.LIFECYCLE_VIEW, lifecycles, "the lifecycle"),
        *named(actor, Permission.MACHINE_VIEW, targets, "the target"),
        *named(actor, Permission.ACCOUNT_VIEW, accounts, "the account"),
        *named(actor, Permission.TENANT_VIEW, tenants, "the tenant"),
        *_in_processes(
            actor,
            environment.space_id,
            lambda action: pk in action.environments or pk in action.excluded_environments,
        ),
        *_in_scopes(actor, environment.space_id, Q(scope__environments__contains=[pk])),
        *named(actor, Permission.DEPLOYMENT_VIEW, deployments, "the deployment of"),
        *(text for users in environment_users for text in users(actor, environment)),
    ]


def of_account(actor: Actor, account: Account) -> list[str]:
    """Targets that sign in with it, and variables that hold it."""
    held = Variable.objects.in_space(account.space_id).filter(value=account.wire_id)
    return [
        *named(actor, Permission.MACHINE_VIEW, account.targets.all(), "the target"),
        *named(actor, Permission.VARIABLE_VIEW, held, "the variable"),
    ]


def of_target(actor: Actor, target: Target) -> list[str]:
    """Variables scoped to the target."""
    return _in_scopes(actor, target.space_id, Q(scope__machines__contains=[target.pk]))


def of_policy(actor: Actor, policy: MachinePolicy) -> list[str]:
    return named(actor, Permission.MACHINE_VIEW, policy.targets.all(), "the target")


def of_lifecycle(actor: Actor, lifecycle: Lifecycle) -> list[str]:
    channels = Channel.objects.filter(lifecycle=lifecycle)
    return [
        *named(actor, Permission.PROJECT_VIEW, lifecycle.projects.all(), "the project"),
        *named(actor, Permission.PROCESS_VIEW, channels, "the channel"),
    ]


def of_group(actor: Actor, group: ProjectGroup) -> list[str]:
    return named(actor, Permission.PROJECT_VIEW, group.projects.all(), "the project")


def of_channel(actor: Actor, channel: Channel) -> list[str]:
    """Releases of the channel, and steps and variables limited to it."""
    return [
        *named(actor, Permission.RELEASE_VIEW, channel.releases.all(), "the release"),
        *_in_processes(actor, channel.space_id, lambda action: channel.pk in action.channels),
        *_in_scopes(actor, channel.space_id, Q(scope__channels__contains=[channel.pk])),
    ]


def of_feed(actor: Actor, feed: Feed) -> list[str]:
    return _in_processes(
        actor, feed.space_id, lambda action: any(p.feed == feed.pk for p in action.packages)
    )


def of_pool(actor: Actor, pool: WorkerPool) -> list[str]:
    return _in_processes(actor, pool.space_id, lambda action: action.worker_pool == pool.pk)


def of_tenant(actor: Actor, tenant: Tenant) -> list[str]:
    """Deployments for the tenant, targets of its own, and variables limited to it."""
    targets = Target.objects.filter(tenants__tenant=tenant)
    return [
        *named(actor, Permission.MACHINE_VIEW, targets, "the target"),
        *_in_scopes(actor, tenant.space_id, Q(scope__tenants__contains=[tenant.pk])),
        *named(actor, Permission.TASK_VIEW, tenant.tasks.all(), "the task"),
    ]


def of_tags(actor: Actor, space_id: int, tags: Collection[Tag]) -> list[str]:
    """Whoever carries one of these tags, and whatever names one."""
    tenants = Tenant.objects.filter(tags__tag__in=tags).distinct()
    return [
        *named(actor, Permission.TENANT_VIEW, tenants, "the tenant"),
        *naming_tags(actor, space_id, tags),
    ]


def naming_tags(actor: Actor, space_id: int, tags: Collection[Tag]) -> list[str]:
    """What names one of these tags: channels, targets, environments, steps, variables, and the frozen
    copies of the latter two that releases hold."""
    keys = tag_keys(tag.canonical_name for tag in tags)
    if not keys:
        return []

    def names(model: Any, column: str) -> QuerySet[Any]:
        rows = model.objects.in_space(space_id)
        naming = [row.pk for row in rows if tag_keys(getattr(row, column)) & keys]
        found: QuerySet[Any] = rows.filter(pk__in=naming)
        return found

    return [
        *named(actor, Permission.PROCESS_VIEW, names(Channel, "tenant_tags"), "the channel"),
        *named(actor, Permission.MACHINE_VIEW, names(Target, "tenant_tags"), "the target"),
        *named(actor, Permission.ENVIRONMENT_VIEW, names(Environment, "tags"), "the environment"),
        *_in_processes(actor, space_id, lambda action: bool(tag_keys(action.tenant_tags) & keys)),
        *_in_scopes(actor, space_id, Q(scope__tenant_tags__has_any_keys=sorted(keys))),
        *named(actor, Permission.RELEASE_VIEW, _releases_naming(space_id, keys), "the release"),
        *(text for users in tag_users for text in users(actor, space_id, keys)),
    ]


def of_library_set(actor: Actor, library_set: LibraryVariableSet) -> list[str]:
    projects = Project.objects.in_space(library_set.space_id).filter(
        library_sets__contains=[library_set.pk]
    )
    return named(actor, Permission.PROJECT_VIEW, projects, "the project")


def named(actor: Actor, permission: Permission, rows: QuerySet[Any], kind: str) -> list[str]:
    """Each of the rows as "kind row", as far as the actor may see them and they are not too many."""
    total = rows.count()
    if not total:
        return []
    shown = [f"{kind} {row}" for row in visible(actor, permission, rows)[:SHOWN]]
    rest = total - len(shown)
    return [*shown, f"{rest} more that are not listed here"] if rest else shown


def _in_scopes(actor: Actor, space_id: int, scoped: Q) -> list[str]:
    rows = Variable.objects.in_space(space_id).filter(scoped)
    return named(actor, Permission.VARIABLE_VIEW, rows, "the variable")


def _in_processes(actor: Actor, space_id: int, names: Any) -> list[str]:
    """Steps of the space whose action satisfies `names`."""
    using = [
        process
        for kind in EditedProcess.__subclasses__()
        for process in kind.objects.in_space(space_id)
        if any(map(names, _actions(process)))
    ]
    seen = [process for process in using if allowed(actor, Permission.PROCESS_VIEW, process)]
    named = [
        f"the step {action.name} of {process.owner}"
        for process in seen
        for action in _actions(process)
        if names(action)
    ]
    rest = len(using) - len(seen)
    return [*named, f"{rest} more that are not listed here"] if rest else named


def _actions(process: EditedProcess) -> Iterable[Action]:
    return (action for step in process.parsed() for action in step.actions)


def _releases_naming(space_id: int, keys: frozenset[str]) -> QuerySet[Release]:
    """Releases whose frozen steps or variables name one of these tags."""
    processes = [
        row.pk
        for row in ProcessSnapshot.objects.in_space(space_id).filter(releases__isnull=False)
        if any(
            tag_keys(action.tenant_tags) & keys for step in row.parsed for action in step.actions
        )
    ]
    variables = [
        pk
        for pk, entries in VariableSnapshot.objects.in_space(space_id)
        .filter(releases__isnull=False)
        .values_list("pk", "entries")
        if any(tag_keys(entry["scope"].get("tenant_tags", ())) & keys for entry in entries)
    ]
    naming = Q(process__in=processes) | Q(variables__in=variables)
    rows: QuerySet[Release] = Release.objects.in_space(space_id).filter(naming)
    return rows.select_related("project")

"""The fourteen standing actors: whom the permission matrix, the pages and the fuzzers stand for.

Every one of them is judged in one space with one world (`tests.deployments.api.world`): the project Shop,
which is deployed to Dev. Some hold roles that are limited to Dev, or to another project than Shop.
"""

from dataclasses import dataclass

from deployments.models import Environment, Project
from spaces.actors import Actor
from spaces.models import Space, User
from spaces.permissions import Permission as P
from spaces.roles import BUILTIN_ROLES, BuiltinRole
from tests.factories.spaces import actor_for, grant, make_administrator, make_space, make_user

APPROVER = (
    P.PROJECT_VIEW,
    P.RELEASE_VIEW,
    P.DEPLOYMENT_VIEW,
    P.ENVIRONMENT_VIEW,
    P.TASK_VIEW,
    P.INTERRUPTION_VIEW,
    P.INTERRUPTION_VIEW_SUBMIT_RESPONSIBLE,
)
DASHBOARD_VIEWER = (
    P.PROJECT_VIEW,
    P.PROJECT_GROUP_VIEW,
    P.ENVIRONMENT_VIEW,
    P.LIFECYCLE_VIEW,
    P.RELEASE_VIEW,
    P.DEPLOYMENT_VIEW,
    P.TENANT_VIEW,
    P.INSIGHTS_REPORT_VIEW,
)


@dataclass(frozen=True)
class Held:
    """One role in the space. role: the slug of a built-in one, or the permissions of a custom one.

    in_dev: limited to the environment Dev. elsewhere: limited to a project that is not Shop.
    """

    role: str | tuple[P, ...]
    in_dev: bool = False
    elsewhere: bool = False

    @property
    def of_space(self) -> frozenset[P]:
        if isinstance(self.role, str):
            return frozenset(_builtin(self.role).space)
        return frozenset(self.role)

    def reaches(self, permission: P) -> bool:
        """Whether the limits, as far as the permission knows them, leave Shop in Dev inside."""
        return not (self.elsewhere and {"P", "G"} & set(permission.limits.split()))


@dataclass(frozen=True)
class Standing:
    """Somebody, and all that they hold. elsewhere: the role they have in another space."""

    name: str
    is_known: bool = True
    is_service: bool = False
    held: tuple[Held, ...] = ()
    system: str = ""
    elsewhere: str = ""

    @property
    def system_permissions(self) -> frozenset[P]:
        roles = [held.role for held in self.held] + [self.system, self.elsewhere]
        return frozenset[P]().union(
            *(_builtin(role).system for role in roles if isinstance(role, str) and role)
        )

    @property
    def knows_the_space(self) -> bool:
        return bool(self.held) or P.SPACE_VIEW in self.system_permissions

    def holds_somewhere(self, permission: P) -> bool:
        """Whether it is theirs for anything in the space."""
        return any(permission in held.of_space for held in self.held)

    def holds(self, permission: P) -> bool:
        """Whether it is theirs for Shop in Dev: domain.md 4.3, read without the code that is judged."""
        return any(permission in held.of_space and held.reaches(permission) for held in self.held)


STANDING = {
    actor.name: actor
    for actor in (
        Standing("anonymous", is_known=False),
        Standing("newcomer"),
        Standing("outsider", elsewhere="spacemanager"),
        Standing("administrator", system="systemadministrator"),
        Standing("system manager", system="systemmanager"),
        Standing("space manager", held=(Held("spacemanager"),)),
        Standing("viewer", held=(Held("projectviewer"),)),
        Standing("lead", held=(Held("projectlead"),)),
        Standing("deployer", held=(Held("projectdeployer"),)),
        Standing("developer", held=(Held("projectviewer"), Held("deploymentcreator", in_dev=True))),
        Standing("approver", held=(Held(APPROVER),)),
        Standing("dashboard viewer", held=(Held(DASHBOARD_VIEWER),)),
        Standing("other team", held=(Held("spacemanager", elsewhere=True),)),
        Standing("build server", is_service=True, held=(Held("buildserver"),)),
    )
}


def enter(who: Standing, space: Space, dev: Environment, elsewhere: Project) -> Actor | None:
    """The actor, made and given all that they hold; None for the anonymous one."""
    if not who.is_known:
        return None
    user = _user(who)
    for held in who.held:
        grant(
            user,
            held.role,
            space,
            projects=[elsewhere.pk] if held.elsewhere else (),
            environments=[dev.pk] if held.in_dev else (),
        )
    if who.elsewhere:
        grant(user, who.elsewhere, make_space())
    return actor_for(user)


def _user(who: Standing) -> User:
    name = who.name.replace(" ", "-")
    if who.system == "systemadministrator":
        return make_administrator(username=name)
    user = make_user(username=name, is_service=who.is_service)
    if who.system:
        grant(user, who.system, None)
    return user


def _builtin(slug: str) -> BuiltinRole:
    return next(role for role in BUILTIN_ROLES if role.slug == slug)

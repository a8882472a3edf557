"""Teams, roles and the assignments that give a team a role somewhere. domain.md 4."""

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from guardian.models import GroupObjectPermissionBase

from spaces.models.base import WireIdentified
from spaces.models.spaces import Space
from spaces.models.users import User
from spaces.scopes import Scope


class Team(WireIdentified, models.Model):
    """People who hold roles together. No space: a system team, which may hold roles in any space.

    builtin: "everyone", "administrators", "managers" or "spacemanagers"; empty for all others.
    group: the Django group under which django-guardian keeps what the team may do.
    """

    wire_prefix = "Teams"

    EVERYONE = "everyone"
    ADMINISTRATORS = "administrators"
    MANAGERS = "managers"
    SPACE_MANAGERS = "spacemanagers"

    space = models.ForeignKey(
        Space, on_delete=models.CASCADE, related_name="teams", null=True, blank=True
    )
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    builtin = models.CharField(max_length=20, blank=True, default="", editable=False)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    external_groups = models.JSONField(default=list, blank=True)
    group = models.OneToOneField(
        Group, on_delete=models.PROTECT, related_name="team", editable=False
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), "space", nulls_distinct=False, name="team_name_unique"
            ),
            models.UniqueConstraint(
                fields=["builtin", "space"],
                condition=~Q(builtin=""),
                nulls_distinct=False,
                name="team_builtin_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wire_id(self) -> str:
        """Built-in teams have readable ids: "teams-everyone", "teams-spacemanagers-Spaces-1"."""
        if self.builtin == self.SPACE_MANAGERS:
            return f"teams-{self.builtin}-Spaces-{self.space_id}"
        return f"teams-{self.builtin}" if self.builtin else super().wire_id

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        kind, dash, name = text.lower().partition("-")
        builtin, _, space = name.partition("-")
        if kind == "teams" and dash and builtin == cls.SPACE_MANAGERS:
            lookup = Space.wire_lookup(space)
            return Q(builtin=builtin, space__in=Space.objects.filter(lookup)) if lookup else None
        if kind == "teams" and name in (cls.EVERYONE, cls.ADMINISTRATORS, cls.MANAGERS):
            return Q(builtin=name)
        return super().wire_lookup(text)

    @property
    def can_be_deleted(self) -> bool:
        return not self.builtin

    @property
    def can_be_renamed(self) -> bool:
        return not self.builtin

    @property
    def can_change_roles(self) -> bool:
        return self.builtin not in (self.ADMINISTRATORS, self.SPACE_MANAGERS)

    @property
    def can_change_members(self) -> bool:
        return self.builtin != self.EVERYONE


class UserRole(WireIdentified, models.Model):
    """A named set of permissions. Built-in ones never change; clone one to change it.

    slug: the readable part of a built-in role's id ("projectdeployer"); empty for all others.
    """

    wire_prefix = "UserRoles"

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    space_permissions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    system_permissions = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    is_builtin = models.BooleanField(default=False, editable=False)
    slug = models.CharField(max_length=60, blank=True, default="", editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="userrole_name_unique"),
            models.UniqueConstraint(
                fields=["slug"], condition=~Q(slug=""), name="userrole_slug_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def wire_id(self) -> str:
        return f"userroles-{self.slug}" if self.slug else super().wire_id

    @classmethod
    def wire_lookup(cls, text: str) -> Q | None:
        kind, _, slug = text.lower().partition("-")
        if kind == "userroles" and slug and not slug.isdigit():
            return Q(slug=slug)
        return super().wire_lookup(text)


class ScopedUserRole(WireIdentified, models.Model):
    """A team holds a role in a space, limited to some projects, environments or tenants.

    Arrays: NULL means any; they are never empty, because an emptied list would silently lift the limit
    (domain.md 4.3). What the team may do through this row is in `grants`. No space: system level.
    """

    wire_prefix = "ScopedUserRoles"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="scoped_roles")
    role = models.ForeignKey(UserRole, on_delete=models.PROTECT, related_name="scoped_roles")
    space = models.ForeignKey(
        Space, on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    project_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    project_group_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    environment_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    tenant_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)

    class Meta:
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="scopeduserrole_no_empty_list",
                condition=~Q(project_ids=[])
                & ~Q(project_group_ids=[])
                & ~Q(environment_ids=[])
                & ~Q(tenant_ids=[]),
            ),
            models.CheckConstraint(
                name="scopeduserrole_system_is_unscoped",
                condition=Q(space__isnull=False)
                | Q(
                    project_ids__isnull=True,
                    project_group_ids__isnull=True,
                    environment_ids__isnull=True,
                    tenant_ids__isnull=True,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} for {self.team}"

    @property
    def scope(self) -> Scope:
        return Scope.of(
            projects=self.project_ids,
            groups=self.project_group_ids,
            environments=self.environment_ids,
            tenants=self.tenant_ids,
        )


class ScopedUserRoleGrant(GroupObjectPermissionBase):
    """django-guardian's record that a team's group holds one permission through one assignment."""

    content_object = models.ForeignKey(
        ScopedUserRole, on_delete=models.CASCADE, related_name="grants"
    )

    class Meta(GroupObjectPermissionBase.Meta):
        default_permissions = ()

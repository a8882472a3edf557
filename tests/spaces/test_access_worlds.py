"""Four judges of random worlds must agree: the check of one row, the filter in the database, the explanation
for people, and one that reads domain.md 4.3 word by word. Promise P6."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django.apps import apps
from django.db import connection, models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spaces.access import allowed, visible
from spaces.explanation import Question, explain
from spaces.models import Dimensions, SpaceOwned
from spaces.permissions import Permission
from tests.factories.spaces import actor_for, grant, make_space, make_user

PROJECTS = {1: 10, 2: 10, 3: 20}  # project: its group
ENVIRONMENTS = (1, 2, 3)
TENANTS = (1, 2)
SPACES = (0, 1)
# One permission for every combination of limits, one that views and one that does not.
ASKED = list({(p.limits, p.is_view): p for p in Permission if p.in_spaces}.values())


@dataclass(frozen=True)
class Assignment:
    space: int
    permissions: frozenset[Permission]
    projects: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    environments: frozenset[int] = frozenset()
    tenants: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Thing:
    """many: whether it has several environments and tenants; then it has no project."""

    space: int
    many: bool
    project: int | None = None
    environments: frozenset[int] = field(default_factory=frozenset)
    tenants: frozenset[int] = field(default_factory=frozenset)


def some(values):
    return st.frozensets(st.sampled_from(sorted(values)), max_size=2)


assignments = st.builds(
    Assignment,
    space=st.sampled_from(SPACES),
    permissions=st.frozensets(st.sampled_from(ASKED), min_size=1, max_size=4),
    projects=some(PROJECTS),
    groups=some({10, 20}),
    environments=some(ENVIRONMENTS),
    tenants=some(TENANTS),
)
single_things = st.builds(
    Thing,
    space=st.sampled_from(SPACES),
    many=st.just(False),
    project=st.none() | st.sampled_from(sorted(PROJECTS)),
    environments=st.frozensets(st.sampled_from(ENVIRONMENTS), max_size=1),
    tenants=st.frozensets(st.sampled_from(TENANTS), max_size=1),
)
wide_things = st.builds(
    Thing,
    space=st.sampled_from(SPACES),
    many=st.just(True),
    environments=some(ENVIRONMENTS),
    tenants=some(TENANTS),
)


def oracle(held: list[Assignment], permission: Permission, thing: Thing) -> bool:
    """domain.md 4.3 and P6, read slowly: for each place a thing is in, some one assignment must fit."""
    environments: list[int | None] = [*thing.environments] or [None]
    tenants: list[int | None] = [*thing.tenants] or [None]
    fits = [
        any(one_fits(a, permission, thing, environment, tenant) for a in held)
        for environment in environments
        for tenant in tenants
    ]
    return any(fits) if permission.is_view else all(fits)


def one_fits(a: Assignment, permission, thing, environment, tenant) -> bool:
    if a.space != thing.space or permission not in a.permissions:
        return False
    limits = permission.limits.split()
    if ("P" in limits or "G" in limits) and (a.projects or a.groups):
        in_project = thing.project in a.projects
        in_group = thing.project is not None and PROJECTS[thing.project] in a.groups
        if not (in_project or in_group):
            return False
    if "E" in limits and a.environments and environment not in a.environments:
        shown_everywhere = thing.many and environment is None and permission.is_view
        if not shown_everywhere:
            return False
    if "T!" in limits and a.tenants and tenant not in a.tenants:
        return False
    return not ("T" in limits and a.tenants and tenant is not None and tenant not in a.tenants)


def define_models():
    """Two kinds of things for this module alone: deployments' models must not matter here."""

    class Work(SpaceOwned):
        """A thing in one project, environment and tenant, each of which may be missing."""

        dimensions: ClassVar[Dimensions] = Dimensions(
            project="project", group="group", environment="environment", tenant="tenant"
        )
        project = models.BigIntegerField(null=True)
        group = models.BigIntegerField(null=True)
        environment = models.BigIntegerField(null=True)
        tenant = models.BigIntegerField(null=True)

        class Meta:
            app_label = "spaces"

        def __str__(self):
            return "work"

    class Host(SpaceOwned):
        """A thing in several environments and tenants, like a target."""

        dimensions: ClassVar[Dimensions] = Dimensions(
            environment="places__environment",
            tenant="owners__tenant",
            many=frozenset({"environment", "tenant"}),
        )

        class Meta:
            app_label = "spaces"

        def __str__(self):
            return "host"

    class HostPlace(models.Model):
        host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="places")
        environment = models.BigIntegerField()

        class Meta:
            app_label = "spaces"

        def __str__(self):
            return "place"

    class HostOwner(models.Model):
        host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="owners")
        tenant = models.BigIntegerField()

        class Meta:
            app_label = "spaces"

        def __str__(self):
            return "owner"

    return Work, Host, HostPlace, HostOwner


@dataclass(frozen=True)
class World:
    """The models, their tables being there."""

    Work: Any
    Host: Any
    HostPlace: Any
    HostOwner: Any

    def stored(self, thing: Thing, space) -> SpaceOwned:
        if not thing.many:
            return self.Work.objects.create(
                space=space,
                project=thing.project,
                group=PROJECTS.get(thing.project or 0),
                environment=next(iter(thing.environments), None),
                tenant=next(iter(thing.tenants), None),
            )
        host = self.Host.objects.create(space=space)
        places = [self.HostPlace(host=host, environment=pk) for pk in thing.environments]
        owners = [self.HostOwner(host=host, tenant=pk) for pk in thing.tenants]
        self.HostPlace.objects.bulk_create(places)
        self.HostOwner.objects.bulk_create(owners)
        return host


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    kinds = define_models()
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            for model in kinds:
                editor.create_model(model)
        yield World(*kinds)
        with connection.schema_editor() as editor:
            for model in reversed(kinds):
                editor.delete_model(model)
    for model in kinds:
        del apps.all_models["spaces"][model._meta.model_name]
    apps.clear_cache()


@pytest.mark.promise("P6")
@pytest.mark.promise("P7")
@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    held=st.lists(assignments, min_size=1, max_size=5),
    things=st.lists(single_things | wide_things, min_size=1, max_size=8),
    asked=st.lists(st.sampled_from(ASKED), max_size=3),
)
def test_check_filter_and_oracle_agree(db, world, held, things, asked):
    spaces = [make_space() for _ in SPACES]
    user = make_user()
    for a in held:
        grant(
            user,
            a.permissions,
            spaces[a.space],
            projects=a.projects,
            groups=a.groups,
            environments=a.environments,
            tenants=a.tenants,
        )
    actor = actor_for(user)
    rows = {thing: world.stored(thing, spaces[thing.space]) for thing in dict.fromkeys(things)}

    permissions = {*asked, *(p for a in held for p in a.permissions)}
    for permission in permissions:
        listed = {
            (model, pk)
            for model in (world.Work, world.Host)
            for pk in visible(actor, permission, model.objects.all()).values_list("pk", flat=True)
        }
        for thing, row in rows.items():
            expected = oracle(held, permission, thing)
            assert allowed(actor, permission, row) is expected, (permission, thing)
            assert ((type(row), row.pk) in listed) is expected, (permission, thing)
            assert explain(user, Question(permission, row)).is_allowed is expected

"""Rights: one check, a user seen for the first time, and pages of what somebody may see.

The user holds 300 scoped roles, each limited to one project and one environment: what a large company with
a team per project and environment comes to.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle, product
from pathlib import Path
from typing import Any

from bench.database import start_database
from bench.rows import Row

PROJECTS = 100
ENVIRONMENTS = 4
ROLES = 300
DEPLOYMENTS = 200_000
RARE = 60  # deployments of the project that somebody sees alone
PAGE = 30
CHECKS = 5_000


def access() -> Iterator[Row]:
    """Microseconds for a check, milliseconds for a cold user and for the database's part of a page."""
    with ExitStack() as things:
        folder = Path(things.enter_context(tempfile.TemporaryDirectory(prefix="octoplat-bench-")))
        start_database(folder, things)
        world = _World()
        yield Row("a check that passes, 300 roles", world.warm_check(), "µs", aim="≤ 20")
        yield Row("a check that fails, 300 roles", world.warm_refusal(), "µs", aim="≤ 20")
        yield Row("the first check of a user, 300 roles", world.cold_check(), "ms", aim="≤ 10")
        for who, actor in world.readers():
            what = f"{PAGE} of {DEPLOYMENTS:,} deployments, {who}"
            yield Row(what, world.page(actor), "ms", aim="≤ 25")


class _World:
    """A space with many projects, deployed many times, and people who see parts of it."""

    def __init__(self) -> None:
        from tests.factories import deployments as made
        from tests.factories import spaces as people

        self._people: Any = people
        self.space = made.make_furnished_space()
        self.environments = [made.make_environment(self.space) for _ in range(ENVIRONMENTS)]
        made.make_target(self.space, *self.environments)
        self.projects = [made.make_project(self.space) for _ in range(PROJECTS)]
        first = made.make_deployment(made.make_release(self.projects[0]), self.environments[0])
        _drop_foreign_keys("deployments_deployment", "deployments_servertask")
        _multiply(first, self.projects[1:], self.environments, DEPLOYMENTS)
        _multiply(first, self.projects[:1], self.environments, RARE)
        self.member = self._member_with(
            {"projects": [project.pk], "environments": [environment.pk]}
            for project in self.projects
            for environment in self.environments[: ROLES // PROJECTS]
        )

    def warm_check(self) -> float:
        from spaces.access import authorize
        from spaces.permissions import Permission

        actor = self._people.actor_for(self.member)
        places = cycle(product(self.projects, self.environments[: ROLES // PROJECTS]))

        def check() -> None:
            project, environment = next(places)
            authorize(actor, Permission.DEPLOYMENT_CREATE, project, environment=environment)

        check()
        return 1e6 * _seconds(check, CHECKS)

    def warm_refusal(self) -> float:
        from spaces.access import allowed
        from spaces.permissions import Permission

        actor, elsewhere = self._people.actor_for(self.member), self.environments[-1]
        projects = cycle(self.projects)

        def check() -> None:
            assert not allowed(
                actor, Permission.DEPLOYMENT_CREATE, next(projects), environment=elsewhere
            )

        check()
        return 1e6 * _seconds(check, CHECKS)

    def cold_check(self) -> float:
        from spaces.access import authorize
        from spaces.permissions import Permission
        from spaces.services.grants import rights_changed

        def check() -> None:
            rights_changed()
            actor = self._people.actor_for(self.member)
            authorize(actor, Permission.PROJECT_VIEW, self.projects[-1])

        return 1e3 * _seconds(check, 20)

    def readers(self) -> Iterator[tuple[str, Any]]:
        """People by what they see, from everything to next to nothing."""
        everything, rarity = self._member_with([{}]), {"projects": [self.projects[0].pk]}
        yield "all visible", self._people.actor_for(everything)
        yield "by 300 roles", self._people.actor_for(self.member)
        group = {"groups": [self.projects[0].group_id]}
        yield "by project group", self._people.actor_for(self._member_with([group]))
        yield f"{RARE} visible", self._people.actor_for(self._member_with([rarity]))

    def page(self, actor: Any) -> float:
        """Milliseconds of planning and executing, as PostgreSQL tells."""
        from deployments.models import Deployment
        from spaces.access import visible
        from spaces.permissions import Permission

        rows = visible(
            actor, Permission.DEPLOYMENT_VIEW, Deployment.objects.in_space(self.space)
        ).select_related("task", "environment", "release")[:PAGE]
        runs = [json.loads(rows.explain(format="json", analyze=True))[0] for _ in range(5)]
        return min(float(run["Planning Time"] + run["Execution Time"]) for run in runs)

    def _member_with(self, scopes: Any) -> Any:
        from spaces.permissions import Permission

        user, team = self._people.make_user(), self._people.make_team(self.space)
        team.members.add(user)
        role = self._people.make_role(
            Permission.PROJECT_VIEW, Permission.DEPLOYMENT_VIEW, Permission.DEPLOYMENT_CREATE
        )
        for scope in scopes:
            self._people.assign(team, role, self.space, **scope)
        return user


def _multiply(first: Any, projects: Any, environments: Any, count: int) -> None:
    """Copies of a deployment and its task, spread evenly over projects and environments."""
    from django.db import connection, transaction

    from tests.factories.deployments import make_release

    places = [
        (project.pk, environment.pk, release.pk, release.channel_id)
        for project in projects
        for release in [make_release(project)]
        for environment in environments
    ]
    base = type(first).objects.latest("pk").pk + 1_000_000
    where = {name: f"place.{name}" for name in ("project_id", "environment_id")}
    names = ("project_id", "environment_id", "release_id", "channel_id")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE place ON COMMIT DROP AS SELECT number - 1 AS number,"
            " project_id, environment_id, release_id, channel_id FROM unnest(%s, %s, %s, %s)"
            " WITH ORDINALITY AS t (project_id, environment_id, release_id, channel_id, number)",
            [list(column) for column in zip(*places, strict=True)],
        )
        for row, changed in (
            (first.task, where),
            (first, {**{n: f"place.{n}" for n in names}, "task_id": "%(base)s + n"}),
        ):
            copied = {"id": "%(base)s + n", "secret_id": "gen_random_uuid()", **changed}
            columns = [field.column for field in row._meta.concrete_fields]
            values = [copied.get(column, f"old.{column}") for column in columns]
            table = row._meta.db_table
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
                f" FROM {table} AS old, generate_series(1, %(count)s) AS n"
                f" JOIN place ON place.number = n %% {len(places)} WHERE old.id = %(id)s",
                {"base": base, "count": count, "id": row.pk},
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _drop_foreign_keys(*tables: str) -> None:
    """Copies refer to what is there; looking at each would take minutes, and the database is ours alone."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = ANY (%s::regclass[])",
            [list(tables)],
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def _seconds(act: Callable[[], object], times: int) -> float:
    """The mean, in processor time: other work on the machine does not count."""
    began = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - began) / times

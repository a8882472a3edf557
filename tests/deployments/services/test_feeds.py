"""Feeds and worker pools. domain.md 7, 15."""

from dataclasses import replace

import pytest

from deployments.models import Feed, WorkerPool
from deployments.services.feeds import create_feed, delete_feed, update_feed
from deployments.services.processes import save_process
from deployments.services.workers import (
    create_worker_pool,
    delete_worker_pool,
    sort_worker_pools,
    update_worker_pool,
)
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from tests.factories.deployments import SYSTEM, make_project, package_step, script_step


@pytest.fixture
def feed(manager, space):
    return create_feed(
        actor=manager,
        space=space,
        name="NuGet",
        feed_type="NuGet",
        uri="https://nuget.example.org",
        password="swordfish",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"feed_type": "BuiltIn"},
        {"feed_type": "Floppy"},
        {"uri": "file:///etc/passwd"},
        {"uri": "nuget.example.org"},
        {"uri": "https://user:secret@nuget.example.org"},
        {"name": ""},
    ],
)
def test_bad_feeds_are_refused(manager, space, given):
    fine = {"name": "X", "feed_type": "NuGet", "uri": "https://nuget.example.org"}

    with pytest.raises(Invalid):
        create_feed(actor=manager, space=space, **fine | given)


@pytest.mark.promise("S2")
def test_the_password_of_a_feed_is_sealed_and_kept(manager, feed):
    assert feed.password != "swordfish"

    update_feed(actor=manager, feed=feed, name="Renamed", password=None)

    feed.refresh_from_db()
    assert (feed.name, feed.reveal("password")) == ("Renamed", "swordfish")


def test_the_built_in_feed_and_feeds_in_use_stay(manager, space, feed):
    with pytest.raises(Conflict, match="built-in"):
        delete_feed(actor=manager, feed=Feed.objects.get(feed_type="BuiltIn"))

    step = package_step("Acme.Web")
    action = step.actions[0]
    reference = replace(action.packages[0], feed=feed.pk)
    step = replace(step, actions=(replace(action, packages=(reference,)),))
    project = make_project(space, step, name="Shop")
    with pytest.raises(Conflict, match="the step Deploy package of Shop"):
        delete_feed(actor=manager, feed=feed)

    save_process(actor=SYSTEM, project=project, steps=[script_step()])
    delete_feed(actor=manager, feed=feed)
    assert not Feed.objects.filter(pk=feed.pk).exists()


def test_viewers_and_strangers_change_no_feed(viewer, outsider, feed):
    for actor in (viewer, outsider):
        with pytest.raises((PermissionRefused, NotFound)):
            update_feed(actor=actor, feed=feed, name="Mine")


def test_a_new_default_pool_replaces_the_old_one(manager, space):
    pool = create_worker_pool(actor=manager, space=space, name="Linux", is_default=True)

    assert WorkerPool.objects.in_space(space).get(is_default=True) == pool
    with pytest.raises(Invalid, match="another pool"):
        update_worker_pool(actor=manager, pool=pool, is_default=False)
    with pytest.raises(Conflict, match="default"):
        delete_worker_pool(actor=manager, pool=pool)


def test_pools_are_sorted(manager, space):
    pool = create_worker_pool(actor=manager, space=space, name="Linux")

    ordered = sort_worker_pools(actor=manager, space=space, order=[pool.pk])

    assert ordered[0] == pool
    with pytest.raises(Invalid, match="WorkerPools-999999"):
        sort_worker_pools(actor=manager, space=space, order=[999999])


def test_a_pool_in_use_stays(manager, space):
    pool = create_worker_pool(actor=manager, space=space, name="Linux")
    make_project(space, script_step(worker_pool=pool.pk), name="Shop")

    with pytest.raises(Conflict, match="of Shop"):
        delete_worker_pool(actor=manager, pool=pool)


def test_viewers_and_strangers_change_no_pool(viewer, outsider, space):
    for actor in (viewer, outsider):
        with pytest.raises((PermissionRefused, NotFound)):
            create_worker_pool(actor=actor, space=space, name="Mine")

"""The built-in feed. domain.md 15."""

import pytest

from deployments import blobs
from deployments.models import Package
from deployments.services.packages import (
    OverwriteMode,
    authorize_for_package,
    delete_packages,
    push_package,
)
from spaces.errors import Conflict, Invalid, NotFound, PermissionRefused
from spaces.permissions import Permission
from tests.factories.deployments import make_package, make_project, package_step, zip_bytes
from tests.factories.spaces import actor_for, grant, make_user


def push(actor, space, name="Acme.Web.1.0.0.zip", content=None, overwrite=OverwriteMode.FAIL):
    with blobs.store().receive() as incoming:
        incoming.write(zip_bytes() if content is None else content)
        return push_package(
            actor=actor, space=space, incoming=incoming, file_name=name, overwrite=overwrite
        )


def test_id_version_and_hashes_are_kept(manager, space):
    package, is_new = push(manager, space, "Acme.Web.1.2.3-beta.1.tar.gz", _tar())

    assert is_new
    assert (package.package_id, package.version) == ("Acme.Web", "1.2.3-beta.1")
    assert package.extension == ".tar.gz"
    assert blobs.store().exists(package.sha256)


def _tar():
    import io
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("index.html")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return buffer.getvalue()


def test_versions_that_are_equal_are_the_same_package(manager, space):
    push(manager, space, "Acme.Web.1.0.zip")

    _, is_new = push(manager, space, "acme.web.1.0.0.zip")
    assert not is_new
    with pytest.raises(Conflict):
        push(manager, space, "ACME.Web.1.0.0.zip", zip_bytes(a="other"))


def test_versions_sort_as_versions(space):
    for version in ("1.10.0", "1.9.0", "1.10.0-beta.2", "1.10.0-beta.10"):
        make_package(space, version=version)

    rows = Package.objects.in_space(space).order_by("-version_key")
    assert [row.version for row in rows] == ["1.10.0", "1.10.0-beta.10", "1.10.0-beta.2", "1.9.0"]


@pytest.mark.promise("S14")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Acme.Web.1.0.0.zip", b"no archive"),
        ("Acme.Web.1.0.0.zip", zip_bytes(**{"../x": "y"})),
        ("Acme.Web.1.0.0.exe", zip_bytes()),
        ("..1.0.0.zip", zip_bytes()),
        ("x" * 101 + ".1.0.0.zip", zip_bytes()),
        ("Acme.1.0.0-" + "x" * 101 + ".zip", zip_bytes()),
        ("package.nupkg", zip_bytes()),
        ("package.nupkg", zip_bytes(**{"a.nuspec": "<!DOCTYPE x [<!ENTITY e 'x'>]><x/>"})),
        ("package.nupkg", zip_bytes(**{"a.nuspec": "<package>"})),
    ],
)
def test_what_is_refused_leaves_neither_row_nor_file(
    manager, space, settings, tmp_path, name, content
):
    settings.BLOBS_FOLDER = tmp_path

    with pytest.raises(Invalid):
        push(manager, space, name, content)

    assert not Package.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_replacing_needs_the_wish_and_the_permission(space, manager):
    make_package(space)
    user = make_user()
    grant(user, [Permission.BUILT_IN_FEED_PUSH, Permission.FEED_VIEW], space)
    other = zip_bytes(a="other")

    with pytest.raises(Conflict, match="overwriteMode"):
        push(manager, space, content=other)
    with pytest.raises(PermissionRefused, match="BuiltInFeedAdminister"):
        push(actor_for(user), space, content=other, overwrite=OverwriteMode.OVERWRITE)

    package, is_new = push(manager, space, content=other, overwrite=OverwriteMode.OVERWRITE)
    assert not is_new
    assert Package.objects.get().sha256 == package.sha256


def test_a_role_limited_to_a_project_covers_the_packages_its_steps_name(space):
    project = make_project(space, package_step("Acme.Web"))
    user = make_user()
    grant(user, Permission.BUILT_IN_FEED_PUSH, space, projects=[project.pk])
    actor = actor_for(user)

    package, _ = push(actor, space)
    assert package.pushed_by == user.username
    with pytest.raises(PermissionRefused):
        push(actor, space, "Acme.Other.1.0.0.zip")


def test_strangers_and_viewers_push_and_fetch_nothing(viewer, outsider, space):
    with pytest.raises(PermissionRefused):
        push(viewer, space)
    with pytest.raises(NotFound):
        push(outsider, space)
    with pytest.raises(PermissionRefused):
        authorize_for_package(viewer, Permission.BUILT_IN_FEED_DOWNLOAD, space, "Acme.Web")

    assert not Package.objects.exists()


def test_bytes_go_with_the_last_package_that_has_them(
    manager, space, other_space, django_capture_on_commit_callbacks
):
    first, second = make_package(space), make_package(other_space)
    assert first.sha256 == second.sha256

    with django_capture_on_commit_callbacks(execute=True):
        delete_packages(actor=manager, packages=[first])
    assert blobs.store().exists(second.sha256)

    with django_capture_on_commit_callbacks(execute=True):
        second.delete()
        from deployments.blob_rows import forget_blob

        forget_blob(second.sha256)
    assert not blobs.store().exists(second.sha256)


def test_of_several_packages_all_are_deleted_or_none(manager, space, other_space):
    own, foreign = make_package(space), make_package(other_space)

    with pytest.raises((NotFound, PermissionRefused)):
        delete_packages(actor=manager, packages=[own, foreign])

    assert Package.objects.count() == 2

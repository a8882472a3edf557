"""Packages by hand: uploaded, listed with their highest version."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from deployments.models import Package
from tests.factories.deployments import make_package, zip_bytes


def upload(name="Acme.Web.1.2.0.zip", content=None):
    return {"file": SimpleUploadedFile(name, content or zip_bytes())}


def test_a_package_is_uploaded(browse, manager, space, home):
    answer = browse(manager).post(f"{home}/library/packages/upload", upload())

    assert answer["Location"] == f"{home}/library/packages/Acme.Web/"
    assert Package.objects.get(space=space).version == "1.2.0"


@pytest.mark.parametrize(
    ("name", "content"), [("noversion.zip", None), ("Acme.Web.1.0.0.zip", b"no archive")]
)
def test_what_is_no_package_is_refused_with_its_reason(browse, manager, home, name, content):
    answer = browse(manager).post(f"{home}/library/packages/upload", upload(name, content))

    assert answer.status_code == 422
    assert "Not saved" in answer.text
    assert not Package.objects.exists()


def test_the_list_shows_each_package_once_with_its_highest_version(browse, manager, space, home):
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        make_package(space, "Acme.Web", version)

    text = browse(manager).get(f"{home}/library/packages").text

    assert text.count("/library/packages/Acme.Web/") == 1
    assert "1.10.0" in text
    assert "1.9.0" not in text


def test_versions_are_listed_highest_first(browse, manager, space, home):
    for version in ("1.9.0", "1.10.0"):
        make_package(space, "Acme.Web", version)

    text = browse(manager).get(f"{home}/library/packages/acme.web/").text

    assert text.index("1.10.0") < text.index("1.9.0")


def test_who_may_not_push_uploads_nothing(browse, deployer, home):
    page = browse(deployer)

    assert "Your teams do not allow it." in page.get(f"{home}/library/packages").text
    assert page.post(f"{home}/library/packages/upload", upload()).status_code == 403
    assert not Package.objects.exists()

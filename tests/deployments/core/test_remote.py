"""The commands for targets, run by a real sh in a folder of the test."""

import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from deployments.core import remote


@pytest.fixture
def sh(tmp_path: Path):
    """Runs a command as on a machine: in octoplat's folder there."""

    def run(command: str, feed: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            ["sh", "-c", command],
            cwd=tmp_path,
            input=feed,
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(tmp_path / "home")},
        )

    return run


def test_a_taken_folder_gets_a_number(sh, tmp_path):
    paths = [
        sh(remote.reserve("Applications/My App/1.0")).stdout.decode().strip() for _ in range(3)
    ]

    top = tmp_path / "Applications/My App"
    assert paths == [str(top / "1.0"), str(top / "1.0_1"), str(top / "1.0_2")]


def test_bytes_are_kept_only_when_their_hash_is_right(sh, tmp_path):
    digest = hashlib.sha256(b"content").hexdigest()

    wrong = sh(remote.store("packages/a.tar", digest), b"damaged")
    right = sh(remote.store("packages/b.tar", digest), b"content")

    assert wrong.returncode == remote.MISMATCH
    assert wrong.stdout.decode().strip() == hashlib.sha256(b"damaged").hexdigest()
    assert right.returncode == 0
    assert [path.name for path in (tmp_path / "packages").iterdir()] == ["b.tar"]
    assert sh(remote.holds("packages/b.tar", digest)).returncode == 0
    assert sh(remote.holds("packages/a.tar", digest)).returncode != 0


def test_an_archive_is_unpacked_and_its_scripts_are_named(sh, tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("PreDeploy.sh", "web/index.html", "web/inner.sh", "Deploy.py"):
            entry = tarfile.TarInfo(name)
            archive.addfile(entry, io.BytesIO())
    (tmp_path / "a.tar.gz").write_bytes(packed.getvalue())
    (tmp_path / "app").mkdir()

    told = sh(remote.extract("a.tar.gz", str(tmp_path / "app")))

    assert told.stdout.decode().split() == ["PreDeploy.sh", "Deploy.py"]
    assert (tmp_path / "app/web/index.html").exists()


def test_only_the_newest_packages_are_kept(sh, tmp_path):
    (tmp_path / "packages").mkdir()
    for number in range(remote.KEPT_PACKAGES + 3):
        path = tmp_path / "packages" / f"{number:02}.tar"
        path.touch()
        os.utime(path, (number, number))
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    (tmp_path / "app").mkdir()

    sh(remote.extract("empty.tar", "app"))

    kept = sorted(path.name for path in (tmp_path / "packages").iterdir())
    assert kept == [f"{number:02}.tar" for number in range(3, remote.KEPT_PACKAGES + 3)]


def test_a_link_is_switched_and_what_is_no_link_is_left_alone(sh, tmp_path):
    for name in ("one", "two", "folder"):
        (tmp_path / name).mkdir()

    assert sh(remote.switch_link("current", str(tmp_path / "one"))).returncode == 0
    assert sh(remote.switch_link("current", str(tmp_path / "two"))).returncode == 0
    assert (tmp_path / "current").resolve() == tmp_path / "two"
    assert sh(remote.switch_link("folder", str(tmp_path / "two"))).returncode == remote.TAKEN
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "folder", "one", "two"]


def test_a_file_is_overwritten_in_place(sh, tmp_path):
    path = tmp_path / "a file"
    path.write_text("old")
    path.chmod(0o640)

    assert sh(remote.overwrite(str(path)), b"new").returncode == 0

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_listed_files_are_removed_and_empty_folders_with_them(sh, tmp_path):
    for name in ("app/keep/a", "app/gone/b", "app/-rf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    sh(remote.remove_listed("app"), b"gone/b\n-rf\n")

    assert sorted(sh(remote.files_below("app")).stdout.decode().split()) == ["keep/a"]
    assert not (tmp_path / "app/gone").exists()


def test_a_link_or_a_pipe_is_no_artifact(sh, tmp_path):
    (tmp_path / "file").write_text("hello")
    (tmp_path / "link").symlink_to("/etc/passwd")
    subprocess.run(["mkfifo", str(tmp_path / "pipe")], check=True)

    assert sh(remote.size_of("file")).stdout.strip() == b"5"
    assert sh(remote.size_of("link")).returncode != 0
    assert sh(remote.size_of("pipe")).returncode != 0


def test_names_are_never_code(sh, tmp_path):
    evil = "$(touch hacked); 'x' `touch hacked`"

    sh(remote.reserve(evil))

    assert (tmp_path / evil).is_dir()
    assert not (tmp_path / "hacked").exists()


def test_installs_are_found_by_their_key(sh):
    for key in ("a", "b", "a"):
        sh(remote.note_install(), b'{"key": "%s"}\n' % key.encode())

    assert len(sh(remote.installs('"key": "a"')).stdout.splitlines()) == 2

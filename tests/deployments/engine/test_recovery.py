"""Workers that die, freeze or leave: nothing is lost, nothing is done twice. Real processes, real sshd."""

import os
import signal
import time
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from deployments.core.process import Step
from deployments.core.states import TaskState
from deployments.engine import leases
from deployments.models import ServerTask, StepJournal, TaskLogLine
from deployments.services.deployments import deploy_release
from deployments.services.tasks import cancel_task
from deployments.tasks import hand_over, run_server_task, tick
from tests.deployments.engine.test_runner import add_target, log
from tests.deployments.engine.worker_process import start_worker, wait_until
from tests.factories.deployments import SYSTEM, make_project, make_release, script_step
from tests.ssh.servers import SshServer

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 40
SLOW = f"""
echo begin >> "$HOME/oracle"
for number in $(seq 1 {COUNT}); do echo "number $number"; sleep 0.05; done
echo end >> "$HOME/oracle"
"""


@pytest.fixture
def queued(space, dev, sshd):
    """Queues a deployment of these steps to one target."""
    add_target(space, dev, sshd)
    run_server_task(0)  # the health check of the new target

    def queue(*steps: Step) -> ServerTask:
        release = make_release(make_project(space, *steps))
        return deploy_release(actor=SYSTEM, release=release, environment=dev).task

    return queue


def oracle(sshd: SshServer) -> list[str]:
    path = sshd.home / "oracle"
    return path.read_text().split() if path.exists() else []


def expire_lease(task: ServerTask) -> None:
    """As if 30 seconds had passed without a renewal."""
    ServerTask.objects.filter(pk=task.pk).update(lease_until=Now() - timedelta(seconds=1))


def take_over(task: ServerTask) -> ServerTask:
    """What any node does: the ticker frees the task, a worker claims it."""
    tick()
    run_server_task(task.pk)
    task.refresh_from_db()
    return task


def assert_log_is_whole(task: ServerTask) -> None:
    """R7: every number once, in order, and lines numbered without gaps."""
    numbers = [text for text in log(task) if text.startswith("number ")]
    assert numbers == [f"number {number}" for number in range(1, COUNT + 1)]
    seqs = TaskLogLine.objects.filter(task=task).order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == list(range(1, len(seqs) + 1))


@pytest.mark.promise("R1")
@pytest.mark.promise("R7")
def test_a_killed_worker_is_replaced_and_the_running_script_followed(queued, sshd):
    task = queued(script_step("Slow", SLOW), script_step("Next", "echo next >> $HOME/oracle"))
    worker = start_worker()
    wait_until(lambda: "number 5" in log(task))

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    expire_lease(task)
    take_over(task)

    assert task.state == TaskState.SUCCESS.value, task.error_message
    assert oracle(sshd) == ["begin", "end", "next"]
    assert (task.lease_epoch, task.crashes) == (2, 1)
    assert_log_is_whole(task)


@pytest.mark.promise("R1")
@pytest.mark.slow
def test_a_killed_worker_is_replaced_within_a_minute(queued, sshd):
    """domain.md 32: node killed while A executes. Nobody helps here: the real lease runs out."""
    task = queued(script_step("Slow", SLOW))
    worker = start_worker()
    wait_until(lambda: oracle(sshd) == ["begin"])
    os.kill(worker.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    worker.wait()

    def is_over() -> bool:
        take_over(task)
        return task.is_completed

    wait_until(is_over, 60)

    assert time.monotonic() - killed_at < 60
    assert task.state == TaskState.SUCCESS.value
    assert oracle(sshd) == ["begin", "end"]


@pytest.mark.promise("R2")
def test_a_frozen_worker_that_wakes_up_writes_and_does_nothing_more(queued, sshd):
    task = queued(script_step("Slow", SLOW), script_step("Next", "echo next >> $HOME/oracle"))
    worker = start_worker()
    wait_until(lambda: "number 5" in log(task))
    os.kill(worker.pid, signal.SIGSTOP)
    expire_lease(task)
    take_over(task)
    before = (log(task), oracle(sshd), task.state)

    os.kill(worker.pid, signal.SIGCONT)
    worker.wait(timeout=30)

    task.refresh_from_db()
    assert (log(task), oracle(sshd), task.state) == before
    assert task.state == TaskState.SUCCESS.value
    assert_log_is_whole(task)


@pytest.mark.promise("R11")
def test_a_worker_that_hands_over_leaves_the_script_running(queued, sshd):
    task = queued(script_step("Slow", SLOW))
    worker = start_worker()
    wait_until(lambda: "number 5" in log(task))

    hand_over(ServerTask.objects.get(pk=task.pk).node)
    # the same process claims it again at once: it is the only one, and nobody told it to stop
    worker.wait(timeout=30)

    task.refresh_from_db()
    assert task.state == TaskState.SUCCESS.value
    assert (task.lease_epoch, task.crashes) == (2, 0)
    assert oracle(sshd) == ["begin", "end"]
    assert_log_is_whole(task)


@pytest.mark.promise("R12")
def test_a_task_that_killed_three_workers_fails_and_is_not_tried_again(queued):
    task = queued(script_step("Poison", "true"))
    for _ in range(3):
        assert leases.claim() is not None
        expire_lease(task)
        tick()

    task.refresh_from_db()
    assert (task.state, task.error_message) == ("Failed", "crashed worker 3 times")
    assert leases.claim() is None


@pytest.mark.promise("R1")
def test_a_script_whose_outcome_nobody_knows_fails_the_task_and_is_not_run_again(queued, sshd):
    task = queued(script_step("Slow", 'echo begin >> "$HOME/oracle"; echo $PPID; sleep 30'))
    worker = start_worker()
    wait_until(lambda: [text for text in log(task) if text.isdigit()])
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    bootstrap = int(next(text for text in log(task) if text.isdigit()))
    os.killpg(bootstrap, signal.SIGKILL)  # as a restart of the machine would

    expire_lease(task)
    take_over(task)

    assert task.state == TaskState.FAILED.value
    assert "worker lost during Slow on target-" in task.error_message
    assert "outcome unknown" in task.error_message
    assert StepJournal.objects.get(task=task).state == "Unknown"
    assert oracle(sshd) == ["begin"]


@pytest.mark.promise("R8")
def test_cancelling_kills_the_whole_process_group(queued, sshd):
    body = "trap '' TERM; (trap '' TERM; echo $BASHPID; while :; do sleep 0.2; done) & wait; wait"
    task = queued(script_step("Stubborn", body))
    worker = start_worker()
    wait_until(lambda: [text for text in log(task) if text.isdigit()])
    child = int(next(text for text in log(task) if text.isdigit()))

    cancel_task(actor=SYSTEM, task=task)
    worker.wait(timeout=40)

    task.refresh_from_db()
    assert (task.state, task.error_message) == ("Canceled", "")
    assert not is_alive(child)
    assert task.nodes.get(key="1").status == "Canceled"


@pytest.mark.promise("R8")
def test_cancelling_a_task_whose_worker_died_still_ends_its_script(queued, sshd):
    task = queued(script_step("Slow", "echo $BASHPID; sleep 60"))
    worker = start_worker()
    wait_until(lambda: [text for text in log(task) if text.isdigit()])
    child = int(next(text for text in log(task) if text.isdigit()))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    cancel_task(actor=SYSTEM, task=task)
    expire_lease(task)
    take_over(task)

    assert task.state == TaskState.CANCELED.value
    assert not is_alive(child)


@pytest.mark.promise("R8")
def test_a_cancelled_task_whose_target_is_away_says_what_may_be_left(queued, sshd):
    task = queued(script_step("Slow", "echo started; sleep 5"))
    worker = start_worker()
    wait_until(lambda: "started" in log(task))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert sshd.process
    sshd.process.terminate()
    sshd.process.wait()

    cancel_task(actor=SYSTEM, task=task)
    expire_lease(task)
    take_over(task)

    assert task.state == TaskState.CANCELED.value
    assert "target unreachable, processes may remain on target-" in task.error_message


@pytest.mark.promise("R6")
def test_a_cut_link_is_found_again_and_no_line_is_lost(queued, sshd):
    task = queued(script_step("Slow", SLOW))
    worker = start_worker()
    wait_until(lambda: "number 5" in log(task))

    sshd.cut_links()
    worker.wait(timeout=60)

    task.refresh_from_db()
    assert task.state == TaskState.SUCCESS.value, task.error_message
    assert oracle(sshd) == ["begin", "end"]
    assert_log_is_whole(task)


def is_alive(pid: int) -> bool:
    """Zombies are dead: only their parent has not looked yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

"""What a killed demo left behind is ended, and nothing that only looks like it."""

import subprocess
import sys

import psutil
import pytest

from config import leftovers
from config.leftovers import MARK
from config.service import wait_until

# Starts one that works for it, says its pid, and waits: to be killed, as a supervisor may be.
SUPERVISOR = f"""
import os, subprocess, sys
surroundings = os.environ | {{"{MARK}": str(os.getpid())}}
print(subprocess.Popen(sys.argv[1:], env=surroundings).pid, flush=True)
sys.stdin.read()
"""
DEAF = ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]


@pytest.fixture
def supervise(tmp_path):
    """Start a supervisor with one process. Returns both."""
    started = []

    def start(command=("sleep", "600"), *, folder=tmp_path):
        supervisor = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, *command],
            env={"PATH": "/usr/bin:/bin", "VAR_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        process = psutil.Process(int(supervisor.stdout.readline()))
        started.extend([process, supervisor])
        # For a moment after it was started it has no environment yet, and is anybody's.
        assert wait_until(lambda: MARK in process.environ(), 30)
        return supervisor, process

    yield start
    for process in started:
        if process_goes_on(process):
            process.kill()
    for supervisor in started[1::2]:
        supervisor.communicate()


@pytest.fixture
def leave_behind(supervise):
    def leave(*arguments, **options):
        supervisor, process = supervise(*arguments, **options)
        supervisor.kill()
        supervisor.wait()
        return process

    return leave


def process_goes_on(process):
    try:
        return psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_who_is_left_goes_on_by_itself_until_it_is_ended(leave_behind, tmp_path):
    process = leave_behind()
    assert process_goes_on(process)

    assert leftovers.end(tmp_path) == 1

    assert not process_goes_on(process)
    assert leftovers.end(tmp_path) == 0


def test_who_does_not_listen_is_killed(leave_behind, tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "END_SECONDS", 0.3)
    process = leave_behind(DEAF)

    leftovers.end(tmp_path)

    assert wait_until(lambda: not process_goes_on(process), 30)


def test_another_shops_are_left_alone(leave_behind, tmp_path):
    process = leave_behind(folder=tmp_path / "another")

    assert leftovers.end(tmp_path) == 0
    assert process_goes_on(process)


def test_a_running_supervisors_are_left_alone(supervise, tmp_path):
    _, process = supervise()

    assert leftovers.end(tmp_path) == 0
    assert process_goes_on(process)


def test_who_has_the_supervisors_pid_now_is_not_taken_for_it(supervise, tmp_path):
    # Older than the process whose pid it says its supervisor had: that one came later.
    first = subprocess.Popen(
        ["sh", "-c", f"read pid; {MARK}=$pid exec sleep 600"],
        env={"PATH": "/usr/bin:/bin", "VAR_DIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        text=True,
    )
    # The system's clock of processes ticks a hundred times a second.
    wait_until(lambda: False, 0.05)
    _, somebody = supervise(folder=tmp_path / "another")

    first.stdin.write(f"{somebody.pid}\n")
    first.stdin.flush()
    assert wait_until(lambda: psutil.Process(first.pid).name() == "sleep", 30)

    assert leftovers.end(tmp_path) == 1
    first.wait(30)
    assert process_goes_on(somebody)


def test_a_command_typed_beside_the_demo_is_left_alone(tmp_path):
    beside = subprocess.Popen(
        ["sleep", "600"], env={"PATH": "/usr/bin:/bin", "VAR_DIR": str(tmp_path), "SUPERVISOR_PID": "1"}
    )

    assert leftovers.end(tmp_path) == 0
    assert beside.poll() is None
    beside.kill()
    beside.wait()

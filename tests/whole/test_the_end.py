"""Ctrl-C stops everything that a demo started, and a second start finds the data again."""

import socket
import subprocess
import sys
import time

import pytest

from config import embedded, env
from tests.whole.conftest import clean_environment, stop_as_ctrl_c_does

pytestmark = pytest.mark.slow

FOLDER = env.ROOT / "var" / "test-end"


def start(log, port):
    return subprocess.Popen(
        [sys.executable, "-m", "config.demo"],
        cwd=env.ROOT,
        env=clean_environment() | {"PORT": str(port), "VAR_DIR": str(FOLDER)},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def wait_for(log, words, seconds=60):
    deadline = time.monotonic() + seconds
    while words not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)


def run_until_ready(log, port, seconds=60):
    """Start a demo and stop it. Returns what it left running, and how long it took to be ready."""
    began = time.monotonic()
    demo = start(log, port)
    try:
        wait_for(log, "Spillway is ready", seconds=seconds)
        took = time.monotonic() - began
    finally:
        # A demo that outlived its test would fight the next one for the folder.
        left_running = stop_as_ctrl_c_does(demo)
    return left_running, took


def test_nothing_is_left_running_and_the_second_start_is_quick(tmp_path):
    embedded.Embedded(FOLDER).forget()
    log, port = tmp_path / "demo.log", embedded.free_port()
    left_running, _ = run_until_ready(log, port)
    _, took = run_until_ready(log, port, seconds=15)
    embedded.Embedded(FOLDER).forget()

    assert left_running == []
    assert took < 15


def test_a_taken_port_is_named(tmp_path):
    log = tmp_path / "demo.log"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert start(log, port).wait(timeout=20) == 1

    assert f"Port {port} is taken" in log.read_text()

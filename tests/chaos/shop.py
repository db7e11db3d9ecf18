"""A whole shop in a folder and on a port of its own, for a program that kills parts of it.

The program runs in a process that has the shop's environment. Afterwards the shop ends,
and nothing of it may be left: after so many deaths somebody may have been forgotten.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from config import embedded, env

READY_SECONDS = 300.0
# What the surroundings say of other services; this shop starts its own.
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "SQS_ENDPOINT_URL", "DJANGO_SETTINGS_MODULE")


def run(module: str, arguments: Sequence[str], *, folder: Path) -> int:
    """The exit status of this module, run beside a shop in this folder."""
    # As Ctrl-C: the shop is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    settings = {
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # A lost queue is found out soon, so that nobody need wait for it.
        "SWEEP_AFTER_SECONDS": os.environ.get("SWEEP_AFTER_SECONDS", "3"),
    }
    with _shop(folder, settings) as variables:
        status = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=env.ROOT,
            env={**_clean(), **variables, **settings},
        ).returncode
    if left := _left_running(folder):
        sys.stderr.write(f"Left running, though the shop was ended: {'; '.join(left)}\n")
        return 1
    return status


@contextmanager
def _shop(folder: Path, settings: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The variables of a whole running shop, which ends and is forgotten afterwards."""
    _end_leftover(folder)
    embedded.Embedded(folder).forget()
    folder.mkdir(parents=True)
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.demo"],
            cwd=env.ROOT,
            env={**_clean(), **settings, "PORT": str(embedded.free_port())},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, log)
        yield env.read_note(folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def _end_leftover(folder: Path) -> None:
    """End the shop of a run that was killed: it would fight this one for the folder."""
    if note := env.read_note(folder):
        supervisor = psutil.Process(int(note["SUPERVISOR_PID"]))
        supervisor.terminate()
        supervisor.wait(timeout=120)


def _wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while "Spillway is ready" not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The shop did not start: read {log}.")
        time.sleep(0.2)


def _left_running(folder: Path) -> list[str]:
    """What still has the shop's folder for its own."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("VAR_DIR") == str(folder):
                found.append(" ".join(process.cmdline()[:6]))
    return found


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}

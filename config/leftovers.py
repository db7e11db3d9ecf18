"""What a demo that was killed left running: its processes, whose supervisor cannot end them any more.

They say themselves whose they are: each has in its environment the folder it works for
and the supervisor that started it. A program that took the demo's variables over
from its note has the folder only. Pids are used again, so whoever has the
supervisor's is believed to be it only where it is older than they are.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from config.service import END_SECONDS, wait_until

# Of every process that a supervisor starts, and of nobody else: the supervisor's pid.
MARK = "SUPERVISED_BY"


def end(var_dir: Path) -> int:
    """End them all: politely, then not. Returns how many they were."""
    found = list(_left_by_the_dead(var_dir))
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    if not wait_until(lambda: not any(_left_by_the_dead(var_dir)), END_SECONDS):
        for process in _left_by_the_dead(var_dir):
            with suppress(psutil.Error):
                process.kill()
        wait_until(lambda: not any(_left_by_the_dead(var_dir)), END_SECONDS)
    return len(found)


def _left_by_the_dead(var_dir: Path) -> Iterator[psutil.Process]:
    folder = var_dir.resolve()
    for process in psutil.process_iter():
        # Whoever ended meanwhile, and whoever is somebody else's, is none of ours.
        with suppress(psutil.Error, ValueError):
            environment = process.environ()
            if (
                MARK in environment
                and Path(environment.get("VAR_DIR", "/")).resolve() == folder
                and not _is_supervised(process, int(environment[MARK]))
            ):
                yield process


def _is_supervised(process: psutil.Process, supervisor_pid: int) -> bool:
    try:
        return bool(psutil.Process(supervisor_pid).create_time() <= process.create_time())
    except psutil.NoSuchProcess:
        return False

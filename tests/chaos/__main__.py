"""`make chaos`: kill one component after the other in the middle of a sale, and count what became of it.

Starts a whole shop in a folder and on a port of its own, and runs the matrix against it
in a process that has the shop's environment. Ends with 0 only when nothing was lost,
doubled or oversold, every equation balanced, and everything served again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import psutil

from config import embedded, env

FOLDER = env.ROOT / "var" / "chaos"
READY_SECONDS = 90.0
# What the surroundings say of other services; this shop starts its own.
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "SQS_ENDPOINT_URL", "DJANGO_SETTINGS_MODULE")
# A lost queue is found out soon, so that a round need not wait for it.
SETTINGS = {
    "SWEEP_AFTER_SECONDS": os.environ.get("SWEEP_AFTER_SECONDS", "3"),
    "VAR_DIR": str(FOLDER),
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


def main() -> int:
    with _shop() as variables:
        status = subprocess.run(
            [sys.executable, "-m", "tests.chaos.matrix", *sys.argv[1:]],
            cwd=env.ROOT,
            env={**_clean(), **variables, **SETTINGS},
        ).returncode
    if left := _left_running():
        sys.stderr.write(f"Left running, though the shop was ended: {'; '.join(left)}\n")
        return 1
    return status


@contextmanager
def _shop() -> Iterator[Mapping[str, str]]:
    """The variables of a whole running shop, which ends and is forgotten afterwards."""
    embedded.Embedded(FOLDER).forget()
    FOLDER.mkdir(parents=True)
    with FOLDER.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.demo"],
            cwd=env.ROOT,
            env=_clean() | SETTINGS | {"PORT": str(embedded.free_port())},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process)
        yield env.read_note(FOLDER)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    log = FOLDER.with_suffix(".log")
    deadline = time.monotonic() + READY_SECONDS
    while "Spillway is ready" not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The shop did not start: read {log}.")
        time.sleep(0.2)


def _left_running() -> list[str]:
    """What still has the shop's folder for its own: after so many deaths somebody may have been forgotten."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("VAR_DIR") == str(FOLDER):
                found.append(" ".join(process.cmdline()[:6]))
    return found


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}


if __name__ == "__main__":
    # As Ctrl-C: the shop is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())

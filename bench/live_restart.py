"""How soon everybody is current again after the live process was killed, and what that asks of the stores.

Viewers watch three rooms that change ten times a second. The process is killed (-9) and
started again at once; the changes go on. Each viewer comes back as live.js does, resumes
from its position, and checks every message: no gap, nothing twice, nothing backwards.
The database that the process is told of counts who connects: nobody should. Redis counts
how often a room is read whole: once each.

    .venv/bin/python -m bench.live_restart [--connections 10000]
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import psutil

from bench import live_stage, stage
from bench.live_audience import Audience, audience, errors
from bench.live_servers import value
from config import embedded
from fastpath_lambda import keys
from live import publish, rooms

TOPICS = ("lamp", "desk", "chair")
ROOMS = [rooms.product(topic) for topic in TOPICS]
EVERY = 0.1
HUB = live_stage.uvicorn(live_stage.APPLICATION, live_stage.FRAMES)


class Publisher(threading.Thread):
    """Changes each room once in a while: version n makes its log's entry n."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.version = 0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(EVERY):
            self.publish()

    def publish(self) -> None:
        self.version += 1
        publish.whole_product([value(self.version, topic) for topic in TOPICS])

    def end(self) -> None:
        self._ended.set()
        self.join()


class NoDatabase(threading.Thread):
    """Stands where the database would, and counts who comes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"postgresql://nobody@127.0.0.1:{self._listener.getsockname()[1]}/none"

    def run(self) -> None:
        while True:
            link, _ = self._listener.accept()
            self.asked += 1
            link.close()


class WholeReads(threading.Thread):
    """Listens to all that Redis is asked, and counts how often a room is read whole."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._count = self._heard = 0
        self._reads = [f'"HGETALL" "{keys.room_state(room)}"'.encode() for room in ROOMS]
        address = urlsplit(os.environ["REDIS_URL"])
        self._link = socket.create_connection((address.hostname or "", address.port or 0))
        self._link.sendall(b"MONITOR\r\n")
        self.start()

    def run(self) -> None:
        for line in self._link.makefile("rb"):
            self._heard += 1
            self._count += any(read in line for read in self._reads)

    def end(self) -> int:
        self._link.shutdown(socket.SHUT_RDWR)
        self.join()
        if self._heard < 2:
            raise RuntimeError("Redis told nothing of what it was asked: this is no measurement.")
        return self._count


@contextmanager
def changing() -> Iterator[Publisher]:
    publisher = Publisher()
    publisher.publish()
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.end()


def measure(viewers: Audience, publisher: Publisher, server: list[psutil.Popen], port: int) -> list[str]:
    time.sleep(1)
    if any(errors(viewers.steps()).values()):
        raise RuntimeError("There were errors before anything was killed: this is no measurement.")
    reads = WholeReads()
    killed_at = time.monotonic()
    live_stage.end(server.pop())
    server.append(live_stage.start(HUB(port), port))
    listening_after = time.monotonic() - killed_at
    time.sleep(0.5)
    viewers.wait_until_in()
    whole_reads = reads.end()
    publisher.end()
    viewers.wait_until_at(dict.fromkeys(ROOMS, publisher.version))
    back, refused = viewers.back_after()
    if len(back) != viewers.count:
        raise RuntimeError(f"{len(back)} of {viewers.count} came back: this is no measurement.")
    back.sort()
    found = errors(viewers.steps())
    return [
        f"{viewers.count:,}",
        f"{listening_after:.1f}",
        f"{back[len(back) // 2]:.1f}",
        f"{back[int((len(back) - 1) * 0.99)]:.1f}",
        f"{back[-1]:.1f}",
        f"{refused:,}",
        f"{whole_reads} ({len(ROOMS)} rooms)",
        *(str(found[name]) for name in ("gap", "twice", "backwards")),
    ]


HEADINGS = ["viewers", "listens again after s", "back: median s", "p99", "last (aim: 8)", "failed tries"]
HEADINGS += ["whole reads of rooms", "gaps", "twice", "backwards", "database connections"]


def main() -> None:
    connections = stage.options(__doc__, connections=(10_000, "viewers")).connections
    database, port = NoDatabase(), embedded.free_port()
    database.start()
    with live_stage.services("live_restart", connections=connections), ExitStack() as stack:
        print(stage.versions())
        os.environ["DATABASE_URL"] = database.url
        publisher = stack.enter_context(changing())
        server = stack.enter_context(live_stage.server(HUB(port), port))
        viewers = stack.enter_context(audience(connections, port=port, rooms=ROOMS, counts=True))
        row = measure(viewers, publisher, server, port)
    print(live_stage.table("Killed with -9 and started again", HEADINGS, [[*row, database.asked]]))


if __name__ == "__main__":
    main()

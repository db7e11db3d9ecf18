"""What the living feel of the dead: one in a hundred never reads, and the process writes to all of them.

A dead reader watches the same room, and one more that is told large values until its link
is full. Updates alternate: some before anybody is dead, some while the dead are full, some
after they were given up and closed. The living should not tell these apart.

    .venv/bin/python -m bench.live_dead [--connections 10000] [--rounds 15]
"""

import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil

from bench import live_stage, stage
from bench.live_audience import Audience, audience, errors
from bench.live_crowd import HANDSHAKE
from bench.live_knowledge import masked
from bench.live_servers import value
from config import embedded
from live import outlet, publish

ROOM, LARGE = "product:lamp", "product:desk"
# More than the kernel keeps of one connection, and the process beside it.
FILLINGS, FILLING = 160, 48 * 1024
PAUSE = 0.3


class Room:
    """Told one version after another."""

    def __init__(self) -> None:
        self.version = 0

    def change(self) -> float:
        self.version += 1
        began = time.monotonic()
        publish.whole_product([value(self.version, "lamp")])
        return began


def dead_of(living: int) -> int:
    return max(living // 100, 1)


@contextmanager
def dead_readers(count: int, *, port: int) -> Iterator[list[socket.socket]]:
    links = [_die(port) for _ in range(count)]
    try:
        yield links
    finally:
        for link in links:
            link.close()


def _die(port: int) -> socket.socket:
    """Open a socket, ask for both rooms, and never read again."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", port))
    link.sendall(HANDSHAKE)
    link.recv(1000)
    rooms = [{"room": ROOM}, {"room": LARGE}]
    link.sendall(masked(0x81, json.dumps({"type": "subscribe", "rooms": rooms}).encode()))
    return link


def fill() -> None:
    """Tell only the dead, until none of them can take more."""
    for number in range(1, FILLINGS + 1):
        publish.whole_product([value(number, "desk") | {"status": f"{number} " + "x" * FILLING}])
        time.sleep(0.02)


def tell(room: Room, viewers: Audience, rounds: int) -> list[float]:
    """The 99th percentile of each of so many updates, in ms."""
    viewers.steps()
    found = []
    for _ in range(rounds):
        began = room.change()
        viewers.wait_until_at({ROOM: room.version})
        time.sleep(PAUSE)
        steps = viewers.steps()
        if any(errors(steps).values()):
            raise RuntimeError(f"Viewers saw errors: {errors(steps)}. This is no measurement.")
        found.append(1000 * max(step.p99 - began for step in steps))
    return found


def measure(
    viewers: Audience, room: Room, server: psutil.Process, port: int, rounds: int
) -> list[list[object]]:
    rows: list[list[object]] = []

    def phase(name: str) -> None:
        p99 = tell(room, viewers, rounds)
        memory = live_stage.memory_of([server]) / 2**20
        ends = (f"{statistics.median(p99):.1f}", f"{min(p99):.1f}", f"{max(p99):.1f}", f"{memory:.0f}")
        rows.append([name, *ends, _links(server, port) - viewers.count])

    phase("nobody is dead")
    with dead_readers(dead_of(viewers.count), port=port) as dead:
        fill()
        filled_at = time.monotonic()
        phase(f"{len(dead)} are dead and full")
        # Each is given up so long after it took something last.
        time.sleep(max(0.0, filled_at + outlet.GIVEN_UP_AFTER + 8 - time.monotonic()))
        phase(f"{len(dead)} were given up")
    return rows


def _links(server: psutil.Process, port: int) -> int:
    mine = [link for one in live_stage.family(server) for link in one.net_connections("tcp")]
    return sum(link.laddr.port == port and link.status == psutil.CONN_ESTABLISHED for link in mine)


def main() -> None:
    options = stage.options(
        __doc__, connections=(10_000, "of the living"), rounds=(15, "updates in each phase")
    )
    room, port = Room(), embedded.free_port()
    # No process has more than the living and the dead.
    most = options.connections + dead_of(options.connections)
    with live_stage.services("live_dead", connections=most), ExitStack() as stack:
        print(stage.versions())
        room.change()
        publish.whole_product([value(0, "desk")])
        command = live_stage.uvicorn(live_stage.APPLICATION, live_stage.FRAMES)(port)
        (server,) = stack.enter_context(live_stage.server(command, port))
        viewers = stack.enter_context(audience(options.connections, port=port, rooms=[ROOM], counts=True))
        rows = measure(viewers, room, server, port, options.rounds)
    headings = ["", "p99 of the living, ms (median)", "least", "most", "process MB", "links of the dead"]
    print(live_stage.table(f"{options.connections:,} who read, and 1 % who do not", headings, rows))


if __name__ == "__main__":
    main()

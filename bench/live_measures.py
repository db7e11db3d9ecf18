"""The measurements of bench/live: all contestants at once, each with a crowd of its own, asked in turn.

What else the machine does meets all of them: a round is one update of each. Who is not
asked has nothing to do.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis
from rich.console import Console
from rich.table import Table

from bench import live_rivals
from bench.live_crowd import Crowd
from config import embedded, env
from live import publish

NCHAN_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
GET_NCHAN = "Nchan is left out: it is not installed (Debian: apt-get install nginx-light libnginx-mod-nchan)."
PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    command: Callable[[int], list[str]]
    publish: Callable[[int, str, int], None]  # number, topic, port
    topic: str  # its room, group or channel, which it shares with nobody
    subscribes: bool = True

    @property
    def subscription(self) -> str | None:
        rooms = [{"room": f"product:{self.topic}"}]
        return json.dumps({"type": "subscribe", "rooms": rooms}) if self.subscribes else None


@dataclass(slots=True)
class Running:
    contestant: Contestant
    port: int
    server: psutil.Process
    crowd: Crowd
    accepts: float = 0.0
    kilobytes: float = 0.0
    cpu: list[float] = field(default_factory=list)
    runs: list[list[float]] = field(default_factory=list)

    def fill(self, connections: int) -> None:
        """Open the crowd's connections, and note what they took."""
        self.contestant.publish(1, self.contestant.topic, self.port)
        memory = memory_of(self.server)
        seconds = self.crowd.open(connections, port=self.port, subscription=self.contestant.subscription)
        time.sleep(1)
        self.accepts = connections / seconds
        self.kilobytes = (memory_of(self.server) - memory) / connections / 1024

    def update(self, number: int) -> None:
        """Publish one, and note how long after publishing began each client had it."""
        cpu = cpu_of(self.server)
        self.crowd.expect()
        started = time.monotonic()
        self.contestant.publish(number, self.contestant.topic, self.port)
        self.runs.append([moment - started for moment in self.crowd.arrivals()])
        # The last byte is read before the server is done with its round.
        time.sleep(PAUSE)
        self.cpu.append(cpu_of(self.server) - cpu)

    def at(self, share: float) -> float:
        return statistics.median(run[int((len(run) - 1) * share)] for run in self.runs)


def value(number: int, topic: str) -> dict[str, object]:
    # The status changes each time, so the hub does not wait for more: what is compared is sending.
    status = "in_stock" if number % 2 else "sold_out"
    return {
        "product": topic,
        "sku": "LAMP",
        "available": number % 2,
        "price": "149.99",
        "currency": "USD",
        "status": status,
        "version": number,
    }


def update(number: int, topic: str) -> dict[str, object]:
    position = {"epoch": "1f2e3d4c5b6a", "offset": number}
    changes = {"LAMP": value(number, topic)}
    return {"type": "update", "room": f"product:{topic}", "position": position, "changes": changes}


def uvicorn(application: str, ws: str) -> Callable[[int], list[str]]:
    program = str(Path(sys.executable).parent / "uvicorn")
    options = ["--log-level", "warning", "--ws-per-message-deflate", "false", "--ws-ping-interval", "3600"]
    return lambda port: [program, application, "--port", str(port), "--ws", ws, *options]


def nginx(port: int) -> list[str]:
    folder = env.folder("VAR_DIR", "var/bench/live")
    configuration = folder / "nginx.conf"
    configuration.write_text(live_rivals.NCHAN.format(folder=folder, module=NCHAN_MODULE, port=port))
    return ["nginx", "-c", str(configuration), "-p", str(folder)]


def to_hub(number: int, topic: str, _: int) -> None:
    publish.whole_product([value(number, topic)])


def to_group(number: int, topic: str, _: int) -> None:
    asyncio.run(live_rivals.tell(topic, update(number, topic)))


def to_topic(number: int, topic: str, _: int) -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as store:
        store.publish(live_rivals.TOPIC, json.dumps(update(number, topic)))


def to_nchan(number: int, topic: str, port: int) -> None:
    body = json.dumps(update(number, topic)).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/publish", body, timeout=30).close()


SANSIO, FRAMES = "websockets-sansio", "live.wire:FrameProtocol"
BASELINE = Contestant("Channels", uvicorn("bench.live_rivals:plain", SANSIO), to_group, "plain")
TUNED = Contestant("Channels, tuned", uvicorn("bench.live_rivals:tuned", SANSIO), to_group, "tuned")
NCHAN = Contestant("Nchan", nginx, to_nchan, "nchan", subscribes=False)
CORE = Contestant("Channels, core", uvicorn("bench.live_rivals:core", SANSIO), to_group, "core")
CORE_TUNED = Contestant(
    "Channels, core, tuned", uvicorn("bench.live_rivals:core_tuned", SANSIO), to_group, "core-tuned"
)
SEND = Contestant("hub, ASGI send", uvicorn("config.asgi:application", SANSIO), to_hub, "send")
WHOLE = Contestant("hub, finished frames", uvicorn("config.asgi:application", FRAMES), to_hub, "frames")
BROADCAST = Contestant(
    "websockets.broadcast",
    lambda port: [sys.executable, "-m", "bench.live_rivals", str(port)],
    to_topic,
    "broadcast",
)
CONTESTANTS = {one.topic: one for one in (BASELINE, CORE, TUNED, CORE_TUNED, SEND, WHOLE, BROADCAST, NCHAN)}


@contextmanager
def a_crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    try:
        yield crowd
    finally:
        crowd.end()


@contextmanager
def running(command: list[str], port: int) -> Iterator[psutil.Process]:
    server = psutil.Popen(command, cwd=env.ROOT)
    try:
        deadline = time.monotonic() + 30
        while not embedded.is_taken(port):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command[0]} did not start; its lines are above.")
            time.sleep(0.1)
        yield server
    finally:
        # Its goodbyes to thousands are not what is measured.
        for one in [*server.children(), server]:
            one.kill()
        server.wait()


def memory_of(server: psutil.Process) -> int:
    return sum(one.memory_full_info().uss for one in [server, *server.children()])


def cpu_of(server: psutil.Process) -> float:
    times = [one.cpu_times() for one in [server, *server.children()]]
    return float(sum(one.user + one.system for one in times))


def report(found: list[Running], connections: int) -> Table:
    table = Table(
        title=f"One update to {connections:,} connections of one process, ms after publishing began"
    )
    headings = ("first", "median", "p99", "last", "quickest last", "CPU ms", "accepts/s", "KB each")
    against = [one for one in found if one.contestant in (BASELINE, TUNED, NCHAN)]
    for heading in ("", *headings, *(f"last / {one.contestant.name}'s" for one in against)):
        table.add_column(heading, justify="right" if heading else "left")
    for one in found:
        quickest = min(run[-1] for run in one.runs)
        moments = (one.at(0), one.at(0.5), one.at(0.99), one.at(1), quickest, statistics.mean(one.cpu))
        table.add_row(
            one.contestant.name,
            *(f"{moment * 1000:,.0f}" for moment in moments),
            f"{one.accepts:,.0f}",
            f"{one.kilobytes:.1f}",
            *(_ratio(one.at(1), other.at(1)) for other in against),
        )
    return table


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}" if one >= other else f"1 / {other / one:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="*", choices=CONTESTANTS)
    options = parser.parse_args()
    console = Console(width=170)
    names = options.only or list(CONTESTANTS)
    if "nchan" in names and not NCHAN_MODULE.exists():
        console.print(GET_NCHAN)
        names.remove("nchan")
    with ExitStack() as stack:
        found = [start(CONTESTANTS[name], stack) for name in names]
        for one in found:
            one.fill(options.connections)
            console.print(f"{one.contestant.name}: {one.accepts:,.0f} accepts/s")
        for number in range(2, options.rounds + 2):
            for one in found:
                one.update(number)
    console.print(report(found, options.connections))


def start(contestant: Contestant, stack: ExitStack) -> Running:
    port = embedded.free_port()
    crowd = stack.enter_context(a_crowd())
    server = stack.enter_context(running(contestant.command(port), port))
    return Running(contestant, port, server, crowd)


if __name__ == "__main__":
    main()

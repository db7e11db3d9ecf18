"""One contestant with its crowds: taking them in, telling them, and what each took."""

import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import psutil

from bench import live_stage
from bench.live_crowd import Crowd, a_crowd
from bench.live_servers import Contestant
from config import embedded

PAUSE = 0.5


@dataclass(slots=True)
class Running:
    """`ports`: one for each process, or one that several workers share; each has a crowd."""

    contestant: Contestant
    ports: list[int]
    servers: list[psutil.Process]
    crowds: list[Crowd]
    accepts: float = 0.0
    accept_cpu: float = 0.0
    kilobytes: float = 0.0
    cpu: list[float] = field(default_factory=list)
    runs: list[list[float]] = field(default_factory=list)

    def fill(self, connections: int) -> None:
        """Open the crowds' connections, and note what they took."""
        self.contestant.publish(1, self.contestant.topic, self.ports[0])
        memory, cpu, seconds = live_stage.memory_of(self.servers), live_stage.cpu_of(self.servers), 0.0
        each = connections // len(self.crowds)
        for crowd, port in zip(self.crowds, self.ports, strict=True):
            seconds += crowd.open(each, port=port, subscription=self.contestant.subscription)
        time.sleep(1)
        self.accepts = connections / seconds
        self.accept_cpu = (live_stage.cpu_of(self.servers) - cpu) / connections
        self.kilobytes = (live_stage.memory_of(self.servers) - memory) / connections / 1024

    def update(self, number: int) -> None:
        """Publish one, and note how long after publishing began each client had it."""
        cpu = live_stage.cpu_of(self.servers)
        for crowd in self.crowds:
            crowd.expect()
        started = time.monotonic()
        self.contestant.publish(number, self.contestant.topic, self.ports[0])
        arrivals = sorted(moment for crowd in self.crowds for moment in crowd.arrivals())
        self.runs.append([moment - started for moment in arrivals])
        # The last byte is read before the server is done with its round.
        time.sleep(PAUSE)
        self.cpu.append(live_stage.cpu_of(self.servers) - cpu)

    def at(self, share: float) -> float:
        return statistics.median(run[int((len(run) - 1) * share)] for run in self.runs)


def start(contestant: Contestant, stack: ExitStack, *, processes: int = 1, crowds: int = 1) -> Running:
    """With several processes each has a port; with one, all crowds come to it."""
    ports = [embedded.free_port() for _ in range(processes)]
    servers = [
        process
        for port in ports
        for process in stack.enter_context(live_stage.server(contestant.command(port), port))
    ]
    opened = [stack.enter_context(a_crowd()) for _ in range(crowds)]
    return Running(contestant, ports * (crowds // processes), servers, opened)


def play(found: Sequence[Running], *, connections: int, rounds: int) -> None:
    """Fill all, then an update of each in every round."""
    for one in found:
        one.fill(connections)
        print(f"{one.contestant.name}: {one.accepts:,.0f} accepts/s", flush=True)
    for number in range(2, rounds + 2):
        for one in found:
            one.update(number)


def report(title: str, found: Sequence[Running], *, against: Iterable[Contestant]) -> str:
    others = [one for one in found if one.contestant in against]
    headings = ["", "first", "median", "p99", "last", "quickest last", "CPU ms", "accepts/s", "CPU µs each"]
    headings += ["KB each", *(f"last, of {one.contestant.name}'s" for one in others)]
    return live_stage.table(title, headings, [_row(one, others) for one in found])


def _row(one: Running, others: Iterable[Running]) -> list[str]:
    quickest = min(run[-1] for run in one.runs)
    moments = (one.at(0), one.at(0.5), one.at(0.99), one.at(1), quickest, statistics.median(one.cpu))
    return [
        one.contestant.name,
        *(f"{moment * 1000:,.0f}" for moment in moments),
        f"{one.accepts:,.0f}",
        f"{one.accept_cpu * 1e6:,.0f}",
        f"{one.kilobytes:.1f}",
        *(_ratio(one.at(1), other.at(1)) for other in others),
    ]


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}" if one >= other / 2 else f"1 / {other / one:.1f}"

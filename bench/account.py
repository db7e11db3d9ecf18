"""Whose processor time a phase took: of each process of the shop, its services, and who plays the shoppers.

And of everybody else on this machine, which should be next to nothing. Read from the
system's own counters, so looking costs the measured nothing while it goes on. Three
numbers each: time on a core, time ready to run while others had the cores (what makes a
page late on a full machine), and how often it went to sleep, which it must be woken from,
at a price that its waker and the system pay.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from rich.table import Table

KERNEL = "kernel"
# Whoever else uses this machine. Where that is much, the measurement is of them.
OTHERS = "others"
_KTHREADD = 2
_HEADINGS = ("process", "idle", "paced", "ms an order", "sleeps", "waits, idle", "waits, paced")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds, seconds, and a count."""

    on_core: float = 0.0
    waited: float = 0.0
    sleeps: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.on_core + other.on_core, self.waited + other.waited, self.sleeps + other.sleeps)

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.on_core - other.on_core, self.waited - other.waited, self.sleeps - other.sleeps)


Account = Mapping[str, Spent]


@dataclass(slots=True)
class Accounts:
    """What was spent in each kind of phase, over all its turns."""

    processes: Mapping[str, psutil.Process]
    spent: dict[str, dict[str, Spent]] = field(default_factory=lambda: defaultdict(dict))

    @contextmanager
    def keeping(self, phase: str, **more: psutil.Process) -> Iterator[None]:
        """Add what is spent meanwhile to this phase; `more` are processes that only it has."""
        named = {**self.processes, **more}
        before = read(named)
        yield
        for name, now in read(named).items():
            self.spent[phase][name] = self.spent[phase].get(name, Spent()) + now - before[name]


def read(processes: Mapping[str, psutil.Process]) -> Account:
    """What each has spent so far, with its children; on a core, with those that have ended, too."""
    named = {process.pid: name for name, process in processes.items()} | {_KTHREADD: KERNEL}
    account = dict.fromkeys([*named.values(), OTHERS], Spent())
    parents = {process.pid: process.info["ppid"] for process in psutil.process_iter(["ppid"])}
    for pid in parents:
        # It may end while we look: its parent has what it spent on a core.
        with suppress(psutil.NoSuchProcess, OSError):
            account[_whose(pid, parents, named)] += _own(psutil.Process(pid))
    return account


def present(idle: Account, busy: Account, *, seconds: float, pace: int) -> Table:
    """Both over so many seconds. An order's is what was not spent while there was none."""
    table = Table(
        title=f"Share of a core, idle and at {pace} orders/s; sleeps an order; waits for a core, ms/s"
    )
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading == "process" else "right")
    by_time = sorted(busy, key=lambda name: busy[name].on_core, reverse=True)
    for name in by_time:
        table.add_row(name, *_row(idle.get(name, Spent()), busy[name], seconds, pace))
    all_idle, all_busy = (sum(account.values(), Spent()) for account in (idle, busy))
    table.add_row("all", *_row(all_idle, all_busy, seconds, pace))
    return table


def _row(idle: Spent, busy: Spent, seconds: float, pace: int) -> list[str]:
    more, orders = busy - idle, seconds * pace
    return [
        f"{idle.on_core / seconds:.1%}",
        f"{busy.on_core / seconds:.1%}",
        f"{more.on_core * 1000 / orders:.3f}",
        f"{more.sleeps / orders:.1f}",
        f"{idle.waited * 1000 / seconds:.1f}",
        f"{busy.waited * 1000 / seconds:.1f}",
    ]


def _whose(pid: int, parents: Mapping[int, int], named: Mapping[int, str]) -> str:
    while pid not in named and pid in parents:
        pid = parents[pid]
    return named.get(pid, OTHERS)


def _own(process: psutil.Process) -> Spent:
    times, waited, sleeps = process.cpu_times(), 0, 0
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        # Time on a core, time ready to run, both in nanoseconds, and how often it ran.
        waited += int((thread / "schedstat").read_text().split()[1])
        lines = (thread / "status").read_text().splitlines()
        sleeps += int(next(line for line in lines if line.startswith("voluntary")).split()[1])
    on_core = times.user + times.system + times.children_user + times.children_system
    return Spent(on_core, waited / 1e9, sleeps)

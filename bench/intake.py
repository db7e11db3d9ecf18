"""Accepted orders a second of one hot product: the fast path against the shop's own classic order.

Both doors get the same requests from the same generator: 64 keep-alive connections,
every request a new buyer and a new key. They take turns, for a machine that is shared
with others is fast in one minute and slow in the next, and each turn makes a ratio. What
counts as accepted is read from the store that holds it (claims in the ledger, orders
in PostgreSQL), not from the generator. Neither the drain nor the relay runs meanwhile.
The classic door has the gunicorn workers and threads that take most orders on two cores,
not the demo's, which serve pages better.

    .venv/bin/python -m bench.intake [--seconds 10] [--rounds 3]
"""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench import doors, stage
from bench.doors import Result


@dataclass(frozen=True, slots=True)
class Round:
    """A turn of each door, one right after the other."""

    classic: Result
    fast: Result

    @property
    def ratio(self) -> float:
        return self.fast.accepted_per_second / self.classic.accepted_per_second

    @property
    def rates(self) -> list[str]:
        return [f"{each.accepted_per_second:,.0f}" for each in (self.classic, self.fast)]


def report(console: Console, round_: Round) -> None:
    table = Table(title="One hot product, 64 keep-alive connections")
    for heading in ("", "classic", "fast path", "ratio"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("accepted orders/s", *round_.rates, f"{round_.ratio:.1f}×")
    for name in ("p50_ms", "p99_ms"):
        old, new = getattr(round_.classic, name), getattr(round_.fast, name)
        table.add_row(name.replace("_", " "), f"{old:.1f}", f"{new:.1f}", f"{old / new:.1f}×")
    spent = round_.classic.cpu_ms, round_.fast.cpu_ms
    old, new = (sum(each.values()) for each in spent)
    table.add_row("CPU ms per accepted order", f"{old:.3f}", f"{new:.3f}", f"{old / new:.1f}×")
    for name in sorted(spent[0]):
        table.add_row(f"  of it {name}", *(f"{each[name]:.3f}" for each in spent), "")
    console.print(table)


def main() -> None:
    options = stage.options(
        __doc__,
        seconds=(10, "of each round"),
        rounds=(3, "of each door, in turn; the one of the middle ratio is reported"),
    )
    console = stage.console()
    with doors.shop() as shop:
        old, new = doors.open_both(shop)
        rounds = [
            Round(*(door.measure(f"round-{number}", seconds=options.seconds) for door in (old, new)))
            for number in range(options.rounds)
        ]
    rounds.sort(key=lambda round_: round_.ratio)
    for round_ in rounds:
        old_rate, new_rate = round_.rates
        console.print(f"classic {old_rate}/s, fast path {new_rate}/s: {round_.ratio:.1f}×")
    report(console, rounds[len(rounds) // 2])


if __name__ == "__main__":
    main()

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

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import psycopg
import redis
from rich.console import Console
from rich.table import Table

from bench import load, stage
from fastpath_lambda import keys

ON_SALE = ("muskie-casting-rod", "MUSKIE-7FT")
IN_THE_SHOP = ("tourney-casting-rod", "TOURNEY-66")
UNITS = 5_000_000
# As good as 2 and 2. More threads take fewer: they hold the row's lock longer, each waiting for the others.
CLASSIC_AT_ITS_BEST = "--workers 3 --threads 1"


@dataclass(frozen=True, slots=True)
class Result:
    accepted_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]  # per accepted order, by process


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


@dataclass(frozen=True, slots=True)
class Door:
    shop: stage.Stage
    url: str
    sku: str
    count: Callable[[], int]  # orders accepted so far

    def warm(self) -> None:
        load.read_flood(load.flood_orders(self.url, sku=self.sku, run="warm", seconds=2))

    def measure(self, *, run: str, seconds: int) -> Result:
        before, cpu_before = self.count(), self.shop.cpu_seconds()
        seen = load.read_flood(load.flood_orders(self.url, sku=self.sku, run=run, seconds=seconds))
        accepted, cpu = self.count() - before, self.shop.cpu_seconds()
        if seen.refused:
            raise SystemExit(
                f"{seen.refused} of {seen.requests} requests were refused: this is no measurement."
            )
        spent = {name: (cpu[name] - cpu_before[name]) * 1000 / accepted for name in cpu}
        return Result(accepted / seen.seconds, seen.p50_ms, seen.p99_ms, spent)


def classic(shop: stage.Stage, database: "psycopg.Connection[tuple[int]]", product: str, sku: str) -> Door:
    def count() -> int:
        return stage.number(database, "SELECT count(*) FROM orders_order")

    return Door(shop, f"{shop.variables['WEB_URL']}/shop/rods/{product}/order", sku, count)


def fast(shop: stage.Stage, ledger: "redis.Redis", product: str, sku: str) -> Door:
    shop.manage("fastpath", "arm", product, "--units", str(UNITS))
    shop.manage("fastpath", "open", product)

    def count() -> int:
        return UNITS - int(cast(bytes, ledger.hget(keys.left(product, 1), f"left:{sku}")))

    return Door(shop, f"{shop.variables['FASTPATH_URL']}/shop/rods/{product}/order", sku, count)


@contextlib.contextmanager
def doors() -> Iterator[tuple[Door, Door]]:
    """Classic and fast, warm, with more units than can be asked for."""
    with (
        stage.set_up(["web", "fastpath"], options={"web": CLASSIC_AT_ITS_BEST}) as shop,
        psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database,
        redis.Redis.from_url(shop.variables["REDIS_URL"]) as ledger,
    ):
        database.execute("UPDATE shop_stock SET available = %s", [UNITS * 2])
        # A product that the shop has sold: each take looks for what its key was answered then.
        classic(shop, database, *ON_SALE).warm()
        # One that is on sale gets no orders there.
        both = classic(shop, database, *IN_THE_SHOP), fast(shop, ledger, *ON_SALE)
        for door in both:
            door.warm()
        yield both


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
    with doors() as (old, new):
        rounds = [
            Round(*(door.measure(run=f"round-{number}", seconds=options.seconds) for door in (old, new)))
            for number in range(options.rounds)
        ]
    rounds.sort(key=lambda round_: round_.ratio)
    for round_ in rounds:
        old_rate, new_rate = round_.rates
        console.print(f"classic {old_rate}/s, fast path {new_rate}/s: {round_.ratio:.1f}×")
    report(console, rounds[len(rounds) // 2])


if __name__ == "__main__":
    main()

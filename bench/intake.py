"""Accepted orders a second of one hot product: the fast path against the shop's own classic order.

Both doors get the same requests from the same generator, one after the other, on the
same machine: 64 keep-alive connections, every request a new buyer and a new key. What
counts as accepted is read from the store that holds it (claims in the ledger, orders
in PostgreSQL), not from the generator. Neither the drain nor the relay runs meanwhile.
The classic door has the gunicorn workers and threads that take most orders on two cores
(490 to 520 a second), not the demo's, which serve pages better (397).

    .venv/bin/python -m bench.intake [--seconds 10] [--rounds 3]
"""

import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import psycopg
import redis
from rich.console import Console
from rich.table import Table

from bench import load, stage
from fastpath_lambda import keys

HOT, SKU = "muskie-casting-rod", "MUSKIE-7FT"
URI = f"/shop/rods/{HOT}/order"
UNITS = 5_000_000
# As good as 2 and 2. More threads take fewer: they hold the row's lock longer, each waiting for the others.
CLASSIC_AT_ITS_BEST = "--workers 3 --threads 1"


@dataclass(frozen=True, slots=True)
class Result:
    accepted_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]  # per accepted order, by process


def measure(shop: stage.Stage, *, url: str, count: Callable[[], int], run: str, seconds: int) -> Result:
    before, cpu_before = count(), shop.cpu_seconds()
    seen = load.read_flood(load.flood_orders(url + URI, sku=SKU, run=run, seconds=seconds))
    accepted, cpu = count() - before, shop.cpu_seconds()
    if seen.refused:
        raise SystemExit(f"{seen.refused} of {seen.requests} requests were refused: this is no measurement.")
    spent = {name: (cpu[name] - cpu_before[name]) * 1000 / accepted for name in cpu}
    return Result(accepted / seen.seconds, seen.p50_ms, seen.p99_ms, spent)


def classic(shop: stage.Stage, *, rounds: int, seconds: int) -> list[Result]:
    with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
        database.execute("UPDATE shop_stock SET available = %s", [UNITS * 2])

        def count() -> int:
            return stage.number(database, "SELECT count(*) FROM orders_order")

        url = shop.variables["WEB_URL"]
        load.read_flood(load.flood_orders(url + URI, sku=SKU, run="classic-warm", seconds=2))
        return [
            measure(shop, url=url, count=count, run=f"classic-{round_}", seconds=seconds)
            for round_ in range(rounds)
        ]


def fast(shop: stage.Stage, *, rounds: int, seconds: int) -> list[Result]:
    shop.manage("fastpath", "arm", HOT, "--units", str(UNITS))
    shop.manage("fastpath", "open", HOT)
    with redis.Redis.from_url(shop.variables["REDIS_URL"]) as client:
        left = keys.left(HOT, 1)

        def count() -> int:
            return UNITS - int(cast(bytes, client.hget(left, f"left:{SKU}")))

        url = shop.variables["FASTPATH_URL"]
        load.read_flood(load.flood_orders(url + URI, sku=SKU, run="fast-warm", seconds=2))
        return [
            measure(shop, url=url, count=count, run=f"fast-{round_}", seconds=seconds)
            for round_ in range(rounds)
        ]


def middle(results: list[Result]) -> Result:
    """The round whose throughput is the median."""
    return sorted(results, key=lambda result: result.accepted_per_second)[len(results) // 2]


def report(console: Console, fast_one: Result, classic_one: Result) -> None:
    table = Table(title="One hot product, 64 keep-alive connections")
    for heading in ("", "classic", "fast path", "ratio"):
        table.add_column(heading, justify="right" if heading else "left")
    ratio = fast_one.accepted_per_second / classic_one.accepted_per_second
    rates = [f"{one.accepted_per_second:,.0f}" for one in (classic_one, fast_one)]
    table.add_row("accepted orders/s", *rates, f"{ratio:.1f}×")
    for name in ("p50_ms", "p99_ms"):
        old, new = getattr(classic_one, name), getattr(fast_one, name)
        table.add_row(name.replace("_", " "), f"{old:.1f}", f"{new:.1f}", f"{old / new:.1f}×")
    old, new = sum(classic_one.cpu_ms.values()), sum(fast_one.cpu_ms.values())
    table.add_row("CPU ms per accepted order", f"{old:.3f}", f"{new:.3f}", f"{old / new:.1f}×")
    for name in sorted(classic_one.cpu_ms):
        table.add_row(
            f"  of it {name}", f"{classic_one.cpu_ms[name]:.3f}", f"{fast_one.cpu_ms[name]:.3f}", ""
        )
    console.print(table)


def main() -> None:
    options = stage.options(
        __doc__,
        seconds=(10, "of each round"),
        rounds=(3, "of each door; the median one is reported"),
    )
    console = stage.console()
    with stage.set_up(["web", "fastpath"], options={"web": CLASSIC_AT_ITS_BEST}) as shop:
        os.environ.update(shop.variables)
        old = classic(shop, rounds=options.rounds, seconds=options.seconds)
        new = fast(shop, rounds=options.rounds, seconds=options.seconds)
    for name, results in (("classic", old), ("fast path", new)):
        rates = [result.accepted_per_second for result in results]
        rounds = ", ".join(f"{rate:,.0f}" for rate in rates)
        console.print(f"{name}: rounds {rounds}; median {statistics.median(rates):,.0f}/s")
    report(console, middle(new), middle(old))


if __name__ == "__main__":
    main()

"""What a page of the shop feels while a backlog of claims drains, and how soon an accepted order is a row.

The whole shop runs (all six processes, through the edge), and shares this machine's
cores with the load generator. The page is asked for 20 times a second, timed from when
each request was due: when nobody else is there, and then from the moment at which a
held-back drain is let go, until the last claim of the backlog is an order. The drain's
own word about its pace is read meanwhile. Before that, a burst of orders goes through
the fast path with the drain at work: from the ledger's clock at the take to the
database's at the insert (a statement and a commit of some milliseconds come on top).

The embedded queue looks through all that waits for every message it hands out, which
SQS does not: with 50,000 in it, it may be what holds the drain back. Its share of a core
is in the report.

    .venv/bin/python -m bench.backlog [--backlog 50000] [--burst 2000] [--pace 400] [--seconds 15]
"""

import asyncio
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString, cast

import psutil
import psycopg
import redis
from rich.console import Console
from rich.table import Table

from bench import isolation, load, stage
from fastpath_lambda import keys
from fastpath_lambda.sqs import Queue

PACES = f"{keys.PREFIX}:drain:paces"
LOOK_SECONDS = 0.5
LONGEST_SECONDS = 3600

DELAYS: LiteralString = """
    SELECT percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (
        ORDER BY extract(epoch FROM placed_at - accepted_at))::float[]
    FROM orders_order WHERE claim_number > %s
"""


@dataclass(slots=True)
class Watch:
    """What is seen of the drain while it works a backlog off."""

    shop: stage.Stage
    until: int  # orders in the database
    over: threading.Event = field(default_factory=threading.Event)
    allowed: list[float] = field(default_factory=list)
    felt_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def look(self) -> None:
        began = time.monotonic()
        with (
            psycopg.connect(self.shop.variables["DATABASE_URL"], autocommit=True) as database,
            redis.Redis.from_url(self.shop.variables["REDIS_URL"]) as store,
        ):
            while orders(database) < self.until and time.monotonic() - began < LONGEST_SECONDS:
                paces = [json.loads(text) for text in cast(list[bytes], store.hvals(PACES))]
                self.allowed.append(sum(each["share"] for each in paces))
                self.felt_ms.append(max((each["felt"] * 1000 for each in paces), default=0.0))
                time.sleep(LOOK_SECONDS)
        self.seconds = time.monotonic() - began
        self.over.set()


def orders(database: "psycopg.Connection[Any]") -> int:
    return stage.number(database, "SELECT count(*) FROM orders_order WHERE sale_id IS NOT NULL")


def wait_for_orders(shop: stage.Stage, count: int) -> None:
    watch = Watch(shop, until=count)
    watch.look()


def burst(shop: stage.Stage, *, count: int, pace: int) -> list[float]:
    """Seconds from accepted to inserted: median, p99, most."""
    requests = isolation.order_requests("burst", count)
    asked = load.steady(shop.variables["EDGE_URL"], requests, rate=pace, expect=(202,))
    if failed := asyncio.run(asked).failed:
        raise SystemExit(f"{failed} of {count} orders were not accepted: this is no measurement.")
    wait_for_orders(shop, count)
    with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
        row = database.execute(DELAYS, [0]).fetchone()
    assert row is not None
    return list(row[0])


def pile_up(shop: stage.Stage, count: int) -> int:
    """Accept so many orders at least while nothing is drained. Returns how many there are."""
    url = shop.variables["FASTPATH_URL"] + isolation.URI
    with redis.Redis.from_url(shop.variables["REDIS_URL"]) as store:

        def waiting() -> int:
            return int(cast(int, store.zcard(keys.intents(isolation.HOT, 1))))

        for run in itertools.count():
            if waiting() >= count:
                break
            load.read_flood(load.flood_orders(url, sku=isolation.SKU, run=f"pile-{run}", seconds=1))
        _wait_until_sent()
        return waiting()


def _wait_until_sent() -> None:
    """The doors send after they answered, and the queue takes its time."""
    queue = Queue.from_environment()
    depth, before = queue.depth(), -1
    while depth != before:
        time.sleep(2)
        depth, before = queue.depth(), depth


def hold(shop: stage.Stage, *, is_held: bool) -> None:
    """Stop the worker where it stands, with all its processes; or let it go on."""
    worker = shop.processes["worker"]
    for process in [worker, *worker.children(recursive=True)]:
        if is_held:
            process.suspend()
        else:
            process.resume()


def drained(shop: stage.Stage, backlog: int) -> tuple[load.Steady, Watch]:
    with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
        watch = Watch(shop, until=orders(database) + backlog)
    looking = threading.Thread(target=watch.look)

    def pages() -> Iterator[bytes]:
        return itertools.takewhile(
            lambda _: not watch.over.is_set(), isolation.page_requests(LONGEST_SECONDS)
        )

    hold(shop, is_held=False)
    looking.start()
    seen = asyncio.run(load.steady(shop.variables["EDGE_URL"], pages(), rate=isolation.RATE))
    looking.join()
    return seen, watch


def report(console: Console, idle: load.Steady, busy: load.Steady, watch: Watch, backlog: int) -> None:
    table = Table(title=f"GET {isolation.PAGE} at {isolation.RATE:.0f}/s")
    for heading in ("", "p50 ms", "p99 ms", "p99 against idle", "failed", "requests"):
        table.add_column(heading, justify="right" if heading else "left")
    for what, pages in (("idle", idle), (f"{backlog:,} claims drain", busy)):
        p50, p99 = pages.percentile(0.5), pages.percentile(0.99)
        ratio = f"{p99 / idle.percentile(0.99):.1f}×"
        count = len(pages.latencies_ms)
        table.add_row(what, f"{p50:.1f}", f"{p99:.1f}", ratio, str(pages.failed), str(count))
    console.print(table)
    allowed, felt = sorted(watch.allowed), sorted(watch.felt_ms)
    middle = len(allowed) // 2
    console.print(
        f"drained {backlog / watch.seconds:,.0f} orders/s over {watch.seconds:.0f} s; "
        f"allowed {allowed[0]:,.0f} to {allowed[-1]:,.0f}, median {allowed[middle]:,.0f}; "
        f"the database added {felt[middle]:.2f} ms in the median, {felt[-1]:.2f} ms at most"
    )


def main() -> None:
    options = stage.options(
        __doc__,
        backlog=(50_000, "claims that wait when the drain is let go"),
        burst=(2_000, "orders through the fast path before that"),
        pace=(400, "orders a second in the burst"),
        seconds=(15, "of the idle phase"),
    )
    console = stage.console()
    with stage.set_up(["edge", "web", "live", "fastpath", "worker", "beat"]) as shop:
        os.environ.update(shop.variables)
        with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
            database.execute("UPDATE shop_stock SET available = %s", [isolation.UNITS * 2])
        shop.manage("fastpath", "arm", isolation.HOT, "--units", str(isolation.UNITS))
        shop.manage("fastpath", "open", isolation.HOT)
        isolation.quiet(shop.variables["EDGE_URL"], 3)
        idle = isolation.quiet(shop.variables["EDGE_URL"], options.seconds)
        p50, p99, most = burst(shop, count=options.burst, pace=options.pace)
        console.print(
            f"{options.burst:,} orders at {options.pace}/s, accepted to inserted: "
            f"p50 {p50:.2f} s, p99 {p99:.2f} s, at most {most:.2f} s (aim: p99 5 s)"
        )
        isolation.settle(shop)
        hold(shop, is_held=True)
        backlog = pile_up(shop, options.backlog)
        before = shop.cpu_seconds()
        busy, watch = drained(shop, backlog)
        spent = {name: (after - before[name]) / watch.seconds for name, after in shop.cpu_seconds().items()}
    report(console, idle, busy, watch, backlog)
    shares = ", ".join(f"{name} {share:.0%}" for name, share in sorted(spent.items()))
    console.print(f"of one core meanwhile: {shares} ({psutil.cpu_count()} cores)")


if __name__ == "__main__":
    main()

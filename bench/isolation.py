"""What another product's page feels while one product's order URI is flooded, with the fast path on and off.

The whole shop runs (all six processes, through the edge). The page is asked for 20
times a second, timed from when each request was due: with nobody else there and with
orders at a pace, in turns, since the machine itself is not the same from minute to
minute; with orders flat out; and with both again while the fast path is off, when the
flood is the shop's own. Everything, the load generator too, shares this machine's cores;
whose processor time an order took is told process by process.

    .venv/bin/python -m bench.isolation [--seconds 15] [--pace 200] [--turns 4]
"""

import asyncio
import itertools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from functools import partial

import psutil
import psycopg
from rich.table import Table

from bench import load, stage
from bench.account import Accounts, present

PAGE = "/shop/rods/tourney-casting-rod/"
HOT, SKU = "muskie-casting-rod", "MUSKIE-7FT"
URI = f"/shop/rods/{HOT}/order"
UNITS = 2_000_000
RATE = 20.0


def page_requests(seconds: int) -> Iterable[bytes]:
    request = f"GET {PAGE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    return itertools.repeat(request, int(seconds * RATE))


def order_requests(run: str, count: int) -> Iterator[bytes]:
    for number in range(count):
        name = f"{run}-{number}"
        body = (
            f'{{"sku":"{SKU}","quantity":1,"email":"{name}@example.org","name":"Ada","payment_token":"tok_ok",'
            '"address":{"line1":"1 Pier Road","city":"Hull","postcode":"HU1 1AA","country":"GB"}}'
        ).encode()
        yield (
            f"POST {URI} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {name}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def quiet(url: str, seconds: int) -> load.Steady:
    return asyncio.run(load.steady(url, page_requests(seconds), rate=RATE))


def flooded(url: str, run: str, seconds: int) -> tuple[load.Steady, load.Flood]:
    flood = load.flood_orders(url + URI, sku=SKU, run=run, seconds=seconds + 2)
    time.sleep(1)
    seen = quiet(url, seconds)
    return seen, load.read_flood(flood)


def paced(
    url: str, run: str, seconds: int, pace: int, keeping: Callable[..., AbstractContextManager[None]]
) -> load.Steady:
    """Who orders has a process of his own: what a page waits for in the client is not the shop's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as buyers:
        who = psutil.Process(buyers.submit(os.getpid).result())
        with keeping(buyers=who):
            ordering = buyers.submit(order, url, run, seconds, pace)
            seen = quiet(url, seconds)
            failed = ordering.result().failed
        if failed:
            raise SystemExit(
                f"{failed} of {pace * seconds} orders were not accepted: this is no measurement."
            )
    return seen


def order(url: str, run: str, seconds: int, pace: int) -> load.Steady:
    # The buyers' machines are not the shop's: they take what nobody else on this one wants.
    os.nice(10)
    requests = order_requests(run, pace * seconds)
    return asyncio.run(load.steady(url, requests, rate=pace, expect=(201, 202)))


def settle(shop: stage.Stage) -> None:
    """Wait until nothing of the last phase is still being worked off."""
    deadline = time.monotonic() + 120
    with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
        seen = -1
        while time.monotonic() < deadline:
            now = stage.number(
                database,
                "SELECT (SELECT count(*) FROM orders_order WHERE status IN ('placed', 'paid')) + count(*)"
                " FROM shop_outboxevent WHERE position IS NULL"
                " OR position > (SELECT min(position) FROM shop_outboxcursor)",
            )
            if now == seen == 0:
                return
            seen = now
            time.sleep(2)


def phases(
    shop: stage.Stage, *, seconds: int, pace: int, turns: int, accounts: Accounts
) -> Iterator[tuple[str, load.Steady, float | None]]:
    """Yield (what, pages, orders a second or None)."""
    url = shop.variables["EDGE_URL"]
    shop.manage("fastpath", "arm", HOT, "--units", str(UNITS))
    shop.manage("fastpath", "open", HOT)
    quiet(url, 3)
    idle, on = [], []
    for turn in range(turns):
        with accounts.keeping("idle"):
            idle.append(quiet(url, seconds))
        on.append(paced(url, f"on-paced-{turn}", seconds, pace, partial(accounts.keeping, "paced")))
        settle(shop)
    yield "idle", load.pool(idle), None
    yield f"on, {pace} orders/s", load.pool(on), pace
    seen, flood = flooded(url, "on-flat", seconds)
    yield "on, flat out", seen, flood.requests / flood.seconds
    settle(shop)
    shop.manage("fastpath", "close", HOT)
    settle(shop)
    yield (
        f"off, {pace} orders/s",
        paced(url, "off-paced", seconds, pace, partial(accounts.keeping, "off")),
        pace,
    )
    settle(shop)
    seen, flood = flooded(url, "off-flat", seconds)
    yield "off, flat out", seen, flood.requests / flood.seconds


def main() -> None:
    options = stage.options(
        __doc__,
        seconds=(15, "of each phase"),
        pace=(200, "orders a second in the paced phases"),
        turns=(4, "of idle and paced"),
    )
    console = stage.console()
    table = Table(title=f"GET {PAGE} at {RATE:.0f}/s while {URI} is flooded")
    for heading in ("fast path", "orders/s", "p50 ms", "p99 ms", "p99 against idle", "failed"):
        table.add_column(heading, justify="left" if heading == "fast path" else "right")
    with stage.set_up(["edge", "web", "live", "fastpath", "worker", "beat"]) as shop:
        with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
            database.execute("UPDATE shop_stock SET available = %s", [UNITS * 2])
        idle = 0.0
        accounts = Accounts({**shop.processes, "visitors": psutil.Process()})
        measured = phases(
            shop, seconds=options.seconds, pace=options.pace, turns=options.turns, accounts=accounts
        )
        for what, pages, orders in measured:
            p99 = pages.percentile(0.99)
            idle = idle or p99
            rate = f"{orders:,.0f}" if orders else "-"
            table.add_row(
                what,
                rate,
                f"{pages.percentile(0.5):.1f}",
                f"{p99:.1f}",
                f"{p99 / idle:.1f}×",
                str(pages.failed),
            )
    console.print(table)
    seconds = options.seconds * options.turns
    spent = accounts.spent
    console.print(present(spent["idle"], spent["paced"], seconds=seconds, pace=options.pace))


if __name__ == "__main__":
    main()

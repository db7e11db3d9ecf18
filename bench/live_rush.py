"""Viewers of three sales while a rush runs: how old does what they see get, and does `web` feel it?

The rush is on the first product; the other two get a few orders a second. A viewer's
state is as old as the oldest change in the log that it has not been told of; the logs are
followed by a probe of their own. A page of another product is asked for 20 times a
second, before and during the rush. Everything shares this machine's cores.

    .venv/bin/python -m bench.live_rush [--connections 10000] [--scale 10]
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

import redis

from bench import isolation, live_stage, load, stage
from bench.live_audience import Audience, audience, errors
from bench.live_knowledge import Summary
from bench.live_shop import Buyers, OnSale, live_port, open_sales, whole_shop
from config import demo, env
from fastpath_lambda import keys

UNITS, TRICKLE = 500, 0.25
IDLE_SECONDS = 10


class Probe(threading.Thread):
    """Notes when each entry of the logs came."""

    def __init__(self, url: str, rooms: list[str]) -> None:
        super().__init__(daemon=True)
        self.came: dict[tuple[str, int], float] = {}
        self._ended = threading.Event()
        self._rooms = {keys.room_log(room): room for room in rooms}
        self._store = redis.Redis.from_url(url, decode_responses=True)

    def run(self) -> None:
        read_to: dict[Any, Any] = dict.fromkeys(self._rooms, "$")
        while not self._ended.is_set():
            found: Any = self._store.xread(read_to, block=200)
            now = time.monotonic()
            for log, entries in found:
                for entry, _ in entries:
                    self.came[self._rooms[log], int(entry.partition("-")[0])] = now
                read_to[log] = entries[-1][0]

    def end(self) -> None:
        self._ended.set()
        self.join()


class Trickle(threading.Thread):
    """A few orders of other products, for as long as it runs."""

    def __init__(self, shop: stage.Stage, products: list[OnSale]) -> None:
        super().__init__(daemon=True)
        self._shop, self._products = shop, products
        self.ended = threading.Event()

    def run(self) -> None:
        buyers = Buyers(self._shop)
        while not self.ended.wait(TRICKLE):
            for product in self._products:
                buyers.order(product)


def ages(steps: list[Summary], came: dict[tuple[str, int], float]) -> list[float]:
    """Of each change: how old it was when the last of those who had not heard of it did."""
    known = [(step, came.get((step.room, step.before + 1))) for step in steps if step.after > step.before]
    return sorted(step.last - at for step, at in known if at is not None)


def rush(shop: stage.Stage, product: OnSale, scale: float) -> "subprocess.Popen[str]":
    command = [demo.BEHIND, "5", sys.executable, "manage.py", "rush", product.slug]
    command += ["--scale", str(scale), "--json"]
    environment = os.environ | shop.variables
    # Whoever rushes is on other machines: here they give way to those whose pages are timed.
    return subprocess.Popen(
        command, cwd=env.ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def pages_until(url: str, process: "subprocess.Popen[str]") -> load.Steady:
    """As isolation's page, for as long as this runs."""

    def requests() -> Any:
        (request,) = set(isolation.page_requests(1))
        while process.poll() is None:
            yield request

    return asyncio.run(load.steady(url, requests(), rate=isolation.RATE))


def measure(shop: stage.Stage, products: list[OnSale], viewers: Audience, scale: float) -> list[object]:
    probe = Probe(shop.variables["REDIS_URL"], [product.room for product in products])
    trickle = Trickle(shop, products[1:])
    url = shop.variables["EDGE_URL"]
    isolation.quiet(url, 3)
    idle = isolation.quiet(url, IDLE_SECONDS)
    viewers.steps()
    probe.start()
    trickle.start()
    running = rush(shop, products[0], scale)
    pages = pages_until(url, running)
    said, _ = running.communicate()
    trickle.ended.set()
    trickle.join()
    time.sleep(2)
    probe.end()
    steps = viewers.steps()
    old = ages(steps, probe.came)
    report = json.loads(said)
    p99, before = pages.percentile(0.99), idle.percentile(0.99)
    return [
        f"{viewers.count:,}",
        f"{report['accepted']:,} of {report['asked']:,}",
        len(old),
        f"{statistics.median(old):.2f}",
        f"{old[-1]:.2f}",
        f"{before:.0f}",
        f"{p99:.0f}",
        f"{p99 / before:.1f}×",
        sum(errors(steps).values()),
    ]


HEADINGS = [
    "viewers",
    "orders accepted",
    "changes told",
    "age when the last had it, s: median",
    "most (aim: 1)",
]
HEADINGS += ["`web` p99 idle, ms", "in the rush", "ratio (aim: 2)", "errors"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=10_000, help="viewers of three rooms, by turns")
    parser.add_argument("--scale", type=float, default=10.0, help="of the rush")
    options = parser.parse_args()
    print(stage.versions())
    with whole_shop("live_rush", connections=options.connections) as shop:
        products = open_sales(shop, 3, units=UNITS)
        rooms = [product.room for product in products]
        with audience(options.connections, port=live_port(shop), rooms=rooms) as viewers:
            row = measure(shop, products, viewers, options.scale)
    print(live_stage.table("Three sales watched while a rush runs on one of them", HEADINGS, [row]))


if __name__ == "__main__":
    main()

"""The doors at which orders are placed, as a load sees them: the shop's own, and the fast path."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psycopg
import redis

from bench import load, stage
from fastpath_lambda import keys

ON_SALE = ("muskie-casting-rod", "MUSKIE-7FT")
IN_THE_SHOP = ("tourney-casting-rod", "TOURNEY-66")
UNITS = 5_000_000
# As good as 2 and 2. More threads take fewer: they hold the row's lock longer, each waiting for the others.
AT_ITS_BEST = "--workers 3 --threads 1"

# Longer than any shop measured here takes for one order.
SETTLED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    accepted: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    cpu_ms: dict[str, float]  # per accepted order, by process

    @property
    def accepted_per_second(self) -> float:
        return self.accepted / self.seconds


@dataclass(frozen=True, slots=True)
class Door:
    url: str
    words: tuple[str, ...]  # what the script is told, before the run's name
    count: Callable[[], int]  # orders accepted so far
    cpu_seconds: Callable[[], Mapping[str, float]]  # spent so far, by process
    script: Path = load.ORDERS

    def warm(self) -> None:
        self.flood("warm", seconds=2)

    def settle(self) -> None:
        """Wait until what was asked by a load that has left is answered."""
        before = None
        while before != (before := self.count()):
            time.sleep(SETTLED_SECONDS)

    def measure(self, run: str, *, seconds: int) -> Result:
        seen = self.flood(run, seconds=seconds)
        if seen.refused:
            raise SystemExit(f"{seen.refused} of {seen.accepted} were refused: this is no measurement.")
        return seen

    def flood(self, run: str, *, seconds: int) -> Result:
        before, cpu_before = self.count(), self.cpu_seconds()
        seen = load.read_flood(load.flood(self.url, *self.words, run, seconds=seconds, script=self.script))
        accepted, cpu = self.count() - before, self.cpu_seconds()
        spent = {name: (cpu[name] - cpu_before[name]) * 1000 / max(accepted, 1) for name in cpu}
        return Result(accepted, seen.seconds, seen.p50_ms, seen.p99_ms, seen.refused, spent)


@dataclass(frozen=True, slots=True)
class Shop:
    """One in which web and fastpath run, with more units of everything than can be asked for."""

    stage: stage.Stage
    database: "psycopg.Connection[tuple[int]]"
    ledger: "redis.Redis"

    def put(self, sku: str, units: int) -> None:
        self.database.execute(
            "UPDATE shop_stock SET available = %s WHERE sku_id = (SELECT id FROM shop_sku WHERE code = %s)",
            [units, sku],
        )

    def classic(self, product: str, sku: str) -> Door:
        def count() -> int:
            return stage.number(self.database, "SELECT count(*) FROM orders_order")

        return self._door("WEB_URL", product, sku, count)

    def fast(self, product: str, sku: str, *, units: int = UNITS) -> Door:
        self.stage.manage("fastpath", "arm", product, "--units", str(units))
        self.stage.manage("fastpath", "open", product)

        def count() -> int:
            return units - int(cast(bytes, self.ledger.hget(keys.left(product, 1), f"left:{sku}")))

        return self._door("FASTPATH_URL", product, sku, count)

    def _door(self, process: str, product: str, sku: str, count: Callable[[], int]) -> Door:
        url = f"{self.stage.variables[process]}/shop/rods/{product}/order"
        return Door(url, (sku,), count, self.stage.cpu_seconds)


@contextlib.contextmanager
def shop() -> Iterator[Shop]:
    with (
        stage.set_up(["web", "fastpath"], options={"web": AT_ITS_BEST}) as scene,
        psycopg.connect(scene.variables["DATABASE_URL"], autocommit=True) as database,
        redis.Redis.from_url(scene.variables["REDIS_URL"]) as ledger,
    ):
        database.execute("UPDATE shop_stock SET available = %s", [UNITS * 2])
        yield Shop(scene, database, ledger)


def open_both(shop: Shop) -> tuple[Door, Door]:
    """Classic and fast, warm."""
    # A product that the shop has sold: each take looks for what its key was answered then.
    shop.classic(*ON_SALE).warm()
    # One that is on sale gets no orders in the shop.
    both = shop.classic(*IN_THE_SHOP), shop.fast(*ON_SALE)
    for door in both:
        door.warm()
    return both

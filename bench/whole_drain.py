"""The drain with its queue, ledger and database, measured; imported where Django is set up."""

import itertools
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import psutil
import redis
from django.conf import settings
from django.db import connection

from fastpath_lambda import claims, keys
from fastpath_lambda.claims import Claim
from fastpath_lambda.sqs import Queue
from fastpath_lambda.stores.redis import RedisLedger
from orders import drain_turn, pacing, turns
from orders.buffer import Buffer
from orders.models import Order, OrderLine
from shop.models import Allotment

TABLES = "orders_orderline, orders_order, shop_stockmovement, shop_outboxevent"


@dataclass(frozen=True, slots=True)
class Rate:
    name: str
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def forget_orders() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")  # payments, releases and mails of the orders
        cursor.execute("UPDATE shop_allotment SET ordered = 0")
        # Not the emptied tables: known to be empty, they would have their foreign keys checked by
        # sequential scans, long after they are not.
        cursor.execute("VACUUM shop_allotment")


def check(count: int) -> None:
    """A rate of something that was not done is none."""
    found = (Order.objects.count(), OrderLine.objects.count(), Allotment.objects.get().ordered)
    if found != (count, count, count):
        raise SystemExit(f"{count} claims became {found} orders, lines and units: this is no measurement.")


def chunks(backlog: Iterable[Claim], size: int) -> Iterator[list[Claim]]:
    waiting = iter(backlog)
    while chunk := list(itertools.islice(waiting, size)):
        yield chunk


class WholeDrain:
    """Queue, ledger and database together; its clock stands still while the queue is filled."""

    def __init__(self, *, hands: int) -> None:
        self.store = redis.Redis.from_url(settings.REDIS_URL)
        self.ledger = RedisLedger(self.store)
        self.queue = Queue.from_environment()
        self.queue.ensure()
        self.hands = hands
        self.seconds = 0.0
        self.cpu: dict[str, float] = {}

    def run(self, backlog: list[Claim], *, portion: int) -> Rate:
        forget_orders()
        seconds = 0.0
        for chunk in chunks(backlog, portion or len(backlog)):
            self.queue.send_batch([claims.to_json(claim) for claim in chunk])
            intents = {claim.order_id: claim.accepted_ms for claim in chunk}
            self.store.zadd(keys.intents(chunk[0].product, 1), intents)
            before = _cpu_seconds()
            seconds += self._drain(len(chunk))
            for name, spent in _cpu_seconds().items():
                self.cpu[name] = self.cpu.get(name, 0.0) + spent - before.get(name, 0.0)
        check(len(backlog))
        self.seconds += seconds
        return Rate(f"whole drain, {portion or len(backlog):,} waiting at most", len(backlog), seconds)

    def shares(self) -> dict[str, float]:
        """Of one core, while the clock ran."""
        return {name: spent / self.seconds for name, spent in self.cpu.items()}

    def _drain(self, count: int) -> float:
        """Seconds from the first receive until the last delete is answered."""
        target = Order.objects.count() + count
        with turns.take(self.store, "bench", length=timedelta(hours=1)) as turn:
            assert turn is not None
            buffer = _Watched(self.queue, batch=settings.DRAIN_BATCH, hands=self.hands)
            buffer.end_after(count, turn)
            started = time.perf_counter()
            drain_turn.run(turn, buffer=buffer, ledger=self.ledger, pacer=pacing.Pacer(10**9))
        assert Order.objects.count() == target
        return buffer.ended_at - started


class _Watched(Buffer):
    """Knows when its last message is deleted: the hands' last long poll is not drain time."""

    def end_after(self, count: int, turn: turns.Turn) -> None:
        self._left, self._turn, self._lock = count, turn, threading.Lock()

    def _delete(self, receipts: Iterable[str]) -> None:
        receipts = list(receipts)
        super()._delete(receipts)
        with self._lock:
            self._left -= len(receipts)
            if self._left == 0:
                self.ended_at = time.perf_counter()
                self._turn.end()


def _cpu_seconds() -> dict[str, float]:
    """CPU spent so far by those who take part; of PostgreSQL, by the drain's own backend."""
    backend = connection.connection.info.backend_pid
    port = int(settings.SQS_ENDPOINT_URL.rpartition(":")[2])
    listening = (
        c.pid for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port
    )
    pids = {"the drain's process": os.getpid(), "PostgreSQL": backend, "the queue's server": next(listening)}
    return {name: _cpu(psutil.Process(pid)) for name, pid in pids.items() if pid}


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)

"""One round: a sale from arming to closing, a rush in the middle, and one component killed meanwhile.

What is counted afterwards goes by the visitors' own record of what they were answered,
not by what the shop believes.
"""

import json
import os
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import redis
from django.db import Error as DatabaseFailed
from django.db import connection
from websockets.sync.client import connect

from edge import audit, lifecycle
from edge.rush import running
from edge.rush.visitors import Errand
from shop import stock
from shop.models import Product, Sale, Stock
from tests.chaos import components

T = TypeVar("T")

SLUG = "muskie-casting-rod"
LONGEST = 60.0
STOCK = 100_000
BY = "chaos"
MOMENTS = ("selling", "arming", "closing")


@dataclass(slots=True)
class Outcome:
    """A line of the table."""

    component: str
    at: str  # one of MOMENTS
    killed_after: float  # seconds from its beginning
    requests: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    oversold: int = 0
    unanswered: int = 0
    # From the kill until it served again; from the last acceptance until the last order was placed.
    recovery: float = 0.0
    settled: float = 0.0
    # What else is wrong, a sentence each.
    wrong: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.doubled or self.oversold or self.unanswered or self.wrong)


def play(component: str, *, at: str = "selling", seed: int, seconds: int, rate: int, units: int) -> Outcome:
    """A whole sale. The kill falls into its rush, or into the moment in which it is armed or closed."""
    # Arming and closing take a fraction of a second.
    latest = seconds - 0.3 if at == "selling" else 0.4
    moment = random.Random(f"{seed}/{component}").uniform(0.0, latest)
    outcome = Outcome(component, at, round(moment, 2))
    product = _persist(lambda: Product.objects.select_related("category").get(slug=SLUG))
    _close(product, outcome)
    _restock(product)
    with _killing(outcome, at == "arming"):
        _sell(product, units)
    tally = _rush(product, outcome, counts=[rate] * seconds)
    _count(product, outcome, tally)
    _hold_against_each_other(product, outcome, "while it is open")
    with _killing(outcome, at == "closing"):
        _close(product, outcome)
    _hold_against_each_other(product, outcome, "after it closed")
    return outcome


@contextmanager
def _killing(outcome: Outcome, is_now: bool) -> Iterator[None]:
    """Kill the component while what stands in here is done, and wait until it serves again."""
    with ThreadPoolExecutor(1) as one:
        killed = one.submit(_kill_and_wait, outcome) if is_now else None
        yield
        if killed is not None:
            outcome.recovery = killed.result()


def _close(product: Product, outcome: Outcome) -> None:
    if _state(product) in Sale.ON:
        _persist(lambda: lifecycle.close(SLUG, by=BY, wait=False))
        if not _soon(lambda: _state(product) not in Sale.ON, LONGEST):
            outcome.wrong.append("the sale was still closing after a minute")


def _restock(product: Product) -> None:
    for sku in _persist(lambda: list(product.skus.all())):
        _persist(partial(stock.set_available, sku, available=STOCK, by=BY))


def _sell(product: Product, units: int) -> None:
    _persist(lambda: lifecycle.arm(SLUG, units=units, limit=2, by=BY))
    _persist(lambda: lifecycle.open_sale(SLUG, by=BY) if _state(product) == Sale.State.ARMED else None)


def _rush(product: Product, outcome: Outcome, *, counts: list[int]) -> Mapping[str, Any]:
    errand = Errand(
        edge_url=os.environ["EDGE_URL"],
        page=product.get_absolute_url(),
        run=uuid.uuid4().hex[:8],
        skus=_persist(lambda: list(product.skus.values_list("code", flat=True))),
        counts=counts,
        timeout=10.0,
        # Nobody gives up: who was told to try again does, with the same key.
        attempts=int(LONGEST / 0.5),
    )
    came = threading.Event()
    with ThreadPoolExecutor(1) as one:
        rush: Future[dict[str, Any]] = one.submit(
            running.send_visitors, errand, progress=lambda now: came.set() if now["asked"] else None
        )
        came.wait(LONGEST)
        if outcome.at == "selling":
            outcome.recovery = _kill_and_wait(outcome)
        return rush.result() | {"run": errand.run}


def _kill_and_wait(outcome: Outcome) -> float:
    time.sleep(outcome.killed_after)
    serves = components.kill(outcome.component)
    killed_at = time.monotonic()
    if not _soon(serves, LONGEST):
        outcome.wrong.append("it did not serve again within a minute")
    return round(time.monotonic() - killed_at, 2)


def _count(product: Product, outcome: Outcome, tally: Mapping[str, Any]) -> None:
    outcome.requests = tally["asked"] + tally["retried"]
    outcome.accepted = len(tally["accepted"])
    outcome.unanswered = sum(tally["errors"].values())
    ids = tally["accepted"]
    if len(set(ids)) != len(ids):
        outcome.wrong.append("two visitors were given the same order")
    started = time.monotonic()
    _soon(lambda: _persist(lambda: _one(_PLACED, ids)) == len(ids), LONGEST)
    outcome.settled = round(time.monotonic() - started, 2)
    outcome.lost = len(ids) - _persist(lambda: _one(_PLACED, ids))
    outcome.doubled = _persist(lambda: _one(_DOUBLED, f"rush-{tally['run']}-%"))
    outcome.oversold = _persist(lambda: _one(_OVERSOLD, product.pk))


_PLACED = "SELECT count(*) FROM orders_order WHERE id = ANY(%s::uuid[])"
_DOUBLED = """
    SELECT coalesce(sum(orders - 1), 0) FROM (
        SELECT count(*) AS orders FROM orders_order WHERE email LIKE %s GROUP BY email
    ) AS visitors
"""
# By the lines of the orders, whatever the allotment's own counters say.
_OVERSOLD = """
    SELECT coalesce(sum(greatest(sold.units - allotment.armed, 0)), 0)
    FROM shop_allotment allotment
    JOIN shop_sale sale ON sale.id = allotment.sale_id
    JOIN LATERAL (
        SELECT coalesce(sum(line.quantity), 0) AS units
        FROM orders_order o JOIN orders_orderline line ON line.order_id = o.id
        WHERE (o.sale_id, o.generation, line.sku_id)
            = (allotment.sale_id, allotment.generation, allotment.sku_id)
            AND o.status NOT IN ('cancelled', 'refunded')
    ) AS sold ON true
    WHERE sale.product_id = %s
"""


def _hold_against_each_other(product: Product, outcome: Outcome, when: str) -> None:
    """The equation, and what a page that is opened now shows against what there is."""
    if not audit.is_balanced(_persist(lambda: audit.audit(SLUG))):
        outcome.wrong.append(f"the equation does not balance {when}")
    # Both move on for a moment, and not in one step: they have to meet.
    if not _soon(lambda: _shown() == _persist(lambda: _there_are(product)), 5):
        outcome.wrong.append(f"pages show {_shown()} of {_there_are(product)} units {when}")


def _there_are(product: Product) -> dict[str, int]:
    if _state(product) == Sale.State.CLOSED:
        return dict(Stock.objects.filter(sku__product=product).values_list("sku__code", "available"))
    rows = audit.audit(SLUG)
    return {row.sku: row.left for row in rows if row.sale == max(rows, key=_generation).sale}


def _generation(row: audit.Row) -> int:
    return int(row.sale.rpartition("/")[2])


def _shown() -> dict[str, int] | None:
    """What the product's live room says to somebody who comes now, through the edge."""
    url = os.environ["EDGE_URL"].replace("http", "ws", 1)
    try:
        with connect(
            f"{url}/live/", open_timeout=3, additional_headers={"Origin": os.environ["EDGE_URL"]}
        ) as ws:
            ws.send(json.dumps({"type": "subscribe", "rooms": [{"room": f"product:{SLUG}"}]}))
            state = json.loads(ws.recv(timeout=3))["state"]
    except (OSError, KeyError, TimeoutError):
        return None
    return {sku: value["available"] for sku, value in state.items()}


def _state(product: Product) -> str | None:
    sales = Sale.objects.filter(product=product).order_by("-generation")
    return _persist(lambda: sales.values_list("state", flat=True).first())


def _one(question: str, argument: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question, [argument])
        return int(cursor.fetchone()[0])


def _persist(act: Callable[[], T]) -> T:
    """What ops does when a command fails because something is down: run it again."""
    deadline = time.monotonic() + LONGEST
    while True:
        try:
            return act()
        except (DatabaseFailed, redis.RedisError, lifecycle.CannotChange):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _soon(question: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

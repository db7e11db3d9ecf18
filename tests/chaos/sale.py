"""A sale as the crash matrix and the soak play it, whatever is down meanwhile; and what is asked of it.

What was accepted goes by the visitors' own record of what they were answered, not by
what the shop believes.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import redis
from django.db import Error as DatabaseFailed
from django.db import connection
from websockets.sync.client import connect

from edge import audit, lifecycle
from shop import stock
from shop.models import Product, Sale, Stock

T = TypeVar("T")

LONGEST = 120.0
STOCK = 100_000
BY = "chaos"


def find(slug: str) -> Product:
    return persist(lambda: Product.objects.select_related("category").get(slug=slug))


def find_skus(product: Product) -> list[str]:
    return persist(lambda: list(product.skus.order_by("code").values_list("code", flat=True)))


def restock(product: Product) -> None:
    for sku in persist(lambda: list(product.skus.all())):
        persist(partial(stock.set_available, sku, available=STOCK, by=BY))


def sell(product: Product, *, units: int, limit: int) -> Sale:
    slug = product.slug
    sale = persist(lambda: lifecycle.arm(slug, units=units, limit=limit, by=BY))
    persist(lambda: lifecycle.open_sale(slug, by=BY) if _state(product) == Sale.State.ARMED else None)
    return sale


def close(product: Product, *, seconds: float = LONGEST) -> bool:
    """Close its sale, where one is on. Returns whether that was done in time."""
    if _state(product) not in Sale.ON:
        return True
    persist(lambda: lifecycle.close(product.slug, by=BY, wait=False))
    return soon(lambda: _state(product) not in Sale.ON, seconds)


def count_placed(ids: Sequence[str]) -> int:
    return persist(lambda: _one("SELECT count(*) FROM orders_order WHERE id = ANY(%s::uuid[])", list(ids)))


def count_orders(emails: str) -> int:
    return persist(lambda: _one("SELECT count(*) FROM orders_order WHERE email LIKE %s", emails))


def count_doubled(emails: str) -> int:
    """Orders beyond the first of each e-mail that is like this one."""
    return persist(lambda: _one(_DOUBLED, emails))


def count_oversold(product: Product) -> int:
    return persist(lambda: _one(_OVERSOLD, product.pk))


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


def find_disagreements(product: Product, when: str) -> list[str]:
    """What contradicts itself, a sentence each."""
    found = [] if is_balanced(product) else [f"the equation does not balance {when}"]
    return found + find_wrong_pages(product, when)


def is_balanced(product: Product) -> bool:
    return audit.is_balanced(persist(lambda: audit.audit(product.slug)))


def find_wrong_pages(product: Product, when: str) -> list[str]:
    """What a page that is opened now shows, against what there is."""
    # Both move on for a moment, and not in one step: they have to meet.
    if soon(lambda: _shown(product) == persist(lambda: _there_are(product)), 30):
        return []
    return [f"pages show {_shown(product)} of {_there_are(product)} units {when}"]


def _there_are(product: Product) -> dict[str, int]:
    if _state(product) == Sale.State.CLOSED:
        return dict(Stock.objects.filter(sku__product=product).values_list("sku__code", "available"))
    rows = audit.audit(product.slug)
    return {row.sku: row.left for row in rows if row.sale == max(rows, key=_generation).sale}


def _generation(row: audit.Row) -> int:
    return int(row.sale.rpartition("/")[2])


def _shown(product: Product) -> dict[str, int] | None:
    """What the product's live room says to somebody who comes now, through the edge."""
    url = os.environ["EDGE_URL"].replace("http", "ws", 1)
    try:
        with connect(
            f"{url}/live/", open_timeout=10, additional_headers={"Origin": os.environ["EDGE_URL"]}
        ) as ws:
            ws.send(json.dumps({"type": "subscribe", "rooms": [{"room": f"product:{product.slug}"}]}))
            state = json.loads(ws.recv(timeout=10))["state"]
    except (OSError, KeyError, TimeoutError):
        return None
    return {sku: value["available"] for sku, value in state.items()}


def _state(product: Product) -> str | None:
    sales = Sale.objects.filter(product=product).order_by("-generation")
    return persist(lambda: sales.values_list("state", flat=True).first())


def _one(question: str, argument: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question, [argument])
        return int(cursor.fetchone()[0])


def persist(act: Callable[[], T]) -> T:
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


def soon(question: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

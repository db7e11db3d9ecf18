"""The whole shop for the live benches: open sales, orders over the edge, viewers at `live` itself."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

import psycopg

from bench import live_stage, stage
from config import env

PROCESSES = ["edge", "web", "live", "fastpath", "worker", "beat"]
HOT = "muskie-casting-rod"


@dataclass(frozen=True, slots=True)
class OnSale:
    category: str
    slug: str
    sku: str

    @property
    def room(self) -> str:
        return f"product:{self.slug}"

    def request(self, name: str) -> tuple[str, bytes, dict[str, str]]:
        """Path, body and headers of an order for one, by a buyer of this name."""
        body = (
            f'{{"sku":"{self.sku}","quantity":1,"email":"{name}@example.org","name":"Ada",'
            '"payment_token":"tok_ok",'
            '"address":{"line1":"1 Pier Road","city":"Hull","postcode":"HU1 1AA","country":"GB"}}'
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": name}
        return f"/shop/{self.category}/{self.slug}/order", body.encode(), headers


@contextmanager
def whole_shop(name: str, *, connections: int) -> Iterator[stage.Stage]:
    live_stage.raise_limit(connections + live_stage.SPARE_FILES)
    os.environ.update(live_stage.many_from_one_address())
    with stage.set_up(PROCESSES, folder=env.ROOT / "var" / "bench" / name) as shop:
        yield shop


def open_sales(shop: stage.Stage, count: int, *, units: int) -> list[OnSale]:
    """Sales of so many products, the hot one first."""
    with psycopg.connect(shop.variables["DATABASE_URL"], autocommit=True) as database:
        database.execute("UPDATE shop_stock SET available = %s", [2 * units])
        found = database.execute(
            "SELECT c.slug, p.slug, min(s.code) FROM shop_product p"
            " JOIN shop_category c ON c.id = p.category_id JOIN shop_sku s ON s.product_id = p.id"
            " JOIN shop_stock k ON k.sku_id = s.id"
            " GROUP BY c.slug, p.slug HAVING count(*) = 1 ORDER BY p.slug <> %s, p.slug LIMIT %s",
            [HOT, count],
        )
        products = [OnSale(*row) for row in found.fetchall()]
    for product in products:
        shop.manage("fastpath", "arm", product.slug, "--units", str(units), "--limit", "2")
        shop.manage("fastpath", "open", product.slug)
    return products


def live_port(shop: stage.Stage) -> int:
    return urlsplit(shop.variables["LIVE_URL"]).port or 0


class Buyers:
    """Orders one after another, over one link to the edge."""

    def __init__(self, shop: stage.Stage) -> None:
        self._link = HTTPConnection(urlsplit(shop.variables["EDGE_URL"]).netloc, timeout=30)
        self._count = 0

    def order(self, product: OnSale) -> float:
        """When it was answered. Raises where it is not accepted."""
        self._count += 1
        path, body, headers = product.request(f"bench-{os.getpid()}-{id(self)}-{self._count}")
        self._link.request("POST", path, body, headers)
        answer = self._link.getresponse()
        answered_at = time.monotonic()
        said = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"An order was answered {answer.status}: {said[:200]!r}")
        return answered_at

"""Makes a room from the database, once, when somebody comes for it and the store has none.

That is a product nobody has watched or bought since the store was empty, or a show. From then on
the room is written with every change, and connecting costs no query.
"""

import asyncio
from collections.abc import Collection
from itertools import islice
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseFailed
from django.db.models import F

from live import ops_room, publish
from live.rooms import Kind, Room
from live.shows import values
from live.watching import Unavailable
from shop.models import Sku

# Products that one round makes: some milliseconds of the thread that all wait for.
TOGETHER = 200


class Maker:
    """Puts rooms into the store, for one process. Those of products together, however many are asked for.

    Each would be a question to the database, in the process's one thread for that. So who
    comes while some are being made is in the next round, and a round is one question.
    """

    def __init__(self) -> None:
        self._wanted: dict[Room, asyncio.Future[bool]] = {}
        self._rounds: asyncio.Task[None] | None = None

    async def __call__(self, room: Room) -> bool:
        """False where there is no such thing. Raises Unavailable."""
        if room.kind is not Kind.PRODUCT:
            return room in await _make([room])
        loop = asyncio.get_running_loop()
        if room not in self._wanted:
            self._wanted[room] = loop.create_future()
        made = self._wanted[room]
        if self._rounds is None or self._rounds.done():
            self._rounds = loop.create_task(self._make_in_rounds())
        # One who leaves meanwhile does not take it from the others.
        return await asyncio.shield(made)

    async def _make_in_rounds(self) -> None:
        while self._wanted:
            waiting = {room: self._wanted.pop(room) for room in list(islice(self._wanted, TOGETHER))}
            try:
                made = await _make(waiting)
            except Exception as error:
                for one in waiting.values():
                    one.set_exception(error)
            else:
                for room, one in waiting.items():
                    one.set_result(room in made)


async def _make(asked: Collection[Room]) -> set[Room]:
    try:
        made: set[Room] = await database_sync_to_async(make_now)(asked)
    except DatabaseFailed as error:
        raise Unavailable("The shop's database does not answer. Ask again soon.") from error
    return made


def make_now(asked: Collection[Room]) -> set[Room]:
    """Put these into the store. Returns those that there are."""
    made = _make_products([room for room in asked if room.kind is Kind.PRODUCT])
    return made | {room for room in asked if room.kind is not Kind.PRODUCT and _make_other(room)}


def _make_other(room: Room) -> bool:
    if room.kind is Kind.OPS:
        publish.ops(ops_room.look())
        return True
    return room.kind is Kind.SHOW and _make_show(room.subject)


def _make_show(slug: str) -> bool:
    found = values.whole(slug)
    if found:
        publish.whole_show(slug, found)
    return bool(found)


def _make_products(asked: list[Room]) -> set[Room]:
    found = products([room.subject for room in asked])
    # A change that commits after this query is newer, and publishing drops the older of the two.
    publish.whole_product(found)
    there = {value["product"] for value in found}
    return {room for room in asked if room.subject in there}


def product(slug: str) -> list[dict[str, Any]]:
    """The values of all the product's SKUs, as `stock.changed` tells them."""
    return products([slug])


def products(slugs: Collection[str]) -> list[dict[str, Any]]:
    """As `product`, of all of these."""
    if not slugs:
        return []
    skus = Sku.objects.filter(product__slug__in=slugs, stock__isnull=False).select_related("stock")
    return [_value(sku.slug, sku) for sku in skus.annotate(slug=F("product__slug"))]


def _value(slug: str, sku: Sku) -> dict[str, Any]:
    return {
        "product": slug,
        "sku": sku.code,
        "available": sku.stock.available,
        "price": str(sku.price),
        "currency": settings.CURRENCY,
        "status": _status(sku),
        "version": sku.stock.version,
    }


def _status(sku: Sku) -> str:
    if sku.stock.sale_id:
        # On sale, but the ledger that sells it is not there: nobody can buy it now.
        return "paused"
    return "in_stock" if sku.stock.available > 0 else "sold_out"

"""Makes a room from the database, once, when somebody comes for it and the store has none.

That is a product nobody has watched or bought since the store was empty, or a show. From then on
the room is written with every change, and connecting costs no query.
"""

from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseFailed

from live import ops_room, publish, rooms
from live.shows import values
from live.watching import Unavailable
from shop.models import Sku


async def make(room: rooms.Room) -> bool:
    """Put the room into the store. False where there is no such thing. Raises Unavailable."""
    try:
        made: bool = await database_sync_to_async(make_now)(room)
    except DatabaseFailed as error:
        raise Unavailable("The shop's database does not answer. Ask again soon.") from error
    return made


def make_now(room: rooms.Room) -> bool:
    """As `make`, from synchronous code."""
    if room.kind is rooms.Kind.PRODUCT:
        return _make_product(room.subject)
    if room.kind is rooms.Kind.OPS:
        publish.ops(ops_room.look())
        return True
    return room.kind is rooms.Kind.SHOW and _make_show(room.subject)


def _make_show(slug: str) -> bool:
    found = values.whole(slug)
    if found:
        publish.whole_show(slug, found)
    return bool(found)


def _make_product(slug: str) -> bool:
    found = product(slug)
    # A change that commits after this query is newer, and publishing drops the older of the two.
    publish.whole_product(found)
    return bool(found)


def product(slug: str) -> list[dict[str, Any]]:
    """The values of all the product's SKUs, as `stock.changed` tells them."""
    skus = Sku.objects.filter(product__slug=slug, stock__isnull=False).select_related("stock")
    return [_value(slug, sku) for sku in skus]


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

"""Makes a room from the database, once, when somebody comes for it and the store has none.

That is a product nobody has watched or bought since the store was empty. From then on
the room is written with every change, and connecting costs no query.
"""

from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseFailed

from live import publish, rooms
from live.hub import Unavailable
from shop.models import Sku


async def make(room: rooms.Room) -> bool:
    """Put the room into the store. False where there is no such product. Raises Unavailable."""
    if room.kind is not rooms.Kind.PRODUCT:
        return False
    try:
        made: bool = await database_sync_to_async(_make_product)(room.subject)
    except DatabaseFailed as error:
        raise Unavailable("The shop's database does not answer. Ask again soon.") from error
    return made


def _make_product(slug: str) -> bool:
    values = product(slug)
    # A change that commits after this query is newer, and publishing drops the older of the two.
    publish.whole_product(values)
    return bool(values)


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

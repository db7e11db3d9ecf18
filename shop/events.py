"""The outbox events of the shop: what they are called, what they say, and how they are written.

An event is written in the transaction that makes it true, and told after it by the
relay (orders/relay.py), in the order of commits within one key. Nobody builds a payload
by hand: statements that move stock put `STOCK_CHANGED` into the same statement, and
whatever else changes what shoppers see calls one of the functions here.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from shop.models import OutboxEvent, Sale

STOCK = "stock.changed"
ORDER = "order.changed"
SALE = "sale.changed"
SHOW = "show.changed"

# Inserts one event per row of `changed` (sku_id, available, version): {"product", "sku",
# "available", "price", "currency", "status", "version"}. Wants the parameter %(currency)s.
STOCK_CHANGED = """
    INSERT INTO shop_outboxevent (topic, key, payload)
    SELECT 'stock.changed', 'product:' || product.slug, jsonb_build_object(
        'product', product.slug,
        'sku', sku.code,
        'available', changed.available,
        'price', sku.price::text,
        'currency', %(currency)s::text,
        'status', CASE WHEN changed.available > 0 THEN 'in_stock' ELSE 'sold_out' END,
        'version', changed.version)
    FROM changed
    JOIN shop_sku sku ON sku.id = changed.sku_id
    JOIN shop_product product ON product.id = sku.product_id
"""

_TELL_STOCK = f"""
    WITH changed AS (
        UPDATE shop_stock SET version = version + 1
        WHERE sku_id = ANY(%(sku_ids)s)
        RETURNING sku_id, available, version
    )
    {STOCK_CHANGED}
"""


def product_key(slug: str) -> str:
    return f"product:{slug}"


def sale_key(sale_id: int) -> str:
    return f"sale:{sale_id}"


def order_key(order_id: UUID | str) -> str:
    return f"order:{order_id}"


def show_key(slug: str) -> str:
    return f"show:{slug}"


def tell_stock(sku_ids: Iterable[int]) -> None:
    """Tell viewers what these SKUs are now: after a change of price, or when a sale gives them back.

    Raises each SKU's version, so that no older message undoes this one on a page.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TELL_STOCK, {"sku_ids": list(sku_ids), "currency": settings.CURRENCY})


def order_changed(order_id: UUID | str, *, status: str, version: int, product: str | None) -> dict[str, Any]:
    """The payload of an order's new status; `product` is the slug on whose sale it was placed, if any."""
    return {"order_id": str(order_id), "status": status, "version": version, "product": product}


def tell_order(order_id: UUID | str, *, status: str, version: int, product: str | None = None) -> None:
    OutboxEvent.objects.create(
        topic=ORDER,
        key=order_key(order_id),
        payload=order_changed(order_id, status=status, version=version, product=product),
    )


def tell_sale(sale: Sale, *, action: str) -> None:
    """A sale's plan or state changed. While it is on, its units are the ledger's to tell of."""
    OutboxEvent.objects.create(
        topic=SALE,
        key=sale_key(sale.pk),
        payload={
            "sale": sale.pk,
            "generation": sale.generation,
            "product": sale.product.slug,
            "action": action,
            "state": sale.state,
            "price": str(sale.price),
            "currency": settings.CURRENCY,
            "units": sale.units,
            "limit_per_buyer": sale.limit_per_buyer,
            "opens_at": sale.opens_at and sale.opens_at.isoformat(),
            "closes_at": sale.closes_at and sale.closes_at.isoformat(),
        },
    )

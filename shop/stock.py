"""How shop stock moves, outside of a sale: taken by an order, given back, set by a merchandiser.

Each act is one statement: a conditional update whose row count is the verdict, and
with it, only where a row was updated, the movement and the event for viewers. The
condition also holds the shut door: a row that belongs to a sale is never touched, so
an order and an arming sale cannot both have the last unit.

Moving units in and out of an allotment is not done here: see edge/lifecycle.py.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from shop import events, refusing
from shop.models import Sku, Stock, StockMovement

_MOVE = f"""
    WITH changed AS (
        UPDATE shop_stock SET available = available + %(quantity)s, version = version + 1
        WHERE sku_id = %(sku_id)s AND {{condition}}
        RETURNING sku_id, available, version
    ), moved AS (
        INSERT INTO shop_stockmovement (sku_id, quantity, reason, order_id, by)
        SELECT sku_id, %(quantity)s, %(reason)s, %(order_id)s::uuid, %(by)s FROM changed
    ), told AS ({events.STOCK_CHANGED})
    SELECT 1 FROM changed
"""
_TAKE = _MOVE.format(condition="available + %(quantity)s >= 0 AND sale_id IS NULL")
# Units that an order did not keep have to go somewhere, whoever sells the rest by now.
_GIVE_BACK = _MOVE.format(condition="TRUE")
_SET = _MOVE.format(condition="available = %(seen)s AND sale_id IS NULL")


class CannotSet(refusing.CannotChange):
    """The stock was not set. The message says why, to the person who asked."""

    title = "The stock stays as it is"


def take(*, sku_id: int, quantity: int, order_id: UUID | str) -> bool:
    """Take units for an order. False, and nothing written, where there are fewer or a sale has them.

    Call it last before the commit: from here on every other buyer of this SKU waits.
    An order of several SKUs takes them in the order of their ids, or two orders may
    wait for each other.
    """
    if quantity < 1:
        raise ValueError(f"quantity is {quantity}: take at least 1")
    return _move(
        _TAKE, sku_id=sku_id, quantity=-quantity, reason=StockMovement.Reason.ORDERED, order_id=order_id
    )


def give_back(*, sku_id: int, quantity: int, order_id: UUID | str) -> None:
    """Return a cancelled order's units. Doing it once is the caller's compare-and-set on the order."""
    if quantity < 1:
        raise ValueError(f"quantity is {quantity}: give back at least 1")
    _move(
        _GIVE_BACK,
        sku_id=sku_id,
        quantity=quantity,
        reason=StockMovement.Reason.CANCELLED,
        order_id=order_id,
    )


@transaction.atomic
def set_available(
    sku: Sku,
    *,
    available: int,
    by: str,
    reason: StockMovement.Reason = StockMovement.Reason.CORRECTED,
    seen: int | None = None,
) -> None:
    """Set what is in stock, as a merchandiser counted it. Raise CannotSet where it may not be set.

    `seen` is the number that was on the merchandiser's screen: units ordered since then
    are not to be written over.
    """
    if available < 0:
        raise CannotSet(f"{sku}: {available} cannot be in stock. Enter 0 or more.")
    stock, is_new = Stock.objects.get_or_create(sku=sku)
    if is_new and not available:
        # No units move, and yet it is news: there is a SKU more, with its price.
        events.tell_stock([sku.pk])
    seen = stock.available if seen is None else seen
    if available == seen == stock.available:
        return
    if not _move(_SET, sku_id=sku.pk, quantity=available - seen, reason=reason, by=by, seen=seen):
        raise CannotSet(_why_not(sku, seen=seen))


def _why_not(sku: Sku, *, seen: int) -> str:
    stock = Stock.objects.get(sku=sku)
    if stock.sale_id:
        return f"{sku} is on sale on the fast path: close the sale first, then set its stock."
    return (
        f"{sku}: {seen} were in stock when you opened this page, now it is {stock.available}. "
        f"Look again and save again."
    )


def _move(
    statement: str,
    *,
    sku_id: int,
    quantity: int,
    reason: StockMovement.Reason,
    order_id: UUID | str | None = None,
    by: str = "",
    **more: Any,
) -> bool:
    fields: dict[str, Any] = {"sku_id": sku_id, "quantity": quantity, "reason": reason.value, "by": by}
    with connection.cursor() as cursor:
        cursor.execute(statement, fields | more | {"order_id": order_id, "currency": settings.CURRENCY})
        return cursor.fetchone() is not None

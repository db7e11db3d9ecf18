"""The statuses of an order: placed → paid → confirmed → shipped, or cancelled, or refunded.

Every step is a compare-and-set on the status, for many orders in one statement, with
the event that tells of it. Who asks twice moves nothing the second time, so what comes
with a step, such as giving units back, happens once.

When to take which step is not here: advancing.py follows the payments, people use the admin.
"""

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from django.db import connection, transaction

from orders import limits, paying, releasing
from orders.models import Order, OrderLine, Payment
from shop import stock

Status = Order.Status

_ONE_ALLOTMENT = ("sku_id", "order__sale_id", "order__generation")

# One event for each step, in the order of the steps.
_MOVE = """
WITH moved AS (
    UPDATE orders_order SET status = %(last)s, version = version + %(steps)s
    WHERE id = ANY(%(ids)s) AND status = %(at)s
    RETURNING id, version, sale_id
), told AS (
    INSERT INTO shop_outboxevent (topic, key, payload)
    SELECT 'order.changed', 'order:' || moved.id, jsonb_build_object(
        'order_id', moved.id, 'status', step.status, 'version', moved.version - %(steps)s + step.place,
        'product', product.slug
    )
    FROM moved
    CROSS JOIN unnest(%(through)s::text[]) WITH ORDINALITY AS step(status, place)
    LEFT JOIN shop_sale sale ON sale.id = moved.sale_id
    LEFT JOIN shop_product product ON product.id = sale.product_id
    ORDER BY step.place
)
SELECT id FROM moved
"""


def move(ids: Iterable[UUID], at: Status, *through: Status) -> set[UUID]:
    """Compare-and-set of the status, through these to the last. Returns the orders that moved."""
    # Most turns have nothing for most of their steps, and each would cost the database a question.
    if not (ids := list(ids)):
        return set()
    steps = [status.value for status in through]
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE, {"ids": ids, "at": at.value, "through": steps, "last": steps[-1], "steps": len(steps)}
        )
        return {id for (id,) in cursor.fetchall()}


def cancel(ids: Iterable[UUID], *, allowed_from: Status) -> set[UUID]:
    """Cancel, and give units and money back, once: only for the orders that moved."""
    return undo(ids, allowed_from, Status.CANCELLED)


def undo(ids: Iterable[UUID], at: Status, to: Status) -> set[UUID]:
    """Move, and for the orders that moved: their units back, their money looked after."""
    if not (ids := list(ids)):
        return set()
    with transaction.atomic():
        if undone := move(ids, at, to):
            _take_back(undone)
    return undone


def _take_back(undone: set[UUID]) -> None:
    lines = OrderLine.objects.filter(order__in=undone).select_related("order")
    # Rows are locked in one order everywhere: order, buyers' counts, allotment, stock by SKU, payment.
    limits.give_back(undone)
    for (_, sale_id, _), same in groupby(lines.order_by(*_ONE_ALLOTMENT, "order_id"), _its_allotment):
        if sale_id:
            releasing.release(list(same))
        else:
            _give_back(same)
    paying.wake(undone)


def _its_allotment(line: OrderLine) -> tuple[int, int | None, int | None]:
    return line.sku_id, line.order.sale_id, line.order.generation


def _give_back(lines: Iterable[OrderLine]) -> None:
    for line in lines:
        stock.give_back(sku_id=line.sku_id, quantity=line.quantity, order_id=line.order_id)


def ship(ids: Iterable[UUID]) -> set[UUID]:
    """Mark as shipped those that are confirmed, and whose money we have."""
    taken = Payment.objects.filter(order__in=list(ids), state=Payment.State.CAPTURED)
    return move(taken.values_list("order_id", flat=True), Status.CONFIRMED, Status.SHIPPED)

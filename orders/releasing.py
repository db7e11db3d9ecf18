"""Units of orders that were undone find their way back: to the ledger while their sale is on, else to stock.

Database and ledger are written one after the other, and every step may be the last
before a crash, so the units wait where both can see them:

1. `release`, in the transaction that undoes the order: they leave `ordered` for
   `releasing`, with a row of their own. One order has one such row at most.
2. The ledger puts them on sale again, once for each order.
3. `releasing` is written off, with the ledger's number of it. The row count decides.

Whoever comes next does again what was not written off; the ledger answers as the
first time. Between 2 and 3 the units stand in both stores: the audit (edge/audit.py)
knows from the ledger which they are. A sale is not closed before all are written off.
"""

import logging
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from fastpath_lambda import ledger as ledgers
from fastpath_lambda.ledger import EPOCH, Ledger
from orders.models import OrderLine, Release
from shop import stock
from shop.models import Allotment

logger = logging.getLogger(__name__)

BATCH = 200


def release(lines: Sequence[OrderLine]) -> None:
    """Send back the units of undone orders of one SKU in one sale. In the transaction that undoes them."""
    order, quantity = lines[0].order, sum(line.quantity for line in lines)
    its_sale = {"sale": order.sale_id, "generation": order.generation}
    allotment = Allotment.objects.get(sku=lines[0].sku_id, **its_sale)
    of_sale = Allotment.objects.filter(pk=allotment.pk)
    ordered = F("ordered") - quantity
    is_on = of_sale.filter(closed_at=None).update(ordered=ordered, releasing=F("releasing") + quantity)
    if not is_on:
        of_sale.update(ordered=ordered, returned=F("returned") + quantity)
        for line in lines:
            stock.give_back(sku_id=line.sku_id, quantity=line.quantity, order_id=line.order_id)
    settled_at = None if is_on else timezone.now()
    Release.objects.bulk_create(
        Release(order=line.order, allotment=allotment, quantity=line.quantity, settled_at=settled_at)
        for line in lines
    )


def settle_all(ledger: Ledger) -> int:
    """Give back what is on its way, of every sale. Returns how many orders' units arrived."""
    on_their_way = Allotment.objects.filter(releasing__gt=0).order_by("pk")
    return sum(settle(allotment, ledger=ledger) for allotment in on_their_way)


def settle(allotment: Allotment, *, ledger: Ledger) -> int:
    settled = 0
    while batch := list(_on_their_way(allotment)):
        numbers = {row.order_id: ledger.give_back(as_rules(row)) for row in batch}
        if None in numbers.values():
            # Its ledger was lost. The units stay where they are seen, and the audit does not balance.
            row = as_rules(batch[0])
            logger.error(
                "The ledger cannot take units back: it does not know %s in %s/%s. They wait until it does.",
                row.sku, row.product, row.generation,
            )  # fmt: skip
            break
        written_off = sum(write_off(row, numbers[row.order_id]) for row in batch)
        if not written_off:
            break  # somebody else is at it; or the ledger that has them is not ours any more
        settled += written_off
        _say_settled(batch, ledger=ledger)
    return settled


def _on_their_way(allotment: Allotment) -> Iterable[Release]:
    rows = Release.objects.filter(allotment=allotment, settled_at=None).order_by("released_at", "pk")
    return rows.select_related("order", "allotment__sku", "allotment__sale__product")[:BATCH]


@transaction.atomic
def write_off(row: Release, number: int | None) -> bool:
    """False, and nothing written, where somebody else did, or where that ledger was lost since."""
    unsettled = Release.objects.filter(pk=row.pk, settled_at=None)
    if not unsettled.update(settled_at=timezone.now(), number=number):
        return False
    its_ledgers = Allotment.objects.filter(pk=row.allotment_id, epoch=(number or 0) // EPOCH)
    if not its_ledgers.update(releasing=F("releasing") - row.quantity):
        # The ledger that has them is gone; the one that took its place is given them again.
        transaction.set_rollback(True)
        return False
    return True


def _say_settled(batch: Iterable[Release], *, ledger: Ledger) -> None:
    rows = [as_rules(row) for row in batch]
    ledger.settle(rows[0].product, rows[0].generation, [row.order_id for row in rows])


def as_rules(row: Release) -> ledgers.Release:
    return ledgers.Release(
        product=row.allotment.sale.product.slug,
        generation=row.allotment.generation,
        order_id=str(row.order_id),
        sku=row.allotment.sku.code,
        quantity=row.quantity,
        buyer=row.order.buyer,
        account=row.order.account_id,
    )

"""Units are added to a sale that is on, out of the shop's stock, or taken back from what it has left.

Database and ledger are written one after the other, and every step may be the last
before a crash. So each SKU's units have a row of their own that the audit knows:

1. Added units leave the stock for the allotment, and are on their way (`releasing`) to
   the ledger. Units to be taken back are only asked for: nothing moves yet.
2. The ledger adds or takes them, once for each row; it takes none where fewer are left.
3. The row is settled with the ledger's number of it: added units are off their way, those
   taken back are in stock again. The row count decides.

Whoever comes next, a task each second, goes on with what is not settled.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from edge.ledger import connect
from edge.lifecycle import arming, loading, rebuilding, record
from edge.lifecycle.record import CannotChange, State
from edge.models import Transfer
from fastpath_lambda import ledger as ledgers
from fastpath_lambda.ledger import EPOCH
from fastpath_lambda.rules import Refusal
from shop import events
from shop.models import Allotment, Sale, Stock, StockMovement

SELLING = (State.ARMED, State.OPEN, State.PAUSED)
Moved = StockMovement.Reason
# More than any shop has, and less than a column holds.
MOST = 1_000_000


def restock(slug: str, *, units: int, by: str, sku: str | None = None, key: UUID | None = None) -> Sale:
    """Add so many units of each SKU, or of this one. Asked again with the same key, nothing moves."""
    return _transfer(slug, units, action="restock", by=by, sku=sku, key=key)


def take_back(slug: str, *, units: int, by: str, sku: str | None = None, key: UUID | None = None) -> Sale:
    """Take so many of what is left of each SKU, or of this one, back into the shop's stock."""
    return _transfer(slug, -units, action="take_back", by=by, sku=sku, key=key)


def _transfer(slug: str, quantity: int, *, action: str, by: str, sku: str | None, key: UUID | None) -> Sale:
    if not 1 <= abs(quantity) <= MOST:
        raise CannotChange(f"{abs(quantity)} units cannot be moved at once: say from 1 to {MOST}.")
    sale = record.get_sale(slug, action=action.replace("_", " "))
    if sale.is_on:
        rebuilding.refuse_while_lost(sale, action=action.replace("_", " "), by=by, now=timezone.now())
    if sale.state == State.ARMED and not arming.is_finished(sale):
        arming.finish(sale, by=by)
    with record.turn(sale) as sale:
        if sale.state not in SELLING:
            raise record.wrong_state(sale, action=action.replace("_", " "))
        begun = _begin(sale, quantity, action=action, by=by, sku=sku, key=key or uuid4())
    settle(sale)
    _refuse_what_was_not_there(begun)
    return sale


def _begin(sale: Sale, quantity: int, *, action: str, by: str, sku: str | None, key: UUID) -> list[Transfer]:
    allotments = [row for row in loading.allotments(sale) if sku in (None, row.sku.code)]
    if not allotments:
        raise CannotChange(f"{sku!r} is not in the sale of {sale.product}: choose one of its SKUs.")
    rows = [
        Transfer(id=uuid5(key, row.sku.code), allotment=row, quantity=quantity, by=by) for row in allotments
    ]
    if not Transfer.objects.filter(id__in=[row.id for row in rows]).exists():
        Transfer.objects.bulk_create(rows)
        for row in rows if quantity > 0 else ():
            _set_aside(sale, row)
        if quantity > 0:
            record.note(sale, action=action, before=sale.state, by=by, now=timezone.now(), units=quantity)
    return rows


def _set_aside(sale: Sale, row: Transfer) -> None:
    sku, units = row.allotment.sku, row.quantity
    # The allotment first: rows are locked in one order everywhere.
    Allotment.objects.filter(pk=row.allotment_id).update(
        armed=F("armed") + units, releasing=F("releasing") + units
    )
    enough = Stock.objects.filter(sku=sku, sale=sale, available__gte=units)
    if not enough.update(available=F("available") - units):
        there = Stock.objects.filter(sku=sku).values_list("available", flat=True).first() or 0
        raise CannotChange(
            f"{sku}: {units} units asked for, {there} are in the shop's stock. Add {there} or fewer."
        )
    _tell(sale, row, reason=Moved.ARMED)


def settle(sale: Sale) -> None:
    """Go on with what is on its way, as far as the ledger takes it."""
    for row in _on_their_way(sale).select_related("allotment__sku"):
        number = connect().shift(_as_rules(sale, row))
        if number is Refusal.SOLD_OUT:
            Transfer.objects.filter(pk=row.pk, settled_at=None).update(settled_at=timezone.now())
        elif number is not None and _write_off(sale, row, int(number), now=timezone.now()):
            connect().settle(sale.product.slug, sale.generation, [str(row.pk)])


def on_their_way(sale: Sale) -> int:
    return _on_their_way(sale).count()


@transaction.atomic
def _write_off(sale: Sale, row: Transfer, number: int, *, now: datetime) -> bool:
    """False, and nothing written, where somebody else did, or where that ledger was lost since."""
    if not Transfer.objects.filter(pk=row.pk, settled_at=None).update(settled_at=now, number=number):
        return False
    its_ledgers = Allotment.objects.filter(pk=row.allotment_id, epoch=number // EPOCH)
    if row.quantity > 0:
        is_written = its_ledgers.update(releasing=F("releasing") - row.quantity)
    else:
        is_written = its_ledgers.update(returned=F("returned") - row.quantity)
    if not is_written:
        transaction.set_rollback(True)
        return False
    if row.quantity < 0:
        Stock.objects.filter(sku=row.allotment.sku_id).update(available=F("available") - row.quantity)
        _tell(sale, row, reason=Moved.RETURNED)
        record.note(sale, action="take_back", before=sale.state, by=row.by, now=now, units=-row.quantity)
    return True


def _tell(sale: Sale, row: Transfer, *, reason: StockMovement.Reason) -> None:
    StockMovement.objects.create(
        sku=row.allotment.sku, quantity=-row.quantity, reason=reason, sale=sale, by=row.by
    )
    events.tell_stock([row.allotment.sku_id])


def _refuse_what_was_not_there(begun: Sequence[Transfer]) -> None:
    refused = Transfer.objects.filter(id__in=[row.id for row in begun], number=None).exclude(settled_at=None)
    codes = list(refused.values_list("allotment__sku__code", flat=True))
    if codes:
        raise CannotChange(
            f"Fewer than {-begun[0].quantity} units are left of {', '.join(sorted(codes))}: nothing of "
            f"that was taken back. See what is left, and take back fewer."
        )


def _on_their_way(sale: Sale) -> QuerySet[Transfer]:
    its_own = Transfer.objects.filter(allotment__sale=sale, allotment__generation=sale.generation)
    return its_own.filter(settled_at=None).order_by("begun_at", "pk")


def _as_rules(sale: Sale, row: Transfer) -> ledgers.Transfer:
    return ledgers.Transfer(
        product=sale.product.slug,
        generation=sale.generation,
        id=str(row.pk),
        sku=row.allotment.sku.code,
        quantity=row.quantity,
    )

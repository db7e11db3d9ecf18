"""A ledger that was lost is made anew, from what the database knows and what is queued.

Redis was wiped, or started again without its memory, while a sale was on: nobody can
buy then, since the doors take only what a ledger has. Once what is in the buffer is
drained, the database says all that can be known:

1. The allotments begin a new epoch, in a transaction of its own. From then on a claim of
   the lost ledger is not an order before the new one adopts it (orders/late.py), so
   what is read next stays true: units that left, claims that became orders.
2. The ledger is loaded: left = armed - ordered - returned - what is on its way back to it.
3. Claims that wait as dead letters are adopted like any that come late.

Dying anywhere is harmless: what is not loaded is lost still, and begun anew. A sale that
was open is paused until ops resume it: they decide, knowing how much is missing, whether
units that somebody may have been promised are sold again.
"""

from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from edge import buffer
from edge.ledger import connect
from edge.lifecycle import earlier, kept, loading, record, serving
from edge.lifecycle.record import CannotChange, State
from fastpath_lambda import claims, rules
from fastpath_lambda.ledger import EPOCH
from fastpath_lambda.sqs import VISIBILITY_SECONDS, QueueError
from live import publish
from live.messages import OrderValue
from orders.losses import LedgerLoss
from orders.models import Order
from shop.models import Allotment, Sale, Stock

# The service counts approximately: empty twice, and a moment apart, is empty.
QUIET = timedelta(seconds=2)
# By then what a drainer had in hand when it died has come again. What comes later is adopted.
LONGEST_WAIT = timedelta(seconds=VISIBILITY_SECONDS + 10)


def attend(sale: Sale, *, by: str, now: datetime) -> bool:
    """See to a lost ledger, as far as can be done now. True while it is not rebuilt."""
    loss = _loss(sale).first()
    if loss is None and not loading.is_lost(sale):
        return False
    if loss is None or loading.is_lost(sale):
        connect().vouch(False)
        loss = _note(sale, by=by, now=now)
        if loss is None:
            return False  # closed meanwhile
        if not _has_waited(loss, now=now):
            return True
        _load(sale, _begin_epoch(sale), now=now)
        if loading.is_lost(sale):
            return True
    _report(sale, loss, by=by, now=now)
    return False


def refuse_while_lost(sale: Sale, *, action: str, by: str, now: datetime) -> None:
    if attend(sale, by=by, now=now):
        raise CannotChange(
            f"Cannot {action} the sale of {sale.product}: its ledger was lost, and {_in_the_buffer()}. "
            f"It is rebuilt when that is drained, as a rule within seconds. Then run this again."
        )


def _loss(sale: Sale) -> QuerySet[LedgerLoss]:
    return LedgerLoss.objects.filter(sale=sale, generation=sale.generation, rebuilt_at=None)


def _note(sale: Sale, *, by: str, now: datetime) -> LedgerLoss | None:
    """Write down that it is lost, once. What was open is paused from now on."""
    with record.turn(sale) as sale:
        if not sale.is_on:
            return None
        fields = {"epoch": loading.epoch(sale), "found_at": now}
        loss, is_new = _loss(sale).get_or_create(
            sale=sale, generation=sale.generation, rebuilt_at=None, defaults=fields
        )
        if is_new:
            _move(sale, rules.State.PAUSED, action="lost", by=by, now=now)
    if is_new:
        serving.serve(sale, by=by)
    return loss


def _move(sale: Sale, to: rules.State, *, action: str, by: str, now: datetime) -> None:
    if sale.state != State.OPEN or not record.follow(sale, to, action=action, by=by, now=now):
        record.note(sale, action=action, before=sale.state, by=by, now=now)


def _has_waited(loss: LedgerLoss, *, now: datetime) -> bool:
    """Whether the buffer has been empty for a moment, or was waited for long enough."""
    drained_at = (loss.drained_at or now) if _depth() == 0 else None
    if drained_at != loss.drained_at:
        LedgerLoss.objects.filter(pk=loss.pk).update(drained_at=drained_at)
    is_quiet = drained_at is not None and now - drained_at >= QUIET
    return is_quiet or now - loss.found_at >= LONGEST_WAIT


def _depth() -> int | None:
    try:
        return buffer.connect().depth() + buffer.connect().dead_letters().depth()
    except (OSError, QueueError):
        return None


def _in_the_buffer() -> str:
    depth = _depth()
    return "the buffer does not answer" if depth is None else f"{depth} claims are in the buffer still"


def _begin_epoch(sale: Sale) -> int:
    with record.turn(sale) as sale:
        rows = Allotment.objects.filter(sale=sale, generation=sale.generation)
        # Waits for batches that are being drained; those after it are of an older epoch.
        rows.update(epoch=F("epoch") + 1)
        return loading.epoch(sale)


def _load(sale: Sale, epoch: int, *, now: datetime) -> None:
    ledger, slug = connect(), sale.product.slug
    with record.turn(sale) as sale:
        # Somebody else is at it, or it was closed.
        if loading.epoch(sale) != epoch or not sale.is_on or not loading.is_lost(sale):
            return
        # Where only a part was lost: what the rest knows comes late, like all the others.
        remains = [claims.to_json(claim) for claim in ledger.count(slug, sale.generation).pending]
        if remains:
            buffer.connect().send_batch(remains)
        ledger.retire(slug, sale.generation, keep_for=60)
        ledger.recall(slug, sale.generation, kept.orders(sale), given_back=kept.given_back(sale))
        _tell_orders(sale)
        units = {row.sku.code: _left(row) for row in loading.allotments(sale)}
        versions = dict(Stock.objects.filter(sale=sale).values_list("sku__code", "version"))
        ledger.load(
            loading.as_rules(
                sale,
                list(units),
                state=_state(sale, now=now),
                epoch=epoch,
                earlier=earlier.recall(sale, now=now),
            ),
            units=units,
            versions={sku: version + epoch * EPOCH for sku, version in versions.items()},
            epoch=epoch,
        )


def _left(row: Allotment) -> int:
    # Those that are on their way are put back like any others, when the ledger is there again.
    return row.armed - row.ordered - row.returned - row.releasing


def _state(sale: Sale, *, now: datetime) -> rules.State:
    """As it is written down. But an armed sale may have been opened, by its clock, before we knew."""
    is_due = sale.opens_at is not None and sale.opens_at <= now
    has_sold = Order.objects.filter(sale=sale, generation=sale.generation).exists()
    was_open = sale.state == State.ARMED and (is_due or has_sold)
    return rules.State.PAUSED if was_open else rules.State(sale.state)


def _tell_orders(sale: Sale) -> None:
    """How far each order is: open pages follow that in the store, too."""
    orders = Order.objects.filter(sale=sale, generation=sale.generation)
    columns = orders.values_list("id", "status", "version").iterator(chunk_size=kept.TOGETHER)
    publish.orders(OrderValue(str(id), status, version) for id, status, version in columns)


def _report(sale: Sale, loss: LedgerLoss, *, by: str, now: datetime) -> None:
    """The letters, and the sum of it: by whoever comes first after it was loaded."""
    letters = kept.waiting_letters(sale)
    for claim in letters:
        connect().adopt(claim)
    with record.turn(sale) as sale:
        known, highest = kept.known(sale, epoch=loss.epoch, letters=letters)
        fields = {"rebuilt_at": now, "known": known, "highest_number": highest, "missing": highest - known}
        if LedgerLoss.objects.filter(pk=loss.pk, rebuilt_at=None).update(**fields):
            record.note(sale, action="rebuilt", before=sale.state, by=by, now=now)

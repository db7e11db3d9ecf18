"""Close a sale: no more takes, every claim becomes an order, what is left goes back to the shop.

Units of undone orders are on their way to the ledger while the sale is on: they arrive
there first, and go back to the shop with the rest.

A claim that waits in the dead letters is not waited for: it takes a person to say
what becomes of it, and its units stay claimed until then.
"""

import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.utils import timezone

from edge.ledger import connect
from edge.lifecycle import arming, loading, rebuilding, record, serving, transferring
from edge.lifecycle.record import CannotChange, State
from fastpath_lambda import rules
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Count
from orders import dead_letters, releasing
from orders.models import DeadLetter
from shop import events
from shop.models import Allotment, Sale, StockMovement

ON = [rules.State.ARMED, rules.State.OPEN, rules.State.PAUSED]
LOOK_AGAIN_SECONDS = 0.2
# For repeats of an answered request, and for status links, that still reach the fast path.
KEEP_CLAIMS_SECONDS = 24 * 3600

# One statement: the units are back in stock when the movement says so and viewers are told so. The
# version passes the ledger's, or pages would take the shop's word for old.
_RETURN = f"""
    WITH changed AS (
        UPDATE shop_stock SET available = available + %(left)s, sale_id = NULL,
            version = greatest(version, %(version)s) + 1
        WHERE sku_id = %(sku_id)s AND sale_id = %(sale_id)s
        RETURNING sku_id, available, version
    ), moved AS (
        INSERT INTO shop_stockmovement (sku_id, quantity, reason, sale_id, by)
        SELECT sku_id, %(left)s, %(reason)s, %(sale_id)s, %(by)s FROM changed WHERE %(left)s > 0
    ), told AS ({events.STOCK_CHANGED})
    SELECT 1 FROM changed
"""

Progress = Callable[[int], None]


def close(slug: str, *, by: str, wait: bool = True, progress: Progress = lambda pending: None) -> Sale:
    """Close the product's sale. Without `wait`, `advance` finishes it; `progress` is told what is pending."""
    sale = record.get_sale(slug, action="close")
    if sale.state == State.DRAFT:
        raise record.wrong_state(sale, action="close")
    stop_taking(sale, by=by)
    while pending := finish(sale, by=by):
        if not wait:
            break
        progress(pending)
        time.sleep(LOOK_AGAIN_SECONDS)
    sale.refresh_from_db()
    return sale


def stop_taking(sale: Sale, *, by: str) -> None:
    # A sale whose arming was interrupted before the ledger knew of it closes like any other.
    arming.load(sale)
    with record.turn(sale) as sale:
        if sale.is_on and sale.state != State.CLOSING:
            slug, closing = sale.product.slug, rules.State.CLOSING
            connect().move(slug, sale.generation, to=closing, allowed_from=ON)
            record.follow(sale, closing, action="close", by=by, now=timezone.now())


def finish(sale: Sale, *, by: str) -> int:
    """Finish closing as far as it can be done now. Returns how many claims are waited for; 0: closed."""
    if sale.is_on and rebuilding.attend(sale, by=by, now=timezone.now()):
        return 1  # at least: what the lost ledger had given is being drained
    for allotment in loading.allotments(sale):
        releasing.settle(allotment, ledger=connect())
    transferring.settle(sale)
    with record.turn(sale) as sale:
        if sale.state == State.CLOSING:
            waited = waited_for(connect().count(sale.product.slug, sale.generation))
            if pending := waited + on_their_way(sale):
                return pending
            _return_leftovers(sale, by=by, now=timezone.now())
    # Somebody may have armed it again since it was closed: that generation is not ours to forget.
    if sale.state == State.CLOSED:
        serving.route(by=by)
        connect().retire(sale.product.slug, sale.generation, keep_for=KEEP_CLAIMS_SECONDS)
    return 0


def waited_for(count: Count) -> int:
    """How many claims are neither orders yet nor with a person."""
    ids = {claim.order_id for claim in count.pending}
    waiting = DeadLetter.objects.filter(state=DeadLetter.State.WAITING, order_id__in=ids)
    return len(ids) - waiting.values("order_id").distinct().count()


def on_their_way(sale: Sale) -> int:
    """How many units of undone orders are not back in the ledger. No more can set out until the commit."""
    rows = Allotment.objects.select_for_update(no_key=True).filter(sale=sale, generation=sale.generation)
    return sum(row.releasing for row in rows.order_by("sku_id")) + transferring.on_their_way(sale)


def _return_leftovers(sale: Sale, *, by: str, now: datetime) -> None:
    ledger, slug = connect(), sale.product.slug
    loaded = ledger.get_sale(slug)
    if loaded is None or loaded.generation != sale.generation:
        raise CannotChange(
            f"The ledger does not know {sale.reference} any more, so nobody can say what is left of it. "
            f"Compare the orders with audit_stock, and correct the stock by hand."
        )
    # Closed in the ledger first: while it has the sale otherwise, the product's room is the
    # ledger's, and the shop's word about its stock would be dropped.
    ledger.move(slug, sale.generation, to=rules.State.CLOSED, allowed_from=[rules.State.CLOSING])
    count = ledger.count(slug, sale.generation)
    for allotment in loading.allotments(sale):
        _return(allotment, count, by=by, now=now)
    _hold(count)
    record.follow(sale, rules.State.CLOSED, action="closed", by=by, now=now)


def _hold(count: Count) -> None:
    """Keep the units of claims that are with a person. Only the ledger knows which letters hold any."""
    claimed = {claim.order_id: claim for claim in count.pending}
    letters = DeadLetter.objects.filter(order_id__in=list(claimed))
    holding = [letter.pk for letter in letters if _is_that(letter, claimed[str(letter.order_id)])]
    DeadLetter.objects.filter(pk__in=holding).update(holds=True)


def _is_that(letter: DeadLetter, claim: Claim) -> bool:
    said = dead_letters.read(letter.body)
    return said is not None and (said.sku, said.quantity) == (claim.sku, claim.quantity)


def _return(allotment: Allotment, count: Count, *, by: str, now: datetime) -> None:
    code = allotment.sku.code
    left = count.left.get(code, 0)
    still_out = Allotment.objects.filter(pk=allotment.pk, closed_at=None)
    if not still_out.update(returned=F("returned") + left, closed_at=now):
        return
    fields: dict[str, str | int] = {
        "left": left,
        "version": count.versions.get(code, 0),
        "sku_id": allotment.sku_id,
        "sale_id": allotment.sale_id,
        "reason": StockMovement.Reason.RETURNED.value,
        "by": by,
        "currency": settings.CURRENCY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, fields)

"""Claims that come late: given by a ledger that was lost, and drained when it is rebuilt already.

When it was rebuilt, their units counted as left, and may have been sold since. So they
are taken from what is left, through the ledger like any others, before an order is
written. Where others have them by now, the claim goes to the dead letters: a person has
to tell its buyer, or find a unit.
"""

from collections.abc import Iterable
from dataclasses import replace

from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Ledger
from fastpath_lambda.rules import Refusal
from orders import drain, losses
from orders.drain import Written
from shop.models import Allotment

TOO_LATE = (
    "accepted by a ledger that was lost, and its units were sold to others before it turned up: "
    "tell its buyer, or replay it when units have come back"
)
OVER = "accepted by a ledger that was lost, and the sale was closed before it turned up: tell its buyer"


def place(written: Written, batch: Iterable[Claim], *, ledger: Ledger) -> Written:
    """Place those of a batch that came late. What stays `late` can be decided when its ledger is rebuilt."""
    if not written.late:
        return written
    late = [claim for claim in batch if claim.order_id in written.late]
    outcomes = {claim.order_id: ledger.adopt(claim) for claim in late}
    adopted = [claim for claim in outcomes.values() if isinstance(claim, Claim)]
    placed = drain.write_claims(adopted)
    for claim in late:
        if claim.order_id in placed.new:
            losses.turned_up(claim.sale_id, claim.generation, claim.number)
    refused = {id for id, outcome in outcomes.items() if outcome is Refusal.SOLD_OUT}
    nowhere = [claim for claim in late if outcomes[claim.order_id] is None]
    over = {claim.order_id for claim in nowhere if _is_over(claim)}
    rejected = {**written.rejected, **dict.fromkeys(refused, TOO_LATE), **dict.fromkeys(over, OVER)}
    waiting = frozenset(claim.order_id for claim in nowhere) - over
    return replace(written, rejected=rejected, late=waiting) + placed


def _is_over(claim: Claim) -> bool:
    allotments = Allotment.objects.filter(sale_id=claim.sale_id, generation=claim.generation)
    return allotments.filter(sku__code=claim.sku, closed_at__isnull=False).exists()

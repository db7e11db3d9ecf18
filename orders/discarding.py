"""A dead letter is given up: its claim becomes an order that was cancelled, in one transaction.

So its units go back as those of any undone order do (releasing.py), once; the equation
holds between any two writes; and its buyer is told by the same mail, room and page. The
letter's row decides between two who give it up at once, and the order's key between this
and a message of the same claim that is on its way: whichever comes second finds an order.

What the ledger has of the claim it forgets when the sweep brings it to the drain again,
which finds the order too. It is asked only about a claim of a ledger that was lost: the
one that took its place knows whether its units are held.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import EPOCH, Ledger
from orders import dead_letters, drain, late, workflow
from orders.dead_letters import CannotChange, State
from orders.models import DeadLetter, Order, OrderLine
from shop import events
from shop.models import Allotment, Sale, Sku

Status = Order.Status


@transaction.atomic
def discard(letter: DeadLetter, *, ledger: Ledger, by: str, now: datetime) -> int | None:
    """Returns how many units went back; None where it was nobody's claim, and nobody is told."""
    dead_letters.decide(letter, State.DISCARDED, allowed_from=[State.WAITING], by=by, now=now)
    claim = _claim_of_a_buyer(letter)
    units = _give_up(letter, claim, ledger) if claim else None
    DeadLetter.objects.filter(pk=letter.pk).update(units_returned=units)
    return units


def foresee(letter: DeadLetter) -> str:
    """What giving it up would do, for whoever is about to."""
    if letter.state != State.WAITING:
        return f"Letter {letter.pk} is {letter.state}: nothing can be done with it any more."
    claim = _claim_of_a_buyer(letter)
    if claim is None:
        return f"Letter {letter.pk} is dropped. It is nobody's claim: no units move, nobody is told."
    told = f"{claim.email} is told that the order could not be completed."
    allotment = _allotment(claim)
    if allotment is None or _holds_nothing(letter, claim, allotment):
        return f"Letter {letter.pk} holds no units of the sale: none move. {told}"
    where = "to the shop's stock" if allotment.closed_at else "on sale"
    if_any = " if its ledger, which was lost, still holds them" if _is_late(claim, allotment) else ""
    return f"Letter {letter.pk}: {claim.quantity} of {claim.sku} go back {where}{if_any}. {told}"


def _claim_of_a_buyer(letter: DeadLetter) -> Claim | None:
    """The claim, where somebody was promised units of a sale of ours and has no order yet."""
    claim = dead_letters.read(letter.body)
    if claim is None or letter.order_id is None or Order.objects.filter(id=letter.order_id).exists():
        return None
    known = Sale.objects.filter(pk=claim.sale_id, product__slug=dead_letters.storable(claim.product))
    return claim if known.filter(allotments__generation=claim.generation).exists() else None


def _give_up(letter: DeadLetter, claim: Claim, ledger: Ledger) -> int | None:
    allotment = _allotment(claim)
    if allotment and allotment.closed_at:
        # Whichever ledger gave it: the one that the sale was closed with said whether it holds any.
        claim = replace(claim, number=allotment.epoch * EPOCH)
    if allotment and _holds_nothing(letter, claim, allotment):
        _write_without_units(letter, claim)
        return 0
    written = late.place(drain.write_claims([claim]), [claim], ledger=ledger)
    if written.new:
        workflow.cancel([UUID(claim.order_id)], allowed_from=Status.PLACED)
        return claim.quantity
    if claim.order_id in written.late:
        raise CannotChange(f"Letter {letter.pk}: its ledger is being rebuilt. Try again in a minute.")
    reason = written.rejected.get(claim.order_id)
    if reason in (late.TOO_LATE, late.OVER):
        _write_without_units(letter, claim)
        return 0
    if reason:
        raise _cannot(letter, reason)
    # The drain was quicker: the units are the order's.
    return None


def _write_without_units(letter: DeadLetter, claim: Claim) -> None:
    """Promised by a ledger that was lost or wrong: all units are somebody else's, so none go back.

    Nor can the order be one of the sale's, which would have more orders than units.
    """
    total = Decimal(claim.unit_price) * claim.quantity
    try:
        with transaction.atomic():
            order = Order.objects.create(
                id=claim.order_id, status=Status.CANCELLED, email=claim.email, buyer=claim.buyer,
                account_id=claim.account, name=claim.name, address=dict(claim.address),
                payment_token=claim.payment_token, currency=claim.currency, total=total,
                fingerprint=claim.fingerprint, accepted_at=claim.accepted_at,
            )  # fmt: skip
            OrderLine.objects.create(
                order=order,
                sku=Sku.objects.get(code=claim.sku),
                quantity=claim.quantity,
                unit_price=claim.unit_price,
            )
            events.tell_order(claim.order_id, status=Status.CANCELLED, version=1, product=claim.product)
    except (IntegrityError, DataError, ValueError) as error:
        raise _cannot(letter, str(error)) from None


def _cannot(letter: DeadLetter, reason: str) -> CannotChange:
    return CannotChange(
        f"Letter {letter.pk} cannot be written down as a cancelled order: {reason}. "
        f"Mend it first (`dead_letters edit {letter.pk}`, or its page in the admin), then discard it."
    )


def _allotment(claim: Claim) -> Allotment | None:
    of_sale = Allotment.objects.filter(sale_id=claim.sale_id, generation=claim.generation)
    return of_sale.filter(sku__code=dead_letters.storable(claim.sku)).first()


def _holds_nothing(letter: DeadLetter, claim: Claim, allotment: Allotment) -> bool:
    is_over = allotment.ordered + allotment.returned + claim.quantity > allotment.armed
    return is_over or (allotment.closed_at is not None and not letter.holds)


def _is_late(claim: Claim, allotment: Allotment) -> bool:
    return allotment.closed_at is None and allotment.epoch > claim.number // EPOCH

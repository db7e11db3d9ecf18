"""Money goes back: promised in one transaction with what it means for the order, then asked of the provider.

A promise counts at once against what was captured, so two people cannot promise more
than there is. A whole refund undoes the order: one that was not shipped gives its
units back, one that was shipped does not. A part changes nothing but the money.

A refund that the provider refuses, at once or days later when the bank sends it back,
stays promised: the buyer is owed that money. People have it asked for again, or pay it
by hand and say so.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from orders import asking, workflow
from orders.models import Order, Payment, Refund
from orders.payments import Answer, Outcome, Provider, Step

logger = logging.getLogger(__name__)

Status, State = Order.Status, Refund.State
WORKFLOW = "workflow"
_AGAIN = ":again:"
LONGEST_WAIT = 3600  # seconds


class CannotRefund(Exception):
    """Nothing was promised. The message says why, to the person who asked."""


def promise(order_id: UUID, *, amount: Decimal | None, key: str, by: str, reason: str = "") -> Refund:
    """Promise this amount, or all that is left of what was taken. One key promises once."""
    try:
        with transaction.atomic():
            # The order before its payment, as everywhere.
            Order.objects.select_for_update(no_key=True).get(id=order_id)
            return _promise(order_id, amount, key=key, by=by, reason=reason)
    except IntegrityError:
        # The key is unique: it was promised already, and counted then.
        return Refund.objects.get(key=key)


def promise_the_rest(order_id: UUID) -> None:
    """Of an order that was undone: whatever we took goes back by itself."""
    try:
        promise(
            order_id,
            amount=None,
            key=f"{order_id}:refund:rest",
            by=WORKFLOW,
            reason="The order was cancelled.",
        )
    except CannotRefund:
        return  # all of it was promised before


def ask_again(refund_id: int) -> bool:
    """Have the provider asked anew for what it refused. False, and nothing done, where it is not refused."""
    refused = Refund.objects.filter(pk=refund_id, state=State.REFUSED)
    return bool(
        refused.update(state=State.WAITING, next_at=Now(), attempts=0, again=F("again") + 1, reason="")
    )


def fail(key: str, *, reason: str) -> bool:
    """The provider accepted the refund that was asked with this key, and says now that it failed."""
    first, again = read_key(key)
    # Asked again since, it is another refund to the provider, of which this says nothing.
    accepted = Refund.objects.filter(key=first, again=again, state__in=(State.WAITING, State.DONE))
    failed = bool(accepted.update(state=State.REFUSED, next_at=None, reason=reason[:300]))
    if failed:
        logger.error("A refund that was accepted failed later, see Refunds in the admin: %s: %s", key, reason)
    return failed


def settle_by_hand(refund_id: int) -> bool:
    """Somebody paid it another way. False, and nothing done, where the provider did not refuse it."""
    refused = Refund.objects.filter(pk=refund_id, state=State.REFUSED)
    return bool(refused.update(state=State.BY_HAND))


def key_of(refund: Refund) -> str:
    """With which it is asked for now: the same key would get the same refusal again."""
    return f"{refund.key}{_AGAIN}{refund.again}" if refund.again else refund.key


def read_key(key: str) -> tuple[str, int]:
    """The refund's own key, and how often it had been asked for again."""
    first, _, again = key.partition(_AGAIN)
    return first, int(again) if again.isdecimal() and len(again) < 6 else 0


def ask(provider: Provider, *, now: datetime, limit: int) -> None:
    """Ask the provider for what was promised and is not done."""
    due = Refund.objects.filter(next_at__lte=now).select_related("payment__order").order_by("next_at")
    ours = [refund for refund in due[:limit] if _take_up(refund, now=now)]
    answers = asking.ask(provider.refund, [_step(refund) for refund in ours], at_once=provider.at_once)
    for refund, answer in zip(ours, answers, strict=True):
        _record(refund, answer)


def _take_up(refund: Refund, *, now: datetime) -> bool:
    wait = timedelta(seconds=min(2**refund.attempts, LONGEST_WAIT))
    turn = Refund.objects.filter(pk=refund.pk, next_at=refund.next_at)
    return bool(turn.update(next_at=now + wait, attempts=F("attempts") + 1))


def _promise(order_id: UUID, amount: Decimal | None, *, key: str, by: str, reason: str) -> Refund:
    payment = Payment.objects.select_for_update().filter(order=order_id).first()
    if payment is None or payment.state != Payment.State.CAPTURED:
        raise CannotRefund("Nothing was taken for this order yet: cancel it instead.")
    left = payment.captured - payment.refunded
    amount = left if amount is None else amount
    refund = Refund(
        payment=payment, key=key, amount=amount, by=by, reason=reason[:300], next_at=timezone.now()
    )
    # A key that was used before is known by now, whatever is left.
    if amount > 0:
        refund.save(force_insert=True)
    if not 0 < amount <= left:
        raise CannotRefund(
            f"{amount} {payment.currency} cannot go back: {payment.captured} were taken, "
            f"and {payment.refunded} of it are on their way back or there."
        )
    Payment.objects.filter(pk=payment.pk).update(refunded=F("refunded") + amount)
    if amount == left:
        _undo(order_id)
    return refund


def _undo(order_id: UUID) -> None:
    # What was shipped is gone: its status alone changes.
    if not workflow.move([order_id], Status.SHIPPED, Status.REFUNDED):
        workflow.undo([order_id], Status.CONFIRMED, Status.REFUNDED)


def _step(refund: Refund) -> Step:
    payment = refund.payment
    token, attempt = payment.order.payment_token, refund.attempts + 1
    return Step(key_of(refund), token, refund.amount, payment.currency, payment.reference, attempt)


def _record(refund: Refund, answer: Answer) -> None:
    # As it was asked: an answer to an earlier question says nothing of this one.
    waiting = Refund.objects.filter(pk=refund.pk, state=State.WAITING, again=refund.again)
    if answer.outcome is Outcome.APPROVED:
        waiting.update(state=State.DONE, next_at=None)
    elif answer.outcome is Outcome.DECLINED:
        waiting.update(state=State.REFUSED, next_at=None, reason=answer.reason[:300])
        logger.error("The provider refused a refund, see Refunds in the admin: %s: %s", refund, answer.reason)

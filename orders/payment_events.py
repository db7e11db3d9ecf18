"""What the provider tells by itself: heard once for each event id, in whatever order it comes.

An event changes its payment's state alone, and only forwards. What that means for the
order, the payment's next turn says (advancing.py): one place decides, so an event that
comes late or twice can neither cancel twice nor bring a cancelled order back. A refund
that failed at the bank changes that refund alone, and people are told (refunding.py).
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F

from orders import refunding
from orders.models import Payment, PaymentEvent, Refund
from orders.payments import BadEvent, Event, Provider, RefundFailed

State = Payment.State

# From which states an event may move a payment. An authorisation after a refusal is believed: money
# is set aside, and has to be let go of.
_FORWARDS: Mapping[State, tuple[State, ...]] = {
    State.AUTHORISED: (State.WAITING, State.DECLINED),
    State.DECLINED: (State.WAITING,),
    State.CAPTURED: (State.WAITING, State.DECLINED, State.AUTHORISED),
}


def hear(provider: Provider, body: bytes, headers: Mapping[str, str], *, now: datetime) -> bool:
    """Returns whether it was new. Raises BadSignature, or BadEvent where it tells of nothing we know."""
    event = provider.parse_event(body, headers)
    if event is None:
        return False
    with transaction.atomic():
        payment = _find(event, provider)
        # Locked, so that of two deliveries at once the second finds the first one's row.
        known = PaymentEvent.objects.filter(id=event.id).exists()
        if known:
            return False
        if isinstance(event, RefundFailed):
            state = Refund.State.REFUSED.value
            refunding.fail(event.key, reason=event.reason)
        else:
            state = event.state.value
            _apply(event, payment, now=now)
        PaymentEvent.objects.create(id=event.id, order_id=payment.pk, state=state)
    return True


def _find(event: Event | RefundFailed, provider: Provider) -> Payment:
    payments = Payment.objects.select_for_update(of=("self",)).filter(provider=provider.name)
    try:
        if isinstance(event, RefundFailed):
            return payments.get(refunds__key=refunding.read_key(event.key)[0])
        return payments.get(order=event.order_id)
    except Payment.DoesNotExist:
        whose = event.key if isinstance(event, RefundFailed) else f"order {event.order_id}"
        raise BadEvent(f"no payment of {whose} is known here") from None


def _apply(event: Event, payment: Payment, *, now: datetime) -> None:
    moving = Payment.objects.filter(pk=payment.pk, state__in=_FORWARDS[event.state])
    captured = F("amount") if event.state is State.CAPTURED else F("captured")
    moving.update(
        state=event.state,
        captured=captured,
        reference=event.reference[:200] or payment.reference,
        reason=event.reason[:300],
        next_at=now,
    )

"""What the sandbox tells late: what a real provider would send us, signed and heard in the same way."""

import json
from datetime import datetime, timedelta

from orders import payment_events, refunding, sandbox
from orders.models import Payment, Refund
from orders.sandbox import Sandbox

LATE = timedelta(seconds=5)


def send_late(provider: Sandbox, *, now: datetime) -> None:
    """Tell of the payments that were authorised late, and of the refunds that failed late."""
    waiting = Payment.objects.filter(
        provider=provider.name, next_at__isnull=False, state=Payment.State.WAITING
    )
    late = waiting.filter(order__payment_token=sandbox.LATE, opened_at__lte=now - LATE, attempts__gte=1)
    accepted = Refund.objects.filter(state=Refund.State.DONE, promised_at__lte=now - LATE)
    failing = accepted.filter(payment__order__payment_token=sandbox.REFUND_FAILS)
    for body in [*map(authorised, late), *map(refund_failed, failing)]:
        payment_events.hear(provider, body, {sandbox.SIGNATURE: provider.sign(body)}, now=now)


def authorised(payment: Payment) -> bytes:
    event = {
        "id": f"sandbox:{payment.pk}:authorised",
        "order_id": str(payment.pk),
        "state": Payment.State.AUTHORISED.value,
        "reference": f"sandbox:{payment.authorise_key}",
    }
    return json.dumps(event).encode()


def refund_failed(refund: Refund) -> bytes:
    key = refunding.key_of(refund)
    event = {
        "id": f"sandbox:{key}:failed",
        "refund_failed": key,
        "reason": "It was accepted, and failed later: the account is closed.",
    }
    return json.dumps(event).encode()

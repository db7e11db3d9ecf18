"""The sandbox's late answers: what a real provider would send us, signed and heard in the same way."""

import json
from datetime import datetime, timedelta

from orders import payment_events, sandbox
from orders.models import Payment
from orders.sandbox import Sandbox

LATE = timedelta(seconds=5)


def send_late(provider: Sandbox, *, now: datetime) -> None:
    """Tell of the payments that were authorised late."""
    waiting = Payment.objects.filter(
        provider=provider.name, next_at__isnull=False, state=Payment.State.WAITING
    )
    late = waiting.filter(order__payment_token=sandbox.LATE, opened_at__lte=now - LATE, attempts__gte=1)
    for payment in late:
        body = authorised(payment)
        payment_events.hear(provider, body, {sandbox.SIGNATURE: provider.sign(body)}, now=now)


def authorised(payment: Payment) -> bytes:
    event = {
        "id": f"sandbox:{payment.pk}:authorised",
        "order_id": str(payment.pk),
        "state": Payment.State.AUTHORISED.value,
        "reference": f"sandbox:{payment.authorise_key}",
    }
    return json.dumps(event).encode()

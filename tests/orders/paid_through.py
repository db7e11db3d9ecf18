"""A shop paid through the sandbox, or through Stripe: the same tests for both."""

import json
import time
from dataclasses import dataclass
from typing import Any

import stripe

from orders import sandbox
from orders.models import Payment
from orders.sandbox import Sandbox
from orders.stripe_payments import Stripe
from tests.orders.stripe_server import shape

ORDER = "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"
SECRET = "whsec_1"


@dataclass
class Shop:
    """A provider, and its names for what may go wrong."""

    provider: Any
    good: str
    declined: str
    unknown: str
    no_answer_first: str
    event: Any  # (state) → body, headers
    refund_failed: Any  # (key of the refund) → body, headers


def make_sandbox():
    provider = Sandbox(secret="secret")

    def event(state, **changes):
        fields = {"id": "evt-1", "order_id": ORDER, "state": state.value, "reference": "ref"} | changes
        return told(fields)

    def refund_failed(key, **changes):
        fields = {"id": "evt-1", "refund_failed": key, "reason": "It failed later: the account is closed."}
        return told(fields | changes)

    def told(fields):
        body = json.dumps(fields).encode()
        return body, {sandbox.SIGNATURE: provider.sign(body)}

    return Shop(provider, "tok_ok", "tok_declined", "tok_made_up", "tok_timeout", event, refund_failed)


TYPES = {
    Payment.State.AUTHORISED: "payment_intent.amount_capturable_updated",
    Payment.State.CAPTURED: "payment_intent.succeeded",
    Payment.State.DECLINED: "payment_intent.payment_failed",
}


def signed(body, *, secret=SECRET, at=None):
    moment = int(at or time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{moment}.{body.decode()}", secret)
    return {"Stripe-Signature": f"t={moment},v1={signature}"}


def stripe_event(kind, *, order_id=ORDER, **changes):
    intent = shape("payment_intent", id="ref", metadata={"order_id": order_id} if order_id else {})
    intent["last_payment_error"] = shape("card_declined")["error"] if "failed" in kind else None
    return json.dumps(shape("event", type=kind, data={"object": intent}) | changes).encode()


def refund_event(kind, key, *, status="failed", **changes):
    refund = shape("refund", status=status, metadata={"refund": key} if key else {})
    if status == "failed":
        refund["failure_reason"] = "expired_or_canceled_card"
    return json.dumps(shape("event", type=kind, data={"object": refund}) | changes).encode()


def make_stripe(server, *, at_once=1):
    provider = Stripe(api_key="sk_test_1", webhook_secret=SECRET, api_base=server.url, at_once=at_once)

    def event(state, **changes):
        body = stripe_event(TYPES[state], **changes)
        return body, signed(body)

    def refund_failed(key, **changes):
        for refund in server.refunds:
            if refund["metadata"]["refund"] == key:
                refund["status"] = "failed"
        body = refund_event("refund.failed", key, **changes)
        return body, signed(body)

    return Shop(
        provider, "pm_card_visa", "pm_card_chargeDeclined", "pm_gone", "pm_card_visa", event, refund_failed
    )

"""What Stripe tells by itself, read once its signature is known to be Stripe's."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import stripe

from orders.models import Payment
from orders.payments import BadEvent, BadSignature, Event, RefundFailed

SIGNATURE = "Stripe-Signature"
# The name under which a payment carries its order's id.
ORDER = "order_id"
# And a refund, the key with which it was asked for.
REFUND = "refund"
# Older ones are somebody's recording; Stripe signs each repeat anew.
TOLERANCE = 300  # seconds

_STATES: Mapping[str, Payment.State] = {
    "payment_intent.amount_capturable_updated": Payment.State.AUTHORISED,
    "payment_intent.succeeded": Payment.State.CAPTURED,
    "payment_intent.payment_failed": Payment.State.DECLINED,
}
# One failure is told by several of these, each an event of its own.
_REFUNDS = frozenset(("refund.failed", "refund.updated", "charge.refund.updated"))
_FAILED = ("failed", "canceled")


def parse(body: bytes, headers: Mapping[str, str], *, secret: str) -> Event | RefundFailed | None:
    """None where it changes nothing of ours: other kinds of events, and what was done elsewhere."""
    signature = headers.get(SIGNATURE, "")
    if not signature.isascii():
        raise BadSignature(f"{SIGNATURE} is not Stripe's: it has letters that no signature has.")
    try:
        stripe.WebhookSignature.verify_header(body.decode(), signature, secret, tolerance=TOLERANCE)
        found: Any = json.loads(body)
        id, kind, told = str(found["id"])[:200], found["type"], found["data"]["object"]
        if kind in _REFUNDS:
            return _refund(id, told)
        return _payment(id, _STATES.get(kind), told)
    except stripe.SignatureVerificationError as error:
        raise BadSignature(f"{SIGNATURE} is not Stripe's for this body: {error.user_message}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadEvent(f"no event of Stripe's: {error!r}") from None


def _payment(id: str, state: Payment.State | None, intent: Mapping[str, Any]) -> Event | None:
    order_id = _order_of(intent)
    if state is None or order_id is None:
        return None
    error = intent.get("last_payment_error") or {}
    reason = _plain(error.get("message")) if state is Payment.State.DECLINED else ""
    return Event(id, order_id, state, _plain(intent["id"]), reason)


def _refund(id: str, refund: Mapping[str, Any]) -> RefundFailed | None:
    key = _plain((refund.get("metadata") or {}).get(REFUND))
    if refund["status"] not in _FAILED or not key:
        return None
    why = _plain(refund.get("failure_reason")) or refund["status"]
    return RefundFailed(id, key, f"Stripe accepted it, and it failed later: {why.replace('_', ' ')}.")


def _order_of(intent: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(str((intent.get("metadata") or {})[ORDER]))
    except (KeyError, ValueError):
        return None


def _plain(text: object) -> str:
    """What a column can hold."""
    return "".join(filter(str.isprintable, str(text or "")))

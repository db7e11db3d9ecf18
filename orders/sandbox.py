"""The payment provider of laptops and tests: no money, and a token for each way in which a payment may go.

It keeps nothing, so a repeat is answered like the first: by its token, and by how
often the key was asked.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings

from orders.models import Payment
from orders.payments import (
    NO_SUCH_CARD,
    Answer,
    BadEvent,
    BadSignature,
    Event,
    Outcome,
    RefundFailed,
    Step,
)

SIGNATURE = "Sandbox-Signature"

OK = "tok_ok"
DECLINED = "tok_declined"
TIMEOUT = "tok_timeout"  # no answer the first time
LATE = "tok_late"  # authorised by an event
CAPTURE_FAILS = "tok_capture_fails"
CAPTURE_SILENT = "tok_capture_silent"  # authorised, and never an answer to its capture
REFUND_FAILS = "tok_refund_fails"  # its refund is accepted, and fails by an event

# What the shop's forms offer.
CARDS = (
    (OK, "Approved"),
    (DECLINED, "Declined"),
    (TIMEOUT, "Approved, after a time-out"),
    (LATE, "Approved some seconds late"),
    (CAPTURE_FAILS, "Approved, then cannot be taken"),
    (REFUND_FAILS, "Approved, and a refund fails later"),
)

_TOLD = (Payment.State.AUTHORISED, Payment.State.DECLINED, Payment.State.CAPTURED)


class Sandbox:
    name = "sandbox"
    # It answers at once, so asking it takes no time that threads could save.
    at_once = 1
    batch = 500

    def __init__(self, *, secret: str) -> None:
        self._secret = secret.encode()

    @classmethod
    def from_settings(cls) -> "Sandbox":
        return cls(secret=settings.PAYMENT_EVENTS_SECRET)

    def authorise(self, step: Step) -> Answer:
        match step.token:
            case "tok_ok" | "tok_capture_fails" | "tok_capture_silent" | "tok_refund_fails":
                return self._approve(step)
            case "tok_timeout" if step.attempt > 1:
                return self._approve(step)
            case "tok_timeout" | "tok_late":
                return Answer(Outcome.UNKNOWN)
            case "tok_declined":
                return Answer(Outcome.DECLINED, reason="The card was declined.")
        return Answer(Outcome.DECLINED, reason=NO_SUCH_CARD)

    def capture(self, step: Step) -> Answer:
        if step.token == CAPTURE_FAILS:
            return Answer(Outcome.DECLINED, reason="What was set aside could not be taken.")
        return Answer(Outcome.UNKNOWN) if step.token == CAPTURE_SILENT else self._approve(step)

    def void(self, step: Step) -> Answer:
        return self._approve(step)

    def refund(self, step: Step) -> Answer:
        return self._approve(step)

    def parse_event(self, body: bytes, headers: Mapping[str, str]) -> Event | RefundFailed:
        if not hmac.compare_digest(self.sign(body).encode(), headers.get(SIGNATURE, "").encode()):
            raise BadSignature(f"{SIGNATURE} is not of this body: sign it with PAYMENT_EVENTS_SECRET.")
        try:
            event = _read(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadEvent(f"no event of ours: {error!r}") from None
        # What no column can hold.
        name = event.key if isinstance(event, RefundFailed) else event.reference
        if not (event.id and (event.id + name + event.reason).isprintable()):
            raise BadEvent("no event of ours: its texts are wanted as printable text, and an id")
        return event

    def sign(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()

    def _approve(self, step: Step) -> Answer:
        return Answer(Outcome.APPROVED, step.reference or f"sandbox:{step.key}")


def _read(found: Any) -> Event | RefundFailed:
    id, reason = str(found["id"])[:200], str(found.get("reason", ""))
    if "refund_failed" in found:
        return RefundFailed(id, str(found["refund_failed"]), reason)
    if found["state"] not in _TOLD:
        raise ValueError(f"state is {found['state']}: an event tells {', '.join(_TOLD)}")
    state = Payment.State(found["state"])
    return Event(id, UUID(str(found["order_id"])), state, str(found["reference"]), reason)

"""Stripe takes the money: a PaymentIntent for each order, set aside first and captured later.

Loaded only where PAYMENT_PROVIDER is `stripe`. An order's payment token is the id of a
PaymentMethod (`pm_…`). The buyer has left by the time we ask, so a card whose bank wants
to ask its owner is declined. What Stripe answers is an approval or a refusal of the card;
all else, its own failures and ours included, is no answer yet: the step is asked again
with its key, and Stripe does it once. What it tells by itself is read in stripe_events.py.
"""

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal

import stripe
from django.conf import settings

from orders import stripe_events
from orders.payments import NO_SUCH_CARD, Answer, Event, Outcome, RefundFailed, Step

logger = logging.getLogger(__name__)

# To connect, to answer: a turn of the payments is not held up for longer by one that hangs.
TIMEOUT = (3.0, 10.0)
# What a currency's smallest unit is a hundredth of it for, except for these.
_EXPONENTS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND"), 0),
    **dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
ASKS_THE_BUYER = (
    "The card's bank wants to ask its owner, and cannot do that now. Order again with another card."
)


class Stripe:
    name = "stripe"

    def __init__(self, *, api_key: str, webhook_secret: str, api_base: str, at_once: int = 1) -> None:
        self.at_once, self.batch = at_once, 2 * at_once
        self._webhook_secret = webhook_secret
        # Not tried again in there: our turns do that, and meanwhile serve others.
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base},
            max_network_retries=0,
            # A session for each thread that asks.
            http_client=stripe.RequestsClient(timeout=TIMEOUT),
        )

    @classmethod
    def from_settings(cls) -> "Stripe":
        chosen = settings.STRIPE
        return cls(
            api_key=chosen.api_key,
            webhook_secret=chosen.webhook_secret,
            api_base=chosen.api_base,
            at_once=chosen.at_once,
        )

    def authorise(self, step: Step) -> Answer:
        return _answered(lambda: self._authorise(step))

    def capture(self, step: Step) -> Answer:
        return _answered(lambda: self._capture(step))

    def void(self, step: Step) -> Answer:
        return _answered(lambda: self._void(step))

    def refund(self, step: Step) -> Answer:
        return _answered(lambda: self._refund(step))

    def parse_event(self, body: bytes, headers: Mapping[str, str]) -> Event | RefundFailed | None:
        return stripe_events.parse(body, headers, secret=self._webhook_secret)

    def _authorise(self, step: Step) -> Answer:
        intents = self._client.v1.payment_intents
        intent = intents.create(
            {
                "amount": minor_units(step),
                "currency": step.currency.lower(),
                "payment_method": step.token,
                "allowed_payment_method_types": ["card"],
                "capture_method": "manual",
                "confirm": True,
                "error_on_requires_action": True,
                # Events find their order by it, however early they come.
                "metadata": {stripe_events.ORDER: step.key.partition(":")[0]},
            },
            {"idempotency_key": step.key},
        )
        if step.attempt > 1 and intent.status == "processing":
            # A repeat is answered as it was the first time. What became of it since?
            intent = intents.retrieve(intent.id)
        match intent.status:
            case "requires_capture" | "succeeded":
                return Answer(Outcome.APPROVED, intent.id)
            case "requires_action":
                # Left open, the buyer could still approve an order that is cancelled.
                intents.cancel(intent.id, {}, {"idempotency_key": f"{step.key}:cancel"})
                return Answer(Outcome.DECLINED, intent.id, ASKS_THE_BUYER)
            case "canceled" | "requires_payment_method":
                return Answer(Outcome.DECLINED, intent.id, "The card was declined.")
        return Answer(Outcome.UNKNOWN)

    def _capture(self, step: Step) -> Answer:
        intents = self._client.v1.payment_intents
        try:
            status = intents.capture(step.reference, {}, {"idempotency_key": step.key}).status
        except stripe.InvalidRequestError as error:
            status = self._status_now(step, error)
        if status == "canceled":
            return Answer(Outcome.DECLINED, step.reference, "What was set aside is not held any more.")
        return Answer(Outcome.APPROVED if status == "succeeded" else Outcome.UNKNOWN, step.reference)

    def _void(self, step: Step) -> Answer:
        intents = self._client.v1.payment_intents
        try:
            status = intents.cancel(step.reference, {}, {"idempotency_key": step.key}).status
        except stripe.InvalidRequestError as error:
            status = self._status_now(step, error)
        outcomes = {"canceled": Outcome.APPROVED, "succeeded": Outcome.TAKEN}
        return Answer(outcomes.get(status, Outcome.UNKNOWN), step.reference)

    def _refund(self, step: Step) -> Answer:
        refund = self._client.v1.refunds.create(
            {
                "payment_intent": step.reference,
                "amount": minor_units(step),
                "metadata": {stripe_events.REFUND: step.key},
            },
            {"idempotency_key": step.key},
        )
        match refund.status:
            case "succeeded" | "pending":
                return Answer(Outcome.APPROVED, step.reference)
            case "failed" | "canceled":
                return Answer(Outcome.DECLINED, step.reference, f"Stripe says the refund {refund.status}.")
        return Answer(Outcome.UNKNOWN)

    def _status_now(self, step: Step, error: stripe.InvalidRequestError) -> str:
        """Of an intent that is not where the step expects it: we moved it before, or somebody else did."""
        if error.code != "payment_intent_unexpected_state":
            raise error
        return self._client.v1.payment_intents.retrieve(step.reference).status


def minor_units(step: Step) -> int:
    return int((step.amount * Decimal(10) ** _EXPONENTS.get(step.currency, 2)).to_integral_value())


def _answered(ask: Callable[[], Answer]) -> Answer:
    """What Stripe's errors mean for a payment."""
    try:
        return ask()
    except stripe.CardError as error:
        asks = error.code == "authentication_required"
        return Answer(Outcome.DECLINED, reason=ASKS_THE_BUYER if asks else error.user_message or "")
    except stripe.IdempotencyError as error:
        # The same key is under way elsewhere, or was used for something else: never a refusal of the card.
        logger.warning("Stripe knows this step's key already: %s", error)
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing" and error.param == "payment_method":
            return Answer(Outcome.DECLINED, reason=NO_SUCH_CARD)
        logger.exception("Stripe finds this request invalid.")
        return Answer(Outcome.DECLINED, reason=error.user_message or "")
    except (stripe.AuthenticationError, stripe.PermissionError):
        # Ours to mend, and no buyer's fault.
        logger.exception("Stripe does not accept STRIPE_API_KEY.")
    except stripe.StripeError as error:
        logger.warning("Stripe did not answer, it is asked again: %s", error)
    return Answer(Outcome.UNKNOWN)

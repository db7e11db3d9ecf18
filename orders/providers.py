"""The payment provider that this shop chose, and what its buyers are asked about their card.

The others are not even loaded; for the card's field nobody is, since every page may ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from orders.payments import Provider
from orders.sandbox import CARDS

_PROVIDERS = {"sandbox": "orders.sandbox.Sandbox", "stripe": "orders.stripe_payments.Stripe"}


@dataclass(frozen=True, slots=True)
class CardField:
    """What stands in the shop's forms where a buyer says how they pay; it fills `payment_token`."""

    template: str
    is_sandbox: bool = False
    choices: Sequence[tuple[str, str]] = ()  # token, words
    publishable_key: str = ""  # for who makes the token in the buyer's browser


def chosen() -> Provider:
    provider: Provider = import_string(_PROVIDERS[settings.PAYMENT_PROVIDER]).from_settings()
    return provider


def card_field() -> CardField:
    if settings.PAYMENT_PROVIDER == "stripe":
        return CardField("orders/parts/stripe_card.html", publishable_key=settings.STRIPE.publishable_key)
    return CardField("orders/parts/sandbox_card.html", is_sandbox=True, choices=CARDS)

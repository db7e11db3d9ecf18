"""The payment provider that this shop chose. The others are not even loaded."""

from django.conf import settings
from django.utils.module_loading import import_string

from orders.payments import Provider

_PROVIDERS = {"sandbox": "orders.sandbox.Sandbox", "stripe": "orders.stripe_payments.Stripe"}


def chosen() -> Provider:
    provider: Provider = import_string(_PROVIDERS[settings.PAYMENT_PROVIDER]).from_settings()
    return provider

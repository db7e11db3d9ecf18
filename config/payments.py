"""Who takes the money, from the environment: `sandbox` for laptops and tests, or `stripe`."""

from dataclasses import dataclass, field
from datetime import timedelta

from config import env

PROVIDERS = ("sandbox", "stripe")


@dataclass(frozen=True, slots=True)
class StripeSettings:
    # Kept out of whatever prints settings.
    api_key: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)
    api_base: str = "https://api.stripe.com"
    # Stands in the shop's pages: with it a browser makes tokens.
    publishable_key: str = ""
    # Stripe allows 100 requests a second, 25 with a test key; each takes about half a second.
    at_once: int = 16


def holds() -> tuple[timedelta, timedelta]:
    """Banks let go of what was set aside after some days: before that, nobody waits for it any more."""
    return (
        timedelta(minutes=env.integer("PAYMENT_HOLD_MINUTES", 15)),
        timedelta(hours=env.integer("PAYMENT_CAPTURE_HOURS", 24)),
    )


def read() -> tuple[str, StripeSettings]:
    """The provider's name, and what Stripe needs where it is chosen."""
    provider = env.text("PAYMENT_PROVIDER", "sandbox")
    if provider not in PROVIDERS:
        raise env.BadSetting(f"PAYMENT_PROVIDER={provider!r}: write {' or '.join(PROVIDERS)}.")
    if provider != "stripe":
        return provider, StripeSettings()
    api_key, publishable_key = _needed("STRIPE_API_KEY", "sk_"), _needed("STRIPE_PUBLISHABLE_KEY", "pk_")
    if api_key.split("_")[1] != publishable_key.split("_")[1]:
        raise env.BadSetting(
            "STRIPE_API_KEY and STRIPE_PUBLISHABLE_KEY: one is a test key, the other is not. "
            "Write two of one kind."
        )
    return provider, StripeSettings(
        api_key=api_key,
        publishable_key=publishable_key,
        webhook_secret=_needed("STRIPE_WEBHOOK_SECRET", "whsec_"),
        api_base=env.text("STRIPE_API_BASE", StripeSettings().api_base),
        at_once=env.integer("STRIPE_AT_ONCE", StripeSettings().at_once, least=1),
    )


def _needed(name: str, begins: str) -> str:
    value = env.text(name, "")
    # A restricted key is as good.
    if not value.startswith((begins, begins.replace("sk_", "rk_"))):
        # Not the value: it is a secret, and this is printed.
        raise env.BadSetting(f"{name} is not set, or not Stripe's: write the one that begins with {begins}.")
    return value

"""Whose account an order is placed from, as the shop said it in a cookie: read here without asking anybody.

When somebody logs in, the shop gives their browser this token. It says which account, and
until when, under a signature; it opens nothing. Whoever has none, or one that is not ours
or is over, is a guest: what is in a cookie never refuses an order.
"""

import hmac

COOKIE = "spillway_account"
# Room for any account and any moment; more is not ours, and is not even hashed.
_LONGEST = 120


def sign(account: int, *, expires: int, secret: str) -> str:
    """The cookie's value: account, the second (since 1970) from which it is void, and the signature."""
    text = f"{account}.{expires}"
    return f"{text}.{_signature(text, secret)}"


def find(cookies: str, *, secret: str, now: float) -> int | None:
    """The account in a request's Cookie header, or None for a guest."""
    if COOKIE not in cookies:
        return None
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and (account := _read(value, secret=secret, now=now)):
            return account
    return None


def _read(token: str, *, secret: str, now: float) -> int | None:
    text, _, signature = token.rpartition(".")
    if len(token) > _LONGEST or not token.isascii():
        return None
    if not hmac.compare_digest(_signature(text, secret), signature):
        return None
    # Signed, so it is as we wrote it.
    account, _, expires = text.partition(".")
    return int(account) if now < int(expires) else None


def _signature(text: str, secret: str) -> str:
    return hmac.digest(secret.encode(), f"account:{text}".encode(), "sha256").hex()

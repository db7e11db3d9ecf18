"""How an order, a buyer and a request are recognised again. Pure functions, shared by both paths."""

import hashlib
import hmac
from collections.abc import Mapping

# The namespace of our orders' ids.
_ORDERS = bytes.fromhex("6b0f3a522f0e5e0b9d536f2f5d0c6a11")


def order_id(*, scope: str, generation: int, key: str) -> str:
    """The id of the order that this idempotency key makes: a UUID of version 5.

    `scope` is the product's slug, and `generation` that of its sale (0 on the classic
    path). A retry, even after the ledger was lost, lands on the same order row.
    """
    name = f"{scope}\n{generation}\n{key}".encode()
    digest = bytearray(hashlib.sha1(_ORDERS + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def buyer(email: str) -> str:
    """Whose limit a request counts against: the e-mail, without case and outer blanks."""
    return email.strip().casefold()


def account_buyer(account: int | None) -> str:
    """Whose limit it counts against beside the e-mail's, which never looks like it; of a guest, nobody's."""
    return "" if account is None else f"account:{account}"


def fingerprint(fields: Mapping[str, object]) -> str:
    """A hash of what was asked, the same for JSON and form: tells a repeat from a conflict."""
    canonical = "\n".join([f"{name}={fields[name]}" for name in sorted(fields)])
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()


def status_token(secret: str, order_id: str) -> str:
    """The token in an order's status link: whoever has it may see the order."""
    return hmac.digest(secret.encode(), order_id.encode(), "sha256").hex()[:32]


def is_status_token(secret: str, order_id: str, token: str) -> bool:
    return hmac.compare_digest(status_token(secret, order_id).encode(), token.encode())

"""A claim: units taken at the edge for one buyer, not yet an order. Its JSON is what the buffer carries."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from fastpath_lambda.rules import Request, Sale


class BadClaim(ValueError):
    """The text is no claim of ours. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Claim:
    order_id: str
    sale_id: int
    generation: int
    product: str  # slug
    number: int  # the ledger's running number within the generation, from 1
    sku: str
    quantity: int
    unit_price: str  # decimal text
    currency: str
    buyer: str
    email: str
    name: str
    address: Mapping[str, str]
    payment_token: str
    fingerprint: str
    accepted_ms: int  # by the ledger's clock, milliseconds since 1970
    account: int | None = None  # of whoever was logged in

    @property
    def accepted_at(self) -> datetime:
        return datetime.fromtimestamp(self.accepted_ms / 1000, UTC)


# What each field must be; a bool is an int to Python, and is no quantity.
_TYPES: Mapping[str, type] = {
    "order_id": str, "sale_id": int, "generation": int, "product": str, "number": int, "sku": str,
    "quantity": int, "unit_price": str, "currency": str, "buyer": str, "email": str, "name": str,
    "address": dict, "payment_token": str, "fingerprint": str, "accepted_ms": int,
}  # fmt: skip


def fields(sale: Sale, request: Request) -> dict[str, Any]:
    """What a claim says of its sale and its request: all but what only the ledger knows."""
    return {
        "order_id": request.order_id,
        "sale_id": sale.sale_id,
        "generation": sale.generation,
        "product": sale.product,
        "sku": request.sku,
        "quantity": request.quantity,
        # An SKU that is not on sale has none, and gets no further than the ledger's checks.
        "unit_price": sale.prices.get(request.sku, ""),
        "currency": sale.currency,
        "buyer": request.buyer,
        "email": request.email,
        "name": request.name,
        "address": request.address,
        "payment_token": request.payment_token,
        "fingerprint": request.fingerprint,
        "account": request.account,
    }


def to_json(claim: Claim) -> str:
    return json.dumps(asdict(claim), separators=(",", ":"))


def from_json(text: str | bytes) -> Claim:
    """Raise BadClaim where the text is not exactly a claim."""
    try:
        found: Any = json.loads(text)
    # Deep nesting is no syntax error.
    except (ValueError, RecursionError) as error:
        raise BadClaim(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadClaim(f"a JSON object is wanted, this is a {type(found).__name__}")
    for name, kind in _TYPES.items():
        if type(found.get(name)) is not kind:
            raise BadClaim(f"{name} is {found.get(name)!r}: a {kind.__name__} is wanted")
    if found["quantity"] < 1:
        raise BadClaim(f"quantity is {found['quantity']}: at least 1 is wanted")
    account = found.get("account")
    if account is not None and type(account) is not int:
        raise BadClaim(f"account is {account!r}: an int is wanted, or nothing")
    return Claim(**{name: found[name] for name in _TYPES}, account=account)

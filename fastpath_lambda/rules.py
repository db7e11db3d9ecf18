"""The rules of a sale that one request can be held against.

Everything here is a pure function of its arguments: no clock, no store, no
framework. What other requests took before is the ledger's business, because that
has to be one atomic step: see ledger.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """The operational state of a sale. A draft is not in the ledger."""

    ARMED = "armed"
    OPEN = "open"
    PAUSED = "paused"
    CLOSING = "closing"
    CLOSED = "closed"


class Refusal(StrEnum):
    SOLD_OUT = "sold_out"
    NOT_OPEN = "not_open"
    CLOSED = "closed"
    PAUSED = "paused"
    OVER_LIMIT = "over_limit"
    BAD_REQUEST = "bad_request"


@dataclass(frozen=True, slots=True)
class Sale:
    """One generation of a sale, as the ledger holds it."""

    product: str  # slug
    category: str  # slug
    name: str  # of the product, as shoppers read it
    sale_id: int
    generation: int
    state: State
    limit_per_buyer: int  # units, over all requests of a buyer
    currency: str  # ISO 4217
    prices: Mapping[str, str]  # SKU → decimal text; the SKUs on sale
    opens_at: datetime | None = None  # None: opens when told to
    closes_at: datetime | None = None
    # Rises when anything above but the state changes: a take made with an older one is asked to look again.
    revision: int = 1
    # Where an answer may be that a key got before this sale: generations, 0 for the shop's own door.
    earlier: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.limit_per_buyer < 1:
            raise ValueError(f"limit_per_buyer is {self.limit_per_buyer}: allow at least 1")
        if not self.prices:
            raise ValueError(f"the sale of {self.product} has no SKU: arm it with at least one")


@dataclass(frozen=True, slots=True)
class Request:
    """One buyer's order request, parsed and checked (forms.py) and named (identity.py)."""

    order_id: str
    fingerprint: str
    sku: str
    quantity: int
    buyer: str  # normalised e-mail
    email: str
    name: str
    address: Mapping[str, str]
    payment_token: str
    # What its key would be called in the sale's `earlier` generations: each, and the order id.
    earlier: tuple[tuple[int, str], ...] = ()
    account: int | None = None  # of whoever is logged in: a second buyer whose limit it counts against

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError(f"quantity is {self.quantity}: ask for at least 1")


def refuse(sale: Sale, request: Request, *, now: datetime) -> Refusal | None:
    """Return why this request cannot be served, or None if it may proceed to the units.

    The Redis ledger runs the same checks by its own clock (take.lua); the ledgers'
    contract test holds the two together.
    """
    if refusal := refuse_at(sale, now=now):
        return refusal
    if request.quantity > sale.limit_per_buyer:
        return Refusal.OVER_LIMIT
    return None


def refuse_at(sale: Sale, *, now: datetime) -> Refusal | None:
    """Return why nobody can buy at this moment, or None. A closing time ends an open sale by itself."""
    if sale.state in (State.CLOSING, State.CLOSED) or (sale.closes_at and now >= sale.closes_at):
        return Refusal.CLOSED
    if sale.state is State.PAUSED:
        return Refusal.PAUSED
    if sale.state is State.ARMED and not (sale.opens_at and now >= sale.opens_at):
        return Refusal.NOT_OPEN
    return None


def status(state: State, left: int) -> str:
    """What viewers are told of an SKU of a sale; the scripts' common.lua says the same."""
    match state:
        case State.ARMED:
            return "opens_soon"
        case State.PAUSED:
            return "paused"
        case State.OPEN if left > 0:
            return "on_sale"
        case _:
            return "sold_out"

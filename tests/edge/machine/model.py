"""Where each unit of a sale must be, told from what was done to it: no store, no database.

The model knows one thing of each claim, where it is: `claimed` (pending in the ledger),
`ordered`, `releasing` (its order undone, on its way back), `back` (in the ledger again),
`late` (given by a ledger that was lost), or `dead` (came too late, and is with a person).
What is left, and who has bought how much, follows from that.
"""

from collections import Counter
from dataclasses import dataclass, field

from fastpath_lambda import identity
from fastpath_lambda.rules import Refusal, Request

SKUS = ("LAMP-S", "LAMP-L")
STOCK, UNITS, LIMIT = 9, 4, 4
TAKEN = ("claimed", "ordered", "releasing")
UNDONE = ("cancelled", "refunded")
AGAIN = {"placed": {"paid", "confirmed", "cancelled"}, "paid": {"confirmed", "cancelled"},
         "confirmed": {"cancelled", "refunded"}}  # fmt: skip
SHUT = {"paused": Refusal.PAUSED, "closing": Refusal.CLOSED}


@dataclass
class Known:
    """What is known of one order request that was accepted."""

    request: Request
    where: str = "claimed"
    status: str = ""
    # Whether the database knows that its units are back.
    is_written: bool = False


@dataclass
class Model:
    known: dict[str, Known] = field(default_factory=dict)
    armed: Counter[str] = field(default_factory=Counter)
    returned: Counter[str] = field(default_factory=Counter)
    state: str = "open"
    is_lost: bool = False
    epoch: int = 0

    def expect(self, request: Request) -> Refusal | None:
        """Why this must be refused; None where it must be given."""
        if self.state in SHUT:
            return SHUT[self.state]
        if self._bought(request.buyer) + request.quantity > LIMIT:
            return Refusal.OVER_LIMIT
        return Refusal.SOLD_OUT if self.left()[request.sku] < request.quantity else None

    def left(self) -> dict[str, int]:
        gone = Counter[str]()
        for one in self.known.values():
            gone[one.request.sku] += one.request.quantity * (one.where in TAKEN)
        return {code: self.armed[code] - self.returned[code] - gone[code] for code in SKUS}

    def sold(self) -> Counter[str]:
        sold = Counter[str]()
        for one in self.known.values():
            sold[one.request.sku] += one.request.quantity * (one.where == "ordered")
        return sold

    def place(self, order_id: str) -> bool:
        """The claim is drained: move it to where it must get. False where it must go to a person."""
        one = self.known[order_id]
        if one.where == "claimed" or (one.where == "late" and self.is_lost):
            one.where = "ordered"
        elif one.where in ("late", "dead"):
            is_there = self.state != "closed" and self.left()[one.request.sku] >= one.request.quantity
            one.where = "ordered" if is_there else "dead"
        return one.where != "dead"

    def turn_to(self, order_id: str, status: str) -> None:
        """The order has this status: only forwards, and what is undone gives its units back."""
        one = self.known[order_id]
        assert one.status in ("", status) or status in AGAIN[one.status]
        one.status = status
        if status in UNDONE and one.where == "ordered":
            one.where = "releasing" if self.state != "closed" else "back"

    def arrive(self) -> None:
        """All units that are on their way are back, and that is written down."""
        for one in self.known.values():
            if one.where in ("releasing", "back"):
                one.where, one.is_written = "back", True

    def lose(self) -> None:
        """The ledger is gone, with what only it knew."""
        self.is_lost = True
        for one in self.known.values():
            if one.where == "claimed":
                one.where = "late"
            elif one.where == "back" and not one.is_written:
                one.where = "releasing"

    def ids(self, where: str | None = None) -> list[str]:
        return [id for id, one in self.known.items() if where in (None, one.where)]

    def _bought(self, buyer: str) -> int:
        of_buyer = [one.request for one in self.known.values() if one.where in TAKEN]
        return sum(request.quantity for request in of_buyer if request.buyer == buyer)


def make_request(buyer: str, sku: str, quantity: int, token: str, *, key: str) -> Request:
    return Request(
        order_id=identity.order_id(scope="lamp", generation=1, key=key), fingerprint=f"{sku}-{quantity}",
        sku=sku, quantity=quantity, buyer=buyer, email=f"{buyer}@example.org", name="Ada",
        address={"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
        payment_token=token,
    )  # fmt: skip

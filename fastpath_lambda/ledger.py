"""The one place where units are taken, and the promise every store must keep.

A ledger never takes more than there is, never gives a buyer more than the limit over
all their requests, known by e-mail or by account, and answers once per order id:
asking again returns the first claim, even after closing, so a client that lost our
reply may retry without buying twice. The same id with another fingerprint is a
conflict. Refusals are not remembered.

The claim it records is also what the drain reads, and the intent to buffer it is
written in the same step: units cannot be taken without somebody getting them. The
window is held against the ledger's own clock. Viewers' room is written in that step too.

Units of an order that was undone come back once, however often that is asked: whoever
gives them back writes it down elsewhere afterwards, and may die in between.

A store can be lost with all that was in it. What is loaded anew then is another epoch of
the same generation, and its running numbers say so: a claim of an older epoch that turns
up later is known by its number, and has to be adopted before it may become an order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Refusal, Request, Sale, State

# Running numbers of one epoch; the drain's statement counts with the same.
EPOCH = 1_000_000_000


@dataclass(frozen=True, slots=True)
class KeyConflict:
    """This order id was taken with another body."""


@dataclass(frozen=True, slots=True)
class Stale:
    """The sale changed since the caller read it: read it again, and ask again."""


Outcome = Claim | Refusal | KeyConflict | Stale


@dataclass(frozen=True, slots=True)
class Release:
    """The units of one undone order, on their way back."""

    product: str  # slug
    generation: int
    order_id: str
    sku: str
    quantity: int
    buyer: str  # whose limit they counted against
    account: int | None = None  # and whose beside it

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError(f"quantity is {self.quantity}: give back at least 1")


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units of one SKU that the shop adds to a sale (above 0), or takes back from it."""

    product: str  # slug
    generation: int
    id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Count:
    """One generation's units at one instant."""

    left: Mapping[str, int]  # SKU → units
    versions: Mapping[str, int]  # SKU → version last shown to viewers
    last_number: int  # of the latest claim; every claim up to it is in this count
    pending: tuple[Claim, ...]  # not yet confirmed as drained
    last_given_back: int = 0  # running number of the latest units that came back
    given_back: frozenset[str] = frozenset()  # order ids of those not yet settled


class Ledger(Protocol):
    def load(
        self, sale: Sale, *, units: Mapping[str, int], versions: Mapping[str, int], epoch: int = 0
    ) -> bool:
        """Make this generation the product's sale. False, and nothing done, where it already is.

        `versions` are the shop's, per SKU: the ledger counts on from them. Before an epoch
        above 0 is loaded, `recall` what is known of the older ones.
        """

    def recall(
        self, product: str, generation: int, kept: Iterable[Claim], *, given_back: Iterable[str] = ()
    ) -> None:
        """Before an epoch is loaded, and only then: these claims are orders, and answer repeats. They count
        for their buyers unless their units came back, as those of `given_back` did, once and for all."""

    def remember(self, product: str, answered: Iterable[Claim], *, keep_for: int) -> int:
        """What the shop itself answered before the sale, as claims of generation 0: `find` finds them.

        Returns how many they are.
        """

    def adopt(self, claim: Claim) -> Claim | Refusal | None:
        """Take the units of a claim that an older epoch gave, and give it a number of this one: once.

        SOLD_OUT where others have them by now; None where the generation is not on sale here.
        """

    def vouch(self, is_whole: bool) -> None:
        """Note that each sale that is on is in this store, so what is not here is not on; or not any more."""

    def get_sale(self, product: str) -> Sale | None:
        """The product's loaded sale, closed ones included, or None."""

    def move(self, product: str, generation: int, *, to: State, allowed_from: Iterable[State]) -> State:
        """Compare-and-set of the state. Returns the state it has afterwards, moved or not."""

    def take(self, sale: Sale, request: Request) -> Outcome: ...

    def find(self, product: str, generation: int, order_id: str) -> Claim | None: ...

    def due(self, product: str, generation: int, *, older_than_ms: int, limit: int) -> list[Claim]:
        """Claims handed to the buffer longer ago than this and not confirmed; marks them handed now."""

    def confirm(self, product: str, generation: int, order_ids: Iterable[str]) -> None:
        """These claims are orders now: forget the intent, keep the claim for repeats and status."""

    def give_back(self, release: Release) -> int | None:
        """Put the units back on sale, take them off the buyer's total, and show it to viewers: once.

        Returns the running number of this giving back, the first one's where it is asked
        again; None, and nothing done, where the generation is not loaded or has no such SKU.
        """

    def shift(self, transfer: Transfer) -> int | Refusal | None:
        """Add units to what is left, or take them from it, and show it to viewers: once.

        Returns a running number as `give_back` does, and counts as open until settled;
        SOLD_OUT, and nothing done, where fewer are left; None where it is not on sale here.
        """

    def settle(self, product: str, generation: int, order_ids: Iterable[str]) -> None:
        """That these orders' units came back is written down elsewhere: no longer count them as open."""

    def count(self, product: str, generation: int) -> Count: ...

    def retire(self, product: str, generation: int, *, keep_for: int) -> None:
        """Forget the sale; its claims and units stay readable for `keep_for` seconds more."""

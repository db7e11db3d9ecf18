"""What the ledger in memory has written of one generation. Whoever calls holds the lock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fastpath_lambda import identity
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Count, Release, Transfer
from fastpath_lambda.rules import Refusal, Request


def buyers(of: Request | Release | Claim) -> tuple[str, ...]:
    """Whose limits it counts against: the e-mail's and, of whoever is logged in, the account's."""
    return tuple(filter(None, (of.buyer, identity.account_buyer(of.account))))


@dataclass(slots=True)
class Book:
    left: dict[str, int]
    versions: dict[str, int]
    buyers: dict[str, int] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    intents: dict[str, int] = field(default_factory=dict)  # order id → handed to the buffer, ms
    last_number: int = 0
    given_back: dict[str, int] = field(default_factory=dict)  # order id → running number
    last_given_back: int = 0
    settled: set[str] = field(default_factory=set)

    def most_bought(self, request: Request) -> int:
        return max(self.buyers.get(name, 0) for name in buyers(request))

    def take(self, request: Request, fields: Mapping[str, Any], *, now_ms: int) -> Claim:
        self.left[request.sku] -= request.quantity
        self.versions[request.sku] += 1
        for name in buyers(request):
            self.buyers[name] = self.buyers.get(name, 0) + request.quantity
        self.last_number += 1
        claim = Claim(**fields, number=self.last_number, accepted_ms=now_ms)
        self.claims[claim.order_id] = claim
        self.intents[claim.order_id] = claim.accepted_ms
        return claim

    def give_back(self, release: Release, *, is_shown: bool) -> int:
        self.left[release.sku] += release.quantity
        self.versions[release.sku] += is_shown
        for name in buyers(release):
            self.buyers[name] = max(0, self.buyers.get(name, 0) - release.quantity)
        self.last_given_back += 1
        self.given_back[release.order_id] = self.last_given_back
        return self.last_given_back

    def shift(self, transfer: Transfer) -> int | Refusal:
        if self.left[transfer.sku] + transfer.quantity < 0:
            return Refusal.SOLD_OUT
        self.left[transfer.sku] += transfer.quantity
        self.versions[transfer.sku] += 1
        self.last_given_back += 1
        self.given_back[transfer.id] = self.last_given_back
        return self.last_given_back

    def recall(self, kept: Iterable[Claim], given_back: frozenset[str]) -> None:
        self.given_back.update(dict.fromkeys(given_back, 1))
        self.settled.update(given_back)
        for claim in kept:
            self.claims[claim.order_id] = claim
            if claim.order_id not in given_back:
                self._count(claim)

    def adopt(self, claim: Claim, *, now_ms: int) -> Claim | Refusal:
        if known := self.claims.get(claim.order_id):
            return known
        if self.left[claim.sku] < claim.quantity:
            return Refusal.SOLD_OUT
        self.left[claim.sku] -= claim.quantity
        self.versions[claim.sku] += 1
        self._count(claim)
        self.last_number += 1
        self.intents[claim.order_id] = now_ms
        adopted = self.claims[claim.order_id] = replace(claim, number=self.last_number)
        return adopted

    def _count(self, claim: Claim) -> None:
        for name in buyers(claim):
            self.buyers[name] = self.buyers.get(name, 0) + claim.quantity

    def count(self) -> Count:
        return Count(
            left=dict(self.left),
            versions=dict(self.versions),
            last_number=self.last_number,
            pending=tuple(self.claims[order_id] for order_id in self.intents),
            last_given_back=self.last_given_back,
            given_back=frozenset(self.given_back.keys() - self.settled),
        )

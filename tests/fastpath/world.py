"""Memorable test data: lamps on sale, and buyers with names."""

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

from fastpath_lambda import identity
from fastpath_lambda.ledger import Release
from fastpath_lambda.rules import Request, Sale, State
from fastpath_lambda.stores.memory import MemoryLedger

A_MINUTE = timedelta(minutes=1)


def now():
    return datetime.now(UTC)


def make_sale(**changes):
    plain = {
        "product": "lamp",
        "category": "lights",
        "name": "Lamp",
        "sale_id": 7,
        "generation": 1,
        "state": State.OPEN,
        "limit_per_buyer": 2,
        "currency": "USD",
        "prices": {"LAMP": "149.99"},
    }
    return Sale(**plain | changes)


def ask(buyer="alice", quantity=1, *, attempt=1, sku="LAMP", body="as shown", generation=1, account=None):
    """A request; another attempt is another idempotency key, another body another fingerprint."""
    return Request(
        order_id=identity.order_id(scope="lamp", generation=generation, key=f"{buyer}-{attempt}"),
        fingerprint=f"{body}-{quantity}-{sku}",
        sku=sku,
        quantity=quantity,
        buyer=f"{buyer}@example.org",
        email=f"{buyer.title()}@example.org",
        name=buyer.title(),
        address={"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
        payment_token="tok_ok",
        account=account,
    )


def release(claim, **changes):
    """The units of this claim's order, undone."""
    names = ("product", "generation", "order_id", "sku", "quantity", "buyer", "account")
    return Release(**{name: getattr(claim, name) for name in names} | changes)


def loaded(ledger, units=3, **changes):
    """The sale, loaded into this ledger."""
    sale = make_sale(**changes)
    assert ledger.load(sale, units=dict.fromkeys(sale.prices, units), versions={})
    return sale


class NaiveLedger(MemoryLedger):
    """Looks, waits until everybody has looked, then writes: what must not happen."""

    def give_back(self, release):
        book = self._book(release.product, release.generation)
        before = book.given_back.get(release.order_id)
        self._everybody_looked.wait(timeout=60)
        return before or book.give_back(release, is_shown=True)

    def __init__(self, *, buyers):
        super().__init__()
        self._everybody_looked = threading.Barrier(buyers)

    def take(self, sale, request):
        book = self._books[self._key(sale)]
        refusal = self._refuse(sale, book, request)
        self._everybody_looked.wait(timeout=60)
        return refusal or self._claim(sale, book, request)


def race(ledger, requests, *, sale):
    """All requests at once, each from a thread of its own; the outcomes."""
    return at_once(partial(ledger.take, sale, request) for request in requests)


def at_once(acts):
    """What each of these gives, each called from a thread of its own."""
    acts, outcomes = list(acts), []
    start = threading.Barrier(len(acts))

    def run(act):
        start.wait(timeout=60)
        outcomes.append(act())

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes

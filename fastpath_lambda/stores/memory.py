"""The ledger in one process's memory: for tests, and the shortest way to read what a ledger does.

It shows viewers nothing, since a room is something processes share.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from fastpath_lambda import claims, rules
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Count, KeyConflict, Outcome, Release, Stale
from fastpath_lambda.rules import Refusal, Request, Sale, State
from fastpath_lambda.stores.memory_book import Book

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryLedger:
    """Keeps the promise of ledger.py behind one lock."""

    def __init__(self, *, clock: Clock = _utc_now) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._sales: dict[str, Sale] = {}
        self._books: dict[tuple[str, int], Book] = {}

    def load(self, sale: Sale, *, units: Mapping[str, int], versions: Mapping[str, int]) -> bool:
        with self._lock:
            loaded = self._sales.get(sale.product)
            if (loaded and loaded.generation >= sale.generation) or self._key(sale) in self._books:
                return False
            self._sales[sale.product] = sale
            shown = {sku: versions.get(sku, 0) + 1 for sku in units}
            self._books[self._key(sale)] = Book(dict(units), shown)
            return True

    def get_sale(self, product: str) -> Sale | None:
        return self._sales.get(product)

    def move(self, product: str, generation: int, *, to: State, allowed_from: Iterable[State]) -> State:
        with self._lock:
            sale = self._sales.get(product)
            if sale is None or sale.generation != generation:
                return State.CLOSED
            state = self._open_by_clock(sale).state
            return self._change_state(product, to).state if state in tuple(allowed_from) else state

    def take(self, sale: Sale, request: Request) -> Outcome:
        with self._lock:
            book = self._books.get(self._key(sale))
            if book and (first := book.claims.get(request.order_id)):
                return first if first.fingerprint == request.fingerprint else KeyConflict()
            loaded = self._sales.get(sale.product)
            if not book or not loaded or self._edition(loaded) != self._edition(sale):
                return Stale()
            loaded = self._open_by_clock(loaded)
            return self._refuse(loaded, book, request) or self._claim(loaded, book, request)

    def find(self, product: str, generation: int, order_id: str) -> Claim | None:
        return self._book(product, generation).claims.get(order_id)

    def due(self, product: str, generation: int, *, older_than_ms: int, limit: int) -> list[Claim]:
        with self._lock:
            book, now = self._book(product, generation), self._now_ms()
            waiting = sorted(book.intents.items(), key=lambda intent: intent[1])
            ids = [order_id for order_id, handed in waiting if handed <= now - older_than_ms][:limit]
            book.intents.update(dict.fromkeys(ids, now))
            return [book.claims[order_id] for order_id in ids]

    def confirm(self, product: str, generation: int, order_ids: Iterable[str]) -> None:
        with self._lock:
            for order_id in order_ids:
                self._book(product, generation).intents.pop(order_id, None)

    def give_back(self, release: Release) -> int | None:
        with self._lock:
            book = self._book(release.product, release.generation)
            if before := book.given_back.get(release.order_id):
                return before
            sale = self._sales.get(release.product)
            if not sale or sale.generation != release.generation or release.sku not in book.left:
                return None
            return book.give_back(release, is_shown=self._open_by_clock(sale).state is not State.CLOSED)

    def settle(self, product: str, generation: int, order_ids: Iterable[str]) -> None:
        with self._lock:
            self._book(product, generation).settled.update(order_ids)

    def count(self, product: str, generation: int) -> Count:
        with self._lock:
            return self._book(product, generation).count()

    def retire(self, product: str, generation: int, *, keep_for: int) -> None:
        """Keeps the claims as long as the process lives."""
        with self._lock:
            sale = self._sales.get(product)
            if sale and sale.generation == generation:
                del self._sales[product]

    def _refuse(self, sale: Sale, book: Book, request: Request) -> Refusal | None:
        if refusal := rules.refuse_at(sale, now=self._clock()):
            return refusal
        if request.sku not in sale.prices:
            return Refusal.BAD_REQUEST
        if book.most_bought(request) + request.quantity > sale.limit_per_buyer:
            return Refusal.OVER_LIMIT
        return Refusal.SOLD_OUT if book.left.get(request.sku, 0) < request.quantity else None

    def _claim(self, sale: Sale, book: Book, request: Request) -> Claim:
        return book.take(request, claims.fields(sale, request), now_ms=self._now_ms())

    def _open_by_clock(self, sale: Sale) -> Sale:
        if sale.state is State.ARMED and sale.opens_at and self._clock() >= sale.opens_at:
            return self._change_state(sale.product, State.OPEN)
        return sale

    def _change_state(self, product: str, to: State) -> Sale:
        before = self._sales[product]
        after = self._sales[product] = replace(before, state=to)
        book = self._book(product, after.generation)
        for sku, left in book.left.items():
            book.versions[sku] += rules.status(before.state, left) != rules.status(to, left)
        return after

    def _book(self, product: str, generation: int) -> Book:
        return self._books.get((product, generation)) or Book({}, {})

    def _now_ms(self) -> int:
        return int(self._clock().timestamp() * 1000)

    @staticmethod
    def _key(sale: Sale) -> tuple[str, int]:
        return sale.product, sale.generation

    @staticmethod
    def _edition(sale: Sale) -> tuple[int, int]:
        return sale.generation, sale.revision

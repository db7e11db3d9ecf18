"""The ledger in one process's memory: for tests, and the shortest way to read what a ledger does.

It shows viewers nothing, since a room is something processes share.
"""

from collections.abc import Iterable, Mapping

from fastpath_lambda import claims, rules
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import EPOCH, Count, KeyConflict, Outcome, Release, Stale, Transfer
from fastpath_lambda.rules import Refusal, Request, Sale, State
from fastpath_lambda.stores.memory_book import Book
from fastpath_lambda.stores.memory_sales import MemorySales


class MemoryLedger(MemorySales):
    """Keeps the promise of ledger.py behind one lock."""

    def load(
        self, sale: Sale, *, units: Mapping[str, int], versions: Mapping[str, int], epoch: int = 0
    ) -> bool:
        with self._lock:
            loaded, book = self._sales.get(sale.product), self._book(sale.product, sale.generation)
            if (loaded and loaded.generation >= sale.generation) or book.left:
                return False
            self._sales[sale.product] = sale
            book.versions = {sku: versions.get(sku, 0) + 1 for sku in units}
            book.left = dict(units)
            book.last_number = book.last_given_back = epoch * EPOCH
            self._books[self._key(sale)] = book
            return True

    def recall(
        self, product: str, generation: int, kept: Iterable[Claim], *, given_back: Iterable[str] = ()
    ) -> None:
        with self._lock:
            if not self._is_loaded(product, generation):
                book = self._books[product, generation] = Book({}, {})
                book.recall(kept, frozenset(given_back))

    def remember(self, product: str, answered: Iterable[Claim], *, keep_for: int) -> int:
        with self._lock:
            book = self._books.setdefault((product, 0), Book({}, {}))
            remembered = {claim.order_id: claim for claim in answered}
            book.claims.update(remembered)
            return len(remembered)

    def adopt(self, claim: Claim) -> Claim | Refusal | None:
        with self._lock:
            sale, book = self._sales.get(claim.product), self._book(claim.product, claim.generation)
            if not self._is_loaded(claim.product, claim.generation) or claim.sku not in book.left:
                return None
            is_over = sale is None or sale.state is State.CLOSED
            return None if is_over else book.adopt(claim, now_ms=self._now_ms())

    def vouch(self, is_whole: bool) -> None:
        """A process that lost its memory is gone: nobody is left to ask."""

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
            if first := self._first_answer(sale, request):
                return first if first.fingerprint == request.fingerprint else KeyConflict()
            loaded = self._sales.get(sale.product)
            if not book or not loaded or self._edition(loaded) != self._edition(sale):
                return Stale()
            loaded = self._open_by_clock(loaded)
            return self._refuse(loaded, book, request) or self._claim(loaded, book, request)

    def _first_answer(self, sale: Sale, request: Request) -> Claim | None:
        named = (*request.earlier, (sale.generation, request.order_id))
        found = (self._book(sale.product, generation).claims.get(order_id) for generation, order_id in named)
        return next(filter(None, found), None)

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

    def shift(self, transfer: Transfer) -> int | Refusal | None:
        with self._lock:
            book = self._book(transfer.product, transfer.generation)
            if before := book.given_back.get(transfer.id):
                return before
            sale = self._sales.get(transfer.product)
            if not sale or sale.generation != transfer.generation or transfer.sku not in book.left:
                return None
            return None if self._open_by_clock(sale).state is State.CLOSED else book.shift(transfer)

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

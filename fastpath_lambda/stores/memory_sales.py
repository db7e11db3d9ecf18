"""The sales that the ledger in memory has, and what the clock does to them. Whoever calls holds the lock."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from fastpath_lambda import rules
from fastpath_lambda.rules import Sale, State
from fastpath_lambda.stores.memory_book import Book

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemorySales:
    def __init__(self, *, clock: Clock = _utc_now) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._sales: dict[str, Sale] = {}
        self._books: dict[tuple[str, int], Book] = {}

    def _open_by_clock(self, sale: Sale) -> Sale:
        now = self._clock()
        is_due = sale.opens_at is not None and now >= sale.opens_at
        is_over = sale.closes_at is not None and now >= sale.closes_at
        if sale.state is State.ARMED and is_due and not is_over:
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

    def _is_loaded(self, product: str, generation: int) -> bool:
        sale = self._sales.get(product)
        return sale is not None and sale.generation == generation

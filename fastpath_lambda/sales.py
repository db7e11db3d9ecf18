"""The sales this process knows, so that a take costs one question to the ledger and not two."""

import time
from collections.abc import Callable

from fastpath_lambda.rules import Sale
from fastpath_lambda.stores import redis_rebuilding, redis_steps
from fastpath_lambda.stores.commands import Steps

# How long a sale is believed to be as it was read. Who takes with an older one is told so
# by the ledger; only who merely looks could miss a new generation for this long.
FRESH_SECONDS = 1.0


class Lost(Exception):
    """The ledger's store was wiped: what is not in it may be on sale all the same."""


class Sales:
    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Sale]] = {}

    def get(self, product: str, *, category: str) -> Steps[Sale | None]:
        """The product's loaded sale, or None where there is none at this address. Raises Lost."""
        read_at, sale = self._known.get(product, (0.0, None))
        if sale is None or self._clock() - read_at > FRESH_SECONDS:
            sale = yield from self._read(product)
        return sale if sale and sale.category == category else None

    def forget(self, product: str) -> None:
        self._known.pop(product, None)

    def _read(self, product: str) -> Steps[Sale | None]:
        read_at = self._clock()
        sale = yield from redis_steps.get_sale(product)
        # What is not there is not remembered: anybody can make up names.
        if sale is None:
            self.forget(product)
            if not (yield from redis_rebuilding.is_whole()):
                raise Lost(product)
        else:
            self._known[product] = (read_at, sale)
        return sale

"""The crowd of one sale, as a process of its own: `python -m tests.soak.crowd`, told what to do on stdin.

A few connections that are kept alive, each with the next request as soon as the last is
answered: what a request costs here is taken from the shop. As in a sale of scarce things
most hear no. A buyer comes ten times for one unit: twice with the same key, as a double
click does, and eight times more with others. Who gets no answer asks again with the same key.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from edge.rush import errand, wire

TIMES = 10  # one buyer comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(errand.Errand):
    requests: int
    connections: int = 48
    # Seconds.
    timeout: float = 10.0
    try_again_after: float = 0.25
    patience: float = 180.0


@dataclass(slots=True)
class Tally:
    answered: int = 0
    retried: int = 0
    unanswered: int = 0
    # Keys that were given another answer than before.
    contradicted: int = 0
    orders: dict[str, str] = field(default_factory=dict)  # by key
    refused: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)

    def progress(self) -> dict[str, Any]:
        return {"answered": self.answered, "accepted": len(self.orders), "retried": self.retried}

    def result(self) -> dict[str, Any]:
        return {
            "answered": self.answered,
            "retried": self.retried,
            "unanswered": self.unanswered,
            "contradicted": self.contradicted,
            "accepted": sorted(self.orders.values()),
            "refused": dict(self.refused),
            "troubles": dict(self.troubles),
        }


class Crowd:
    def __init__(self, pool: wire.Pool, sent: Errand) -> None:
        self._pool = pool
        self._errand = sent
        self._numbers: Iterator[int] = iter(range(sent.requests))
        self._answered_at = time.monotonic()
        self.tally = Tally()

    async def come(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._errand.connections):
                group.create_task(self._ask_on())

    async def _ask_on(self) -> None:
        for number in self._numbers:
            buyer, time_of_buyer = divmod(number, TIMES)
            mark = f"soak-{self._errand.run}-{buyer}"
            await self._order(f"{mark}@example.org", buyer, f"{mark}-{max(1, time_of_buyer)}")

    async def _order(self, email: str, buyer: int, key: str) -> None:
        sku = self._errand.skus[buyer % len(self._errand.skus)]
        body, headers = errand.order(sku, email=email, key=key, name="One of many")
        while not self._is_over():
            if await self._ask(key, headers, body):
                return
            self.tally.retried += 1
            await asyncio.sleep(self._errand.try_again_after)
        self.tally.unanswered += 1

    async def _ask(self, key: str, headers: dict[str, str], body: bytes) -> bool:
        """Ask once. Returns whether there was an answer."""
        try:
            status, answer = await self._pool.ask(
                "POST", f"{self._errand.page}order", headers=headers, body=body
            )
        except wire.Unanswered as error:
            self.tally.troubles[str(error)] += 1
            return False
        if status not in (202, 409):
            self.tally.troubles[f"status {status}"] += 1
            return False
        self._answered_at = time.monotonic()
        self._heed(key, status, json.loads(answer))
        return True

    def _heed(self, key: str, status: int, answer: dict[str, Any]) -> None:
        self.tally.answered += 1
        if status == 409:
            self.tally.refused[answer["refusal"]] += 1
            self.tally.contradicted += key in self.tally.orders
        elif self.tally.orders.setdefault(key, answer["order_id"]) != answer["order_id"]:
            self.tally.contradicted += 1

    def _is_over(self) -> bool:
        # Else a shop that died for good would keep a million visitors waiting, each for their own time.
        return time.monotonic() - self._answered_at > self._errand.patience


async def send(sent: Errand) -> Tally:
    pool = wire.Pool(
        sent.edge_url,
        connections=sent.connections,
        timeout=sent.timeout,
        headers={"User-Agent": "spillway-soak/1", "Accept": "application/json"},
    )
    crowd = Crowd(pool, sent)
    with errand.telling(crowd.tally):
        await crowd.come()
    pool.close()
    return crowd.tally


if __name__ == "__main__":
    errand.run(Errand, send)

"""The visitors of a rush, as one process: `python -m edge.rush.visitors`, told what to do on stdin.

An open loop: a visitor comes when the curve says so, however slow the shop is by then,
and what they wait is counted from that moment. Each opens the sale page and orders;
whoever was accepted looks at the order's status a little later. A request that got no
answer is sent again (five times, unless the errand says otherwise), with the same key, as the
page's script does.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.rush import curve, errand, wire

AGENT = "spillway-rush/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(errand.Errand):
    """How many visitors come in each second."""

    counts: Sequence[int]
    connections: int = 256
    # Seconds.
    timeout: float = 30.0
    look_after: float = 1.5
    try_again_after: float = 1.0
    attempts: int = 6


@dataclass(slots=True)
class Tally:
    """What the visitors were answered so far, since the first was due."""

    start: float = field(default_factory=time.monotonic)
    visitors: int = 0
    asked: int = 0
    retried: int = 0
    status_seen: int = 0
    accepted: list[str] = field(default_factory=list)
    last_accepted_at: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    # Seconds from the moment a visitor came: until the page was there, until the order was answered.
    page: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)

    def progress(self) -> dict[str, Any]:
        return {
            "second": round(time.monotonic() - self.start, 2),
            "asked": self.asked,
            "accepted": len(self.accepted),
            "refused": self.refused.total(),
            "errors": self.errors.total(),
        }

    def result(self) -> dict[str, Any]:
        return {
            "visitors": self.visitors,
            "asked": self.asked,
            "retried": self.retried,
            "accepted": self.accepted,
            "last_accepted_at": self.last_accepted_at,
            "status_seen": self.status_seen,
            "refused": dict(self.refused),
            "errors": dict(self.errors),
            "page_ms": _milliseconds(self.page),
            "answer_ms": _milliseconds(self.answer),
        }


def _milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    return {f"p{percent}": round(curve.percentile(seconds, percent) * 1000, 1) for percent in (50, 99)}


class Answerless(Exception):
    """No usable answer, the last time too. The message is the kind of error, to be counted."""


class Visitors:
    def __init__(self, pool: wire.Pool, sent: Errand, *, start: float) -> None:
        self._pool = pool
        self._errand = sent
        self.tally = Tally(start=start)

    async def come(self, number: int, due: float) -> None:
        """One visit, from the page to the order's status."""
        self.tally.visitors += 1
        try:
            await self._ask("GET", self._errand.page, expected=(200,))
            self.tally.page.append(time.monotonic() - due)
            self.tally.asked += 1
            status, body = await self._order(number)
            self.tally.answer.append(time.monotonic() - due)
            await self._heed(status, body)
        except Answerless as error:
            self.tally.errors[str(error)] += 1

    async def _order(self, number: int) -> tuple[int, bytes]:
        mark = f"rush-{self._errand.run}-{number}"
        sku = self._errand.skus[number % len(self._errand.skus)]
        body, headers = errand.order(sku, email=f"{mark}@example.org", key=mark, name="A visitor")
        path, expected = f"{self._errand.page}order", (201, 202, 409)
        return await self._ask("POST", path, expected, body=body, headers=headers)

    async def _heed(self, status: int, body: bytes) -> None:
        answer = json.loads(body)
        if status == 409:
            self.tally.refused[answer["refusal"]] += 1
            return
        self.tally.accepted.append(answer["order_id"])
        self.tally.last_accepted_at = time.time()
        await asyncio.sleep(self._errand.look_after)
        await self._ask("GET", answer["status_url"], expected=(200,))
        self.tally.status_seen += 1

    async def _ask(self, method: str, path: str, expected: Sequence[int], **more: Any) -> tuple[int, bytes]:
        for _ in range(self._errand.attempts - 1):
            try:
                return await self._ask_once(method, path, expected, **more)
            except Answerless:
                self.tally.retried += 1
                await asyncio.sleep(self._errand.try_again_after)
        return await self._ask_once(method, path, expected, **more)

    async def _ask_once(
        self, method: str, path: str, expected: Sequence[int], **more: Any
    ) -> tuple[int, bytes]:
        try:
            status, body = await self._pool.ask(method, path, **more)
        except wire.Unanswered as error:
            raise Answerless(f"{method}: {error}") from error
        if status not in expected:
            raise Answerless(f"{method}: status {status}")
        return status, body


async def rush(sent: Errand) -> Tally:
    pool = wire.Pool(
        sent.edge_url,
        connections=sent.connections,
        timeout=sent.timeout,
        headers={"User-Agent": AGENT, "Accept": "application/json, text/html;q=0.9"},
    )
    visitors = Visitors(pool, sent, start=time.monotonic() + 0.2)
    with errand.telling(visitors.tally):
        await _all_come(visitors, sent.counts)
    pool.close()
    return visitors.tally


async def _all_come(visitors: Visitors, counts: Sequence[int]) -> None:
    async with asyncio.TaskGroup() as visits:
        for number, offset in enumerate(curve.arrivals(counts)):
            due = visitors.tally.start + offset
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            visits.create_task(visitors.come(number, due))


if __name__ == "__main__":
    errand.run(Errand, rush)

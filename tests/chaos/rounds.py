"""One round: a sale from arming to closing, a rush in the middle, and one component killed meanwhile.

Or Redis is wiped. Then the sale stops, is rebuilt and resumed, and others come to buy what is left.
"""

import os
import random
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from edge.rush import running
from edge.rush.visitors import Errand
from shop.models import Product
from tests.chaos import components, sale, wiping

SLUG = "muskie-casting-rod"
MOMENTS = ("selling", "arming", "closing")


@dataclass(slots=True)
class Outcome:
    """A line of the table."""

    component: str
    at: str  # one of MOMENTS
    killed_after: float  # seconds from its beginning
    requests: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    oversold: int = 0
    unanswered: int = 0
    # Of those accepted, where Redis was wiped: whose units others have, so that a person decides; and
    # those of which the shop says itself that they are lost.
    with_a_person: int = 0
    unknown: int = 0
    # From the kill until it served again; from the last acceptance until the last order was placed.
    recovery: float = 0.0
    settled: float = 0.0
    # What else is wrong, a sentence each.
    wrong: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.doubled or self.oversold or self.unanswered or self.wrong)


def play(component: str, *, at: str = "selling", seed: int, seconds: int, rate: int, units: int) -> Outcome:
    """A whole sale. The kill falls into its rush, or into the moment in which it is armed or closed."""
    # Arming and closing take a fraction of a second.
    latest = seconds - 0.3 if at == "selling" else 0.4
    moment = random.Random(f"{seed}/{component}").uniform(0.0, latest)
    outcome = Outcome(component, at, round(moment, 2))
    product = sale.find(SLUG)
    _close(product, outcome)
    sale.restock(product)
    with _killing(product, outcome, at == "arming"):
        sale.sell(product, units=units, limit=2)
    _come(product, outcome, counts=[rate] * seconds, fault=at == "selling")
    if component == components.WIPE and at == "selling":
        if not wiping.was_noticed(product):
            outcome.wrong.append("nobody noticed that the ledger was lost")
        _come(product, outcome, counts=[rate], fault=False)
    outcome.oversold = sale.count_oversold(product)
    outcome.wrong += sale.find_disagreements(product, "while it is open")
    with _killing(product, outcome, at == "closing"):
        _close(product, outcome)
    outcome.wrong += sale.find_disagreements(product, "after it closed")
    return outcome


@contextmanager
def _killing(product: Product, outcome: Outcome, is_now: bool) -> Iterator[None]:
    """Kill the component while what stands in here is done, and wait until it serves again."""
    with ThreadPoolExecutor(1) as one:
        killed = one.submit(_kill_and_wait, product, outcome) if is_now else None
        yield
        if killed is not None:
            outcome.recovery = killed.result()


def _close(product: Product, outcome: Outcome) -> None:
    if not sale.close(product):
        outcome.wrong.append(f"the sale was still closing after {sale.LONGEST:.0f} s")


def _come(product: Product, outcome: Outcome, *, counts: list[int], fault: bool) -> None:
    """Visitors come and buy, something is killed meanwhile or not, and then their orders are looked for."""
    tally = _rush(product, outcome, counts=counts, fault=fault)
    _count(product, outcome, tally)


def _rush(product: Product, outcome: Outcome, *, counts: list[int], fault: bool) -> Mapping[str, Any]:
    errand = Errand(
        edge_url=os.environ["EDGE_URL"],
        page=product.get_absolute_url(),
        run=uuid.uuid4().hex[:8],
        skus=sale.find_skus(product),
        counts=counts,
        timeout=10.0,
        look_after=0.2,
        # Nobody gives up: who was told to try again does, with the same key.
        attempts=int(sale.LONGEST / 0.5),
    )
    came = threading.Event()
    with ThreadPoolExecutor(1) as one:
        rush: Future[dict[str, Any]] = one.submit(
            running.send_visitors, errand, progress=lambda now: came.set() if now["asked"] else None
        )
        came.wait(sale.LONGEST)
        if fault:
            outcome.recovery = _kill_and_wait(product, outcome)
        return rush.result() | {"run": errand.run}


def _kill_and_wait(product: Product, outcome: Outcome) -> float:
    time.sleep(outcome.killed_after)
    is_wiped = outcome.component == components.WIPE
    serves = wiping.wipe(product) if is_wiped else components.kill(outcome.component)
    killed_at = time.monotonic()
    if not sale.soon(serves, sale.LONGEST):
        outcome.wrong.append(f"it did not serve again within {sale.LONGEST:.0f} s")
    return round(time.monotonic() - killed_at, 2)


def _count(product: Product, outcome: Outcome, tally: Mapping[str, Any]) -> None:
    outcome.requests += tally["asked"] + tally["retried"]
    outcome.accepted += len(tally["accepted"])
    outcome.unanswered += sum(tally["errors"].values())
    ids = tally["accepted"]
    if len(set(ids)) != len(ids):
        outcome.wrong.append("two visitors were given the same order")
    started = time.monotonic()
    sale.soon(lambda: _are_nowhere(outcome, ids) == 0, sale.LONGEST)
    outcome.settled = max(outcome.settled, round(time.monotonic() - started, 2))
    outcome.with_a_person += _are_with_a_person(outcome, ids)
    nowhere = _are_nowhere(outcome, ids)
    unknown = min(nowhere, wiping.count_missing(product)) if outcome.component == components.WIPE else 0
    outcome.unknown += unknown
    outcome.lost += nowhere - unknown
    outcome.doubled += sale.count_doubled(f"rush-{tally['run']}-%")


def _are_nowhere(outcome: Outcome, ids: list[str]) -> int:
    return len(ids) - sale.count_placed(ids) - _are_with_a_person(outcome, ids)


def _are_with_a_person(outcome: Outcome, ids: list[str]) -> int:
    # Whatever else is killed: nothing was sold to others.
    return wiping.count_with_a_person(ids) if outcome.component == components.WIPE else 0

"""Run a rush and find out what became of it: in PostgreSQL, in `web`'s own count, and in the equation."""

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from edge import audit
from edge.rush.visitors import Errand
from shop.models import Product

LAST_ORDER_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.1

_PLACED = "SELECT count(*) FROM orders_order WHERE id = ANY(%s::uuid[])"
_LAST_PLACED_AT = """
    SELECT coalesce(extract(epoch FROM max(placed_at)), 0) FROM orders_order WHERE id = ANY(%s::uuid[])
"""

Progress = Callable[[Mapping[str, Any]], None]


class CannotRush(Exception):
    """There was no rush, or it broke off. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Report:
    product: str
    visitors: int
    asked: int
    accepted: int
    refused: Mapping[str, int]
    errors: Mapping[str, int]
    retried: int
    status_seen: int
    page_ms: Mapping[str, float]  # p50, p99, from the moment a visitor came
    answer_ms: Mapping[str, float]
    # From the last acceptance until the last order was placed, by PostgreSQL's clock.
    last_order_seconds: float
    lost: int
    web_requests: int | None  # None: `web` could not be asked
    balanced: bool
    rows: Sequence[audit.Row]

    def failures(self) -> list[str]:
        """What went wrong, a sentence each."""
        found = []
        if self.lost:
            found.append(f"{self.lost} accepted order(s) are not in PostgreSQL.")
        if self.errors:
            found.append(f"{sum(self.errors.values())} visitor(s) got no answer.")
        if self.web_requests:
            found.append(f"web saw {self.web_requests} request(s) of sale visitors: it must see none.")
        if self.web_requests is None:
            found.append(f"web's counters could not be read at {settings.WEB_URL}/metrics.")
        if not self.balanced:
            found.append("The equation does not balance: see audit_stock.")
        return found


def run(product: Product, counts: Sequence[int], *, progress: Progress) -> Report:
    before = web_requests()
    tally = send_visitors(_errand(product, counts), progress=progress)
    lost = _wait_for_orders(tally["accepted"])
    seconds = _ask(_LAST_PLACED_AT, tally["accepted"]) - tally.pop("last_accepted_at")
    after = web_requests()
    rows = audit.audit(product.slug)
    return Report(
        product=product.slug,
        **tally | {"accepted": len(tally["accepted"])},
        last_order_seconds=max(0.0, round(seconds, 2)),
        lost=lost,
        web_requests=None if before is None or after is None else after - before,
        balanced=audit.is_balanced(rows),
        rows=rows,
    )


def _errand(product: Product, counts: Sequence[int]) -> Errand:
    return Errand(
        edge_url=settings.EDGE_URL,
        page=product.get_absolute_url(),
        run=uuid.uuid4().hex[:8],
        skus=list(product.skus.values_list("code", flat=True)),
        counts=counts,
    )


def send_visitors(errand: Errand, *, progress: Progress) -> dict[str, Any]:
    """The visitors' tally, from a process of their own."""
    command = [sys.executable, "-m", "edge.rush.visitors"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(asdict(errand)))
        process.stdin.close()
        for line in process.stdout:
            message: dict[str, dict[str, Any]] = json.loads(line)
            if "result" in message:
                return message["result"]
            progress(message["progress"])
    raise CannotRush(f"The visitors broke off (exit status {process.returncode}): see their message above.")


def _wait_for_orders(accepted: Sequence[str]) -> int:
    """Wait until all of these are orders. Returns how many are not after a minute."""
    deadline = time.monotonic() + LAST_ORDER_SECONDS
    while (missing := len(accepted) - int(_ask(_PLACED, accepted))) and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_SECONDS)
    return missing


def _ask(question: str, ids: Sequence[str]) -> float:
    with connection.cursor() as cursor:
        cursor.execute(question, [list(ids)])
        return float(cursor.fetchone()[0])


def web_requests() -> int | None:
    """How many requests `web` says it has had from rush visitors; None when it does not say."""
    try:
        with urllib.request.urlopen(f"{settings.WEB_URL}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return None
    counters = [line for line in lines if line.startswith("spillway_web_requests_total{")]
    return sum(int(float(line.rpartition(" ")[2])) for line in counters if 'visitor="rush"' in line)

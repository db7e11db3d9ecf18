"""The drain's pace as it runs: the database is asked, beside the drain, what it makes others wait.

What the drain waits for its own batch says little: a big batch takes long on an idle
database. And a clock in our process would measure our process, which shares a core and
the interpreter's lock with whatever else the worker does. So the database measures
itself: a session of its own goes to sleep, wakes, reads what a page of the shop reads,
and says how much later than it wanted it was done. It waits in the same queues as a
shopper's session, for processor, locks and pages, and for nothing else.

The pace is kept in Redis: the next turn begins where this one ended, and ops can see it.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, cast

import psycopg
import redis
from django.db import connection

from fastpath_lambda import keys
from orders import outage, pace
from orders.pace import Limits, Pace
from orders.turns import Turn

PACES = f"{keys.PREFIX}:drain:paces"
PAUSE_SECONDS = 0.5
# What was said longer ago than this was said by somebody who is gone.
FRESH_SECONDS = 10.0

# Twenty times asleep for 20 ms, then what a page with twelve products reads; the second-worst counts.
# One statement, so that nothing but the database is in it. `seen` is asked for, or it were not read.
FEEL = """
SELECT extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY ended - began - interval '20 ms'))
FROM (
    SELECT clock_timestamp() AS began, pg_sleep(0.02), (
        SELECT count(*) FROM (
            SELECT product.name, stock.available
            FROM shop_sku sku
            JOIN shop_product product ON product.id = sku.product_id
            JOIN shop_stock stock ON stock.sku_id = sku.id
            WHERE sku.id >= place.sku_id ORDER BY sku.id LIMIT 12
        ) AS listed
    ) AS seen, clock_timestamp() AS ended
    FROM (
        SELECT (random() * (SELECT max(id) FROM shop_sku))::bigint AS sku_id FROM generate_series(1, 20)
    ) AS place
    OFFSET 0
) AS felt
WHERE seen >= 0
"""


@dataclass(slots=True)
class Pacer:
    """What one drainer asks before each batch. By itself it keeps to one rate."""

    share: float  # orders a second that this drainer may write now
    drained: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """One drainer's pace, as ops sees it. Latencies are in seconds."""

    rate: float
    quiet: float
    felt: float
    share: float
    drained: float  # orders a second, really
    at: float  # unix time


@dataclass(frozen=True, slots=True)
class Together:
    """All drainers that are at work. Rates are orders a second, latencies seconds."""

    drainers: int
    allowed: float
    drained: float
    quiet: float
    felt: float


@contextmanager
def following(turn: Turn, *, limits: Limits) -> Iterator[Pacer]:
    """Yields a pacer whose share follows the database for as long as the turn takes."""
    probe, ending = Probe(), threading.Event()
    now = _last_pace(turn.store) or Pace(rate=limits.ceiling, quiet=probe.feel())
    pacer = Pacer(_share(turn, now))
    thread = threading.Thread(target=_follow, args=(turn, pacer, probe, now, limits, ending), daemon=True)
    thread.start()
    try:
        yield pacer
    finally:
        ending.set()
        thread.join()
        probe.close()


class Probe:
    """A session of its own with the database."""

    def __init__(self) -> None:
        self._session: psycopg.Connection[tuple[float]] | None = None

    def feel(self) -> float:
        """Seconds that the database makes a shopper's session wait; takes about half a second to say."""
        try:
            self._session = self._session or _open_session()
            row = self._session.execute(FEEL).fetchone()
        except outage.DatabaseAway:
            self.close()
            raise
        return max(0.0, float(row[0])) if row else 0.0

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _open_session() -> "psycopg.Connection[tuple[float]]":
    # Django's connections of a worker give way to the shoppers' (config/backends.py). This one shall
    # wait exactly as theirs do.
    django = connection.copy()
    session = django.get_new_connection(django.get_connection_params())
    session.autocommit = True
    return cast("psycopg.Connection[tuple[float]]", session)


def said(store: "redis.Redis") -> Sequence[Said]:
    """Of each drainer that is at work, the pace."""
    found = cast(dict[bytes, bytes], store.hgetall(PACES))
    paces = [Said(**json.loads(text)) for _, text in sorted(found.items())]
    return [each for each in paces if time.time() - each.at < FRESH_SECONDS]


def together(store: "redis.Redis") -> Together | None:
    """What ops is shown of the drain; None where nobody drains."""
    paces = said(store)
    if not paces:
        return None
    return Together(
        drainers=len(paces),
        allowed=sum(each.share for each in paces),
        drained=sum(each.drained for each in paces),
        quiet=min(each.quiet for each in paces),
        felt=max(each.felt for each in paces),
    )


def _follow(
    turn: Turn, pacer: Pacer, probe: Probe, now: Pace, limits: Limits, ending: threading.Event
) -> None:
    began = time.monotonic()
    while not ending.wait(PAUSE_SECONDS):
        # What either of them fails with the turn itself meets, and says so.
        with suppress(*outage.DatabaseAway, redis.RedisError):
            felt = probe.feel()
            drained, pacer.drained = pacer.drained, 0
            now = pace.follow(now, felt=felt, is_draining=drained > 0, limits=limits)
            pacer.share = _share(turn, now)
            seconds, began = time.monotonic() - began, time.monotonic()
            _say(turn, Said(now.rate, now.quiet, felt, pacer.share, drained / seconds, time.time()))


def _share(turn: Turn, now: Pace) -> float:
    return now.rate / turn.sharers()


def _say(turn: Turn, what: Said) -> None:
    turn.store.hset(PACES, turn.key, json.dumps(asdict(what)))


def _last_pace(store: "redis.Redis") -> Pace | None:
    found: Any = store.hvals(PACES)
    if not found:
        return None
    latest = max((Said(**json.loads(text)) for text in found), key=lambda each: each.at)
    return Pace(latest.rate, latest.quiet)

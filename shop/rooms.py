"""What viewers of products were last shown, read from their live rooms, and where the rooms stand.

While a sale is on, the ledger owns these values and the database does not know them.
Everywhere else the database is the truth, and no page waits for this store long.

The store is the ledger's, which answers nobody while the disk takes down an order, now and
then for a tenth of a second (decision 57). A page does not wait for that: it shows what this
process read a moment before, with the position of that moment, from which the socket goes on.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from fastpath_lambda import keys

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
# How long a page waits that could show what was read no longer ago than this.
HASTE_SECONDS = 0.005
KEPT_SECONDS = 10.0
MOST_KEPT = 5000
# A store that did not answer is not asked by the next pages: each of them would wait as long.
LEFT_ALONE_SECONDS = 2.0

_client = redis.Redis.from_url(
    settings.REDIS_URL,
    socket_timeout=PATIENCE_SECONDS,
    socket_connect_timeout=PATIENCE_SECONDS,
    # Once more and at once: a store that was started anew has closed the connections kept for it.
    retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
)
_asked_again_at = 0.0
# As many as a process has threads for pages. They start with the first page, after any fork.
_readers = ThreadPoolExecutor(4, thread_name_prefix="rooms")


@dataclass(frozen=True, slots=True)
class Room:
    """One product's room as it was read: nothing, where there is none or it cannot be read."""

    # SKU → its value (DESIGN section 10, "Socket").
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # {"epoch", "offset"}: what came later, a page that shows these values has to be told.
    position: Mapping[str, Any] | None = None


# Product → until when, and what was read.
_kept: dict[str, tuple[float, Room]] = {}


def name(product: str) -> str:
    return f"product:{product}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Rooms that are being read, while whoever asked does something else."""

    slugs: list[str]
    # None where the store is left alone.
    reading: Future[dict[str, Room]] | None
    asked_at: float

    def get(self) -> dict[str, Room]:
        if self.reading is None:
            return dict.fromkeys(self.slugs, Room())
        kept = _get_kept(self.slugs)
        left = max(0.0, self.asked_at + HASTE_SECONDS - time.monotonic())
        try:
            return self.reading.result(left if kept else None)
        except TimeoutError:
            return kept


def ask(products: Iterable[str]) -> Asked:
    """Begin to read the rooms of these products, in one round trip however many there are."""
    slugs, now = list(products), time.monotonic()
    if not slugs or now < _asked_again_at:
        return Asked(slugs, None, now)
    return Asked(slugs, _readers.submit(_read_and_keep, slugs), now)


def get_rooms(products: Iterable[str]) -> dict[str, Room]:
    return ask(products).get()


def forget() -> None:
    _kept.clear()


def _read_and_keep(slugs: list[str]) -> dict[str, Room]:
    global _asked_again_at
    try:
        found = dict(zip(slugs, _read(slugs), strict=True))
    except (redis.RedisError, ValueError):
        _asked_again_at = time.monotonic() + LEFT_ALONE_SECONDS
        logger.warning("Products' rooms could not be read; pages show the database's values.")
        return dict.fromkeys(slugs, Room())
    if len(_kept) > MOST_KEPT:
        _kept.clear()
    until = time.monotonic() + KEPT_SECONDS
    _kept.update((slug, (until, room)) for slug, room in found.items())
    return found


def _get_kept(slugs: list[str]) -> dict[str, Room]:
    """What was read of all of these a moment before; nothing where one of them was not."""
    now = time.monotonic()
    kept = [_kept.get(slug, (0.0, Room())) for slug in slugs]
    if any(until <= now for until, _ in kept):
        return {}
    return {slug: room for slug, (_, room) in zip(slugs, kept, strict=True)}


def _read(slugs: list[str]) -> Iterator[Room]:
    with _client.pipeline(transaction=False) as pipeline:
        for slug in slugs:
            # In this order: a value may be newer than the position, and is told again; never older.
            pipeline.hmget(keys.room_meta(name(slug)), ["epoch", "offset"])
            pipeline.hgetall(keys.room_state(name(slug)))
        answers = pipeline.execute()
    return map(_room, answers[::2], answers[1::2])


def _room(meta: list[bytes | None], state: Mapping[bytes, bytes]) -> Room:
    epoch, offset = meta
    position = {"epoch": epoch.decode(), "offset": int(offset)} if epoch and offset else None
    return Room({sku.decode(): json.loads(value) for sku, value in state.items()}, position)

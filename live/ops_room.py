"""The room `ops`: how the sales of tonight stand, once a second, for staff, while somebody looks.

The picture is of the ledger, the buffer and the sockets; the database is asked nothing, so
it moves on when the database or the workers do not. Of all processes in which somebody
looks, one draws it each second.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import redis
from django.conf import settings

from fastpath_lambda import keys, sqs
from live import ending, publish
from live.messages import OpsSale, OpsValue
from live.store import GONE_AFTER
from live.viewers import SOCKETS
from shop.rooms import PATIENCE_SECONDS

logger = logging.getLogger(__name__)

EVERY = 1.0
_TURN = f"{keys.PREFIX}:ops:turn"
# A little less than the pace, or every second turn would come too soon.
_TURN_MS = 900


class OpsRoom:
    """Draws while somebody here looks."""

    def __init__(self, *, is_watched: Callable[[], bool]) -> None:
        self._is_watched = is_watched
        self._drawing: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._drawing is None or self._drawing.done():
            self._drawing = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._drawing:
            await ending.end(self._drawing)

    async def _run(self) -> None:
        while self._is_watched():
            try:
                await asyncio.to_thread(draw)
            except (redis.RedisError, OSError) as error:
                logger.debug("The picture for ops cannot be drawn now: %s", error)
            except Exception:
                logger.exception("Drawing the picture for ops failed.")
            await asyncio.sleep(EVERY)


def draw() -> None:
    """Show how it stands, unless somebody else did within this second."""
    if _store().set(_TURN, 1, nx=True, px=_TURN_MS):
        publish.ops(look())


def look() -> OpsValue:
    sales = [_sale(slug) for slug in sorted({keys.product_of(sale.decode()) for sale in _members()})]
    buffer = _buffer()
    now = time.time()
    return OpsValue(
        at=datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        sales=[sale for sale in sales if sale],
        buffered=_depth(buffer),
        dead=_depth(buffer.dead_letters()),
        sockets=_sockets(),
        version=int(now * 1000),
    )


def _members() -> Any:
    # redis-py types its commands as both synchronous and not.
    return _store().smembers(keys.loaded_sales())


def _sale(slug: str) -> OpsSale | None:
    """How one sale stands in the ledger; None where it was retired just now."""
    store: Any = _store()
    state, generation_text = store.hmget(keys.sale(slug), ["state", "generation"])
    if state is None:
        return None
    generation = int(generation_text)
    intents, claims = keys.intents(slug, generation), keys.claims(slug, generation)
    with store.pipeline(transaction=False) as pipeline:
        pipeline.hgetall(keys.left(slug, generation))
        pipeline.hlen(claims)
        pipeline.zcard(intents)
        pipeline.zrange(intents, 0, 0)
        pipeline.time()
        held, accepted, waiting, first, (seconds, _) = pipeline.execute()
    return OpsSale(
        product=slug,
        state=state.decode(),
        left=sum(int(units) for name, units in held.items() if name.startswith(b"left:")),
        accepted=accepted,
        waiting=waiting,
        lag_seconds=_age(store.hget(claims, first[0]), seconds) if first else 0,
    )


def _sockets() -> int:
    """Of all processes, as they said it last."""
    store: Any = _store()
    (now, _), said = store.time(), store.hgetall(keys.room_viewers(SOCKETS))
    counts = [text.decode().split(":") for text in said.values()]
    return sum(int(count) for count, at in counts if now - int(at) <= GONE_AFTER)


def _age(claim: bytes | None, now: int) -> int:
    """Seconds since this claim was accepted, by the ledger's own clock."""
    return max(0, now - json.loads(claim)["accepted_ms"] // 1000) if claim else 0


def _depth(queue: sqs.Queue) -> int | None:
    try:
        return queue.depth()
    except (OSError, sqs.QueueError):
        return None


@cache
def _buffer() -> sqs.Queue:
    return sqs.Queue.from_environment(timeout=1.0)


@cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
    )

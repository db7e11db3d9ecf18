"""What a show's room held when its page was made: the page is right before its socket opens.

The page goes on from this position, so the socket tells it only what it missed. Without
the store the page shows what the database knows, and the socket tells it everything.
"""

import json
import logging
from typing import Any

import redis
from django.conf import settings
from msgspec import Raw, to_builtins

from fastpath_lambda import keys
from live import composing, rooms, snapshots
from live.messages import ProductValue
from live.mirror import Stored
from live.models import Show
from live.shows import values

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
_client = redis.Redis.from_url(
    settings.REDIS_URL,
    socket_timeout=PATIENCE_SECONDS,
    socket_connect_timeout=PATIENCE_SECONDS,
)


def snapshot(slug: str) -> dict[str, Any]:
    """The room's snapshot as the socket would send it; its position is None where nobody knows it."""
    room = rooms.show(slug)
    try:
        position, state = _look(slug)
    except redis.RedisError:
        logger.warning("A show's room could not be read; its page shows the database's values.")
        position, state = None, _from_the_shop(slug)
    return {"type": "snapshot", "room": room, "position": position, "state": state}


def _look(slug: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    own = _read_or_make(rooms.show(slug))
    if own is None:
        return None, _from_the_shop(slug)
    parts = {name: _read_or_make(name) for name in map(rooms.product, composing.products(own.state))}
    epochs = [(name, part.epoch if part else None) for name, part in parts.items()]
    state = {name: value for part in parts.values() if part for name, value in part.state.items()}
    state.update(own.state)
    position = {"epoch": composing.epoch(own.epoch, epochs), "offset": own.offset}
    return position, {name: json.loads(bytes(value)) for name, value in state.items()}


def _read_or_make(name: str) -> Stored | None:
    """The room, or None where there is none, or nobody but a sale's ledger can make it."""
    if found := _read(name):
        return found
    snapshots.make_now([rooms.parse(name)])
    return _read(name)


def _read(name: str) -> Stored | None:
    with _client.pipeline(transaction=True) as pipeline:
        pipeline.hmget(keys.room_meta(name), ["epoch", "offset", "partial"])
        pipeline.hgetall(keys.room_state(name))
        (epoch, offset, partial), state = pipeline.execute()
    if epoch is None or partial:
        return None
    held = {key.decode(): Raw(value) for key, value in state.items()}
    return Stored(epoch.decode(), int(offset), held)


def _from_the_shop(slug: str) -> dict[str, Any]:
    own = values.whole(slug)
    slugs = Show.objects.get(slug=slug).listed.values_list("product__slug", flat=True)
    found = [value for product in slugs for value in snapshots.product(product)]
    state = {value["sku"]: {name: value[name] for name in ProductValue.__struct_fields__} for value in found}
    return state | {name: to_builtins(value) for name, value in own.items()}

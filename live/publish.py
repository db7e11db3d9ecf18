"""The shop's side of the rooms: what everybody watching is told, after the commit.

Called by the outbox relay, for many changes at once: all go to Redis in one pipeline.
What is older than what a room shows is dropped there, so telling twice or late is
harmless. While a sale's ledger owns a product's room, only its scripts write it.
"""

import functools
import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import redis
from channels.layers import get_channel_layer
from django.conf import settings

from fastpath_lambda import keys
from live import messages, rooms

Thing = TypeVar("Thing")

LOG_LENGTH = 1000
# Whoever still has an order's page open after this reloads it to see more.
ORDER_KEPT_FOR = timedelta(days=30)
_PIPELINE = 1000

_PUBLISH = (Path(__file__).parent / "publish.lua").read_text()
_ORDER = (Path(__file__).parent / "order.lua").read_text()


def product(values: Iterable[Mapping[str, Any]]) -> None:
    """Show these values, payloads of `stock.changed`: {"product": slug, "sku", …, "version"}."""
    _write(values, "part")


def whole_product(values: Iterable[Mapping[str, Any]]) -> None:
    """As `product`, and the values are all SKUs of their products: rooms become whole with them."""
    _write(values, "whole")


def order(order_id: str, status: str, version: int) -> None:
    orders([messages.OrderValue(order_id, status, version)])


def orders(changes: Iterable[messages.OrderValue]) -> None:
    """Keep each order's newest status, and tell whoever watches it."""
    script = _store().register_script(_ORDER)
    layer = get_channel_layer()
    seconds = int(ORDER_KEPT_FOR.total_seconds())
    for batch in _batches(changes):
        with _store().pipeline(transaction=False) as pipeline:
            for value in batch:
                # group_send costs an event loop and a connection per call from synchronous code. This
                # is the PUBLISH it would send, in the step that decides whether there is news at all.
                message = layer.serialize({"type": "order.changed"} | msgspec.to_builtins(value))
                channel = _layer_channel(rooms.order_group(value.order_id))
                arguments = [value.version, value.status, seconds, channel, message]
                script([keys.order(value.order_id)], arguments, client=pipeline)
            pipeline.execute()


def _write(values: Iterable[Mapping[str, Any]], extent: str) -> None:
    script = _store().register_script(_PUBLISH)
    for batch in _batches(_newest_by_product(values).items()):
        with _store().pipeline(transaction=False) as pipeline:
            for slug, by_sku in batch:
                room = rooms.product(slug)
                written = [keys.room_meta(room), keys.room_state(room), keys.room_log(room)]
                arguments: list[Any] = [uuid.uuid4().hex[:12], LOG_LENGTH, extent]
                for value in by_sku.values():
                    arguments += [value.sku, value.version, bytes(messages.raw(value))]
                script([keys.sale(slug), *written], arguments, client=pipeline)
            pipeline.execute()


def _newest_by_product(
    payloads: Iterable[Mapping[str, Any]],
) -> dict[str, dict[str, messages.ProductValue]]:
    newest: dict[str, dict[str, messages.ProductValue]] = defaultdict(dict)
    for payload in payloads:
        value = msgspec.convert(payload, messages.ProductValue)
        by_sku = newest[payload["product"]]
        if value.sku not in by_sku or by_sku[value.sku].version < value.version:
            by_sku[value.sku] = value
    return newest


def _batches(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    waiting = iter(things)
    while batch := list(itertools.islice(waiting, _PIPELINE)):
        yield batch


def _layer_channel(group: str) -> str:
    # As channels_redis' pub/sub layer names it; a test holds the two together.
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    return f"{layer['CONFIG']['prefix']}__group__{group}"


@functools.cache
def _store() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)

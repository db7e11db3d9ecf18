"""The shop's side of the rooms: what everybody watching is told, after the commit.

Called by the outbox relay, for many changes at once: all go to Redis in one pipeline.
What is older than what a room shows is dropped there, so telling twice or late is
harmless. While a sale's ledger owns a product's room, only its scripts write it.
"""

import functools
import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
Value = messages.ProductValue | messages.ShowPart | messages.OpsValue
# Room → whose sale may own it, and name → value.
Changes = dict[str, tuple[str, dict[str, Value]]]

LOG_LENGTH = 1000
# Whoever still has an order's page open after this reloads it to see more.
ORDER_KEPT_FOR = timedelta(days=30)
_PIPELINE = 1000


@dataclass(frozen=True, slots=True)
class ShowChange:
    """One value of a show's own room, by its name there."""

    show: str  # slug
    name: str
    value: messages.ShowPart


_PUBLISH = (Path(__file__).parent / "publish.lua").read_text()
_ORDER = (Path(__file__).parent / "order.lua").read_text()


def product(values: Iterable[Mapping[str, Any]]) -> None:
    """Show these values, payloads of `stock.changed`: {"product": slug, "sku", …, "version"}."""
    _write_rooms(_newest_by_product(values), "part")


def whole_product(values: Iterable[Mapping[str, Any]]) -> None:
    """As `product`, and the values are all SKUs of their products: rooms become whole with them."""
    _write_rooms(_newest_by_product(values), "whole")


def show(changes: Iterable[ShowChange]) -> None:
    """Show these values of shows' own rooms; their products' values stand in the products'."""
    _write_rooms(_newest_by_show(changes), "part")


def whole_show(slug: str, values: Mapping[str, Value]) -> None:
    """As `show`, and these are all values of this one: its room becomes whole with them."""
    room = rooms.show(slug)
    _write_rooms({room: (room, dict(values))}, "whole")


def ops(value: messages.OpsValue) -> None:
    """Show how the sales stand, whole."""
    room = rooms.Room(rooms.Kind.OPS).name
    _write_rooms({room: (room, {"now": value})}, "whole")


def order(order_id: str, status: str, version: int) -> None:
    orders([messages.OrderValue(order_id, status, version)])


def orders(changes: Iterable[messages.OrderValue]) -> None:
    """Keep each order's newest status, and tell whoever watches it."""
    script = _store().register_script(_ORDER)
    layer = get_channel_layer()
    seconds = int(ORDER_KEPT_FOR.total_seconds())
    for batch in _batches(_newest_by_order(changes)):
        with _store().pipeline(transaction=False) as pipeline:
            for value in batch:
                # group_send costs an event loop and a connection per call from synchronous code. This
                # is the PUBLISH it would send, in the step that decides whether there is news at all.
                message = layer.serialize({"type": "order.changed"} | msgspec.to_builtins(value))
                channel = _layer_channel(rooms.order_group(value.order_id))
                arguments = [value.version, value.status, seconds, channel, message]
                script([keys.order(value.order_id)], arguments, client=pipeline)
            pipeline.execute()


def _write_rooms(changes: Changes, extent: str) -> None:
    script = _store().register_script(_PUBLISH)
    for batch in _batches(changes.items()):
        with _store().pipeline(transaction=False) as pipeline:
            for room, (owner, values) in batch:
                written = [keys.room_meta(room), keys.room_state(room), keys.room_log(room)]
                arguments: list[Any] = [uuid.uuid4().hex[:12], LOG_LENGTH, extent]
                for name, value in values.items():
                    arguments += [name, value.version, bytes(messages.raw(value))]
                script([keys.sale(owner), *written], arguments, client=pipeline)
            pipeline.execute()


def _newest_by_product(payloads: Iterable[Mapping[str, Any]]) -> Changes:
    newest: Changes = {}
    for payload in payloads:
        value = msgspec.convert(payload, messages.ProductValue)
        slug = payload["product"]
        _, by_sku = newest.setdefault(rooms.product(slug), (slug, {}))
        _keep_newest(by_sku, value.sku, value)
    return newest


def _newest_by_show(changes: Iterable[ShowChange]) -> Changes:
    newest: Changes = {}
    for change in changes:
        room = rooms.show(change.show)
        # No ledger ever owns a show's room: there is no sale of this name.
        _, by_name = newest.setdefault(room, (room, {}))
        _keep_newest(by_name, change.name, change.value)
    return newest


def _newest_by_order(changes: Iterable[messages.OrderValue]) -> Iterable[messages.OrderValue]:
    """Paid and confirmed are told together, as a rule: whoever watches sees where the order stands."""
    newest: dict[str, messages.OrderValue] = {}
    for value in changes:
        known = newest.setdefault(value.order_id, value)
        if known.version < value.version:
            newest[value.order_id] = value
    return newest.values()


def _keep_newest(values: dict[str, Value], name: str, value: Value) -> None:
    if name not in values or values[name].version < value.version:
        values[name] = value


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

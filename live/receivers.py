"""The rooms as receivers of the outbox: what of its events somebody may be watching."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from live import messages, publish
from live.shows import values
from shop import events
from shop.outbox import Event

logger = logging.getLogger(__name__)


def deliver(happened: Sequence[Event]) -> None:
    """Tell the rooms, all events at once. Raises redis.RedisError when that has to be tried again."""
    publish.product(_readable(happened, events.STOCK, _check_stock))
    publish.show(_readable(happened, events.SHOW, values.read_change))
    publish.orders(_readable(happened, events.ORDER, _order))


def _check_stock(payload: dict[str, Any]) -> dict[str, Any]:
    msgspec.convert(payload, messages.ProductValue)
    str(payload["product"])
    return payload


def _order(payload: dict[str, Any]) -> messages.OrderValue:
    return msgspec.convert(payload, messages.OrderValue)


def _readable(happened: Sequence[Event], topic: str, read: Callable[[Any], Any]) -> list[Any]:
    """What events of this topic say. One that cannot be read never will be, so it holds nobody up."""
    found = []
    for event in happened:
        if event.topic != topic:
            continue
        try:
            found.append(read(event.payload))
        except (msgspec.ValidationError, KeyError, TypeError):
            logger.exception("An outbox event cannot be read, and nobody is told of it: %s.", event)
    return found

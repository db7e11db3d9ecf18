"""The orders that one connection follows: the few, over the channel layer.

Each order has a handful of watchers at most, so nothing is kept of it here; a status is
a hash in the store, and its changes come through the layer's group. The layer does not
tell when it lost messages, so the hash is looked at again from time to time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec
import redis
from channels.layers import get_channel_layer

from live import ending, messages, rooms
from live.messages import OrderValue, Position
from live.store import RoomStore

logger = logging.getLogger(__name__)

EPOCH = "order"
LOOK_AGAIN_AFTER = 15.0


class FollowedOrders:
    def __init__(self, store: RoomStore, say: Callable[[messages.FromServer], Awaitable[None]]) -> None:
        self._store = store
        self._say = say
        self._layer = get_channel_layer()
        self._channel = ""
        self._listener: asyncio.Task[None] | None = None
        self._shown: dict[str, int] = {}  # order id → version
        # Held while an answer is made: what arrives meanwhile waits for it, and is told after.
        self._telling = asyncio.Lock()

    async def follow(self, order_id: str, position: Position | None) -> None:
        if self._listener is None:
            self._channel = await self._layer.new_channel()
            self._listener = asyncio.create_task(self._listen())
        async with self._telling:
            await self._layer.group_add(rooms.order_group(order_id), self._channel)
            value = await self._store.order(order_id)
            await self._say(_answer(value, position))
            self._shown[order_id] = value.version

    async def leave(self, order_id: str) -> None:
        if self._shown.pop(order_id, None) is not None:
            await self._layer.group_discard(rooms.order_group(order_id), self._channel)

    async def close(self) -> None:
        if self._listener is None:
            return
        try:
            for order_id in list(self._shown):
                await self.leave(order_id)
        except (redis.RedisError, OSError) as error:
            logger.warning("An order's group cannot be left, the store is away: %s", error)
        await ending.end(self._listener)

    async def _listen(self) -> None:
        while True:
            # Not wait_for: the layer takes a cancelled receive for the end of the connection.
            message = asyncio.ensure_future(self._layer.receive(self._channel))
            try:
                while not (await asyncio.wait({message}, timeout=LOOK_AGAIN_AFTER))[0]:
                    await self._look_again()
                await self._tell(msgspec.convert(message.result(), OrderValue))
            finally:
                message.cancel()

    async def _look_again(self) -> None:
        for order_id in list(self._shown):
            try:
                await self._tell(await self._store.order(order_id))
            except (redis.RedisError, OSError) as error:
                logger.warning("An order's status cannot be read, looking again later: %s", error)

    async def _tell(self, value: OrderValue) -> None:
        async with self._telling:
            if value.version > self._shown.get(value.order_id, value.version):
                self._shown[value.order_id] = value.version
                changes = {"order": messages.raw(value)}
                await self._say(messages.Update(rooms.order(value.order_id), _position(value), changes))


def _answer(value: OrderValue, position: Position | None) -> messages.FromServer:
    room = rooms.order(value.order_id)
    state = {"order": messages.raw(value)}
    if position is None or position.epoch != EPOCH or position.offset > value.version:
        return messages.Snapshot(room, _position(value), state)
    missed = state if position.offset < value.version else {}
    return messages.Update(room, _position(value), missed, recovered=True)


def _position(value: OrderValue) -> Position:
    return Position(EPOCH, value.version)

"""Reads rooms out of Redis, over one connection that waits and a few that ask.

The one that waits can be woken from another, because a blocked XREAD takes no new
rooms: see `interrupt`. Whatever is wrong with a link shows within two seconds, one that
went silent as well: a wait is never longer than half of one, and no answer for a little
more than one is an error.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import redis.asyncio as redis
from msgspec import Raw
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fastpath_lambda import keys
from live import ending, messages
from live.mirror import Changes, Stored

Entries = list[tuple[int, Changes]]

_WAIT_MS = 500
_LINK_TIMEOUT = 1.2
_ASKING_CONNECTIONS = 8
_ENTRIES_AT_ONCE = 1000

_VIEWERS = (Path(__file__).parent / "viewers.lua").read_text()
# A process says how many it has every second: one that was silent for so long is gone.
GONE_AFTER = 5

_changes_decoder = msgspec.json.Decoder(dict[str, Raw])


class RoomStore:
    def __init__(self, url: str) -> None:
        self._url = url
        self._asking = self._make_asking()
        self._retiring: set[asyncio.Task[None]] = set()
        self._process = uuid.uuid4().hex[:12]
        self._waiting: redis.Redis | None = None
        self._waiting_id = 0

    async def connect(self) -> None:
        """Open the waiting connection anew. Raises redis.RedisError while there is no store."""
        if self._waiting is not None:
            await self._disconnect()
            # Those that lie ready to ask are as dead as this one was, and each would be found out alone.
            self._asking, lost = self._make_asking(), self._asking
            retiring = asyncio.create_task(self._retire(lost))
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)
        self._waiting = redis.Redis.from_url(self._url, single_connection_client=True, **self._link())
        self._waiting_id = await self._waiting.client_id()

    async def wait(self, read_to: Mapping[str, int]) -> dict[str, Entries]:
        """The entries after these offsets, as soon as there are any; none at all after half a second."""
        assert self._waiting is not None, "connect() first"
        rooms = {keys.room_log(name).encode(): name for name in read_to}
        after: dict[Any, Any] = {key: f"{read_to[name]}-0" for key, name in rooms.items()}
        answer = await self._waiting.xread(after, count=_ENTRIES_AT_ONCE, block=_WAIT_MS)
        return {rooms[key]: _entries(found) for key, found in answer}

    async def interrupt(self) -> bool:
        """End `wait` now. False where it was not waiting (yet)."""
        return bool(await self._asking.client_unblock(self._waiting_id))

    async def read(self, name: str, *, log: bool = True) -> Stored | None:
        """The room at one instant, or None where it is not in the store, or not whole."""
        async with self._asking.pipeline(transaction=True) as pipeline:
            pipeline.hmget(keys.room_meta(name), ["epoch", "offset", "partial"])
            pipeline.hgetall(keys.room_state(name))
            if log:
                pipeline.xrange(keys.room_log(name))
            (epoch, offset, partial), state, *logs = await pipeline.execute()
        if epoch is None or partial:
            return None
        values = {key.decode(): Raw(value) for key, value in state.items()}
        return Stored(epoch.decode(), int(offset), values, _entries(logs[0]) if logs else ())

    async def positions(self, names: Iterable[str]) -> list[tuple[str, int] | None]:
        """Each room's (epoch, offset), or None where it is not in the store."""
        async with self._asking.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.hmget(keys.room_meta(name), ["epoch", "offset"])
            found = await pipeline.execute()
        return [(epoch.decode(), int(offset)) if epoch is not None else None for epoch, offset in found]

    async def order(self, order_id: str) -> messages.OrderValue:
        """How far an order got. One that the shop has not told of yet is accepted, and no more."""
        # redis-py types its commands as both synchronous and not.
        found: Any = self._asking.hmget(keys.order(order_id), ["status", "version"])
        status, version = await found
        if status is None:
            return messages.OrderValue(order_id, "accepted", 0)
        return messages.OrderValue(order_id, status.decode(), int(version))

    async def viewers(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Say how many this process has of each room; how many there are in all."""
        if not counts:
            return {}
        script = self._asking.register_script(_VIEWERS)
        async with self._asking.pipeline(transaction=False) as pipeline:
            for name, count in counts.items():
                arguments: list[str | int] = [self._process, count, GONE_AFTER]
                await script([keys.room_viewers(name)], arguments, client=pipeline)
            return dict(zip(counts, await pipeline.execute(), strict=True))

    async def ping(self) -> None:
        answer: Any = self._asking.ping()
        await answer

    async def close(self) -> None:
        await ending.end(*self._retiring)
        await self._disconnect()
        await self._asking.aclose(close_connection_pool=True)

    async def _disconnect(self) -> None:
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            await waiting.aclose(close_connection_pool=True)

    @staticmethod
    async def _retire(asking: redis.Redis) -> None:
        try:
            # Who still asks there has an answer by then, or none: a connection closed under it breaks it.
            await asyncio.sleep(2 * _LINK_TIMEOUT)
        finally:
            await asking.aclose(close_connection_pool=True)

    def _make_asking(self) -> redis.Redis:
        return redis.Redis.from_pool(
            redis.BlockingConnectionPool.from_url(
                self._url, max_connections=_ASKING_CONNECTIONS, timeout=_LINK_TIMEOUT, **self._link()
            )
        )

    @staticmethod
    def _link() -> dict[str, Any]:
        # No retries here: who asks decides what a lost link means. RESP2, whose shapes are read above.
        return {
            "socket_timeout": _LINK_TIMEOUT,
            "socket_connect_timeout": _LINK_TIMEOUT,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
        }


def _entries(found: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> Entries:
    return [
        (int(entry_id.partition(b"-")[0]), _changes_decoder.decode(fields[b"changes"]))
        for entry_id, fields in found
    ]

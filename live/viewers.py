"""How many connections watch a room, over all processes: counts, never lists.

Every process says once a second how many it has, where that has changed, and is told
how many there are in all; who asked for the count hears of it when it is another one.
A process that was killed is forgotten after a while. One page open in two tabs may
be two connections, or one: it is not people that are counted.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

import redis

from live import messages
from live.frames import Frame
from live.store import RoomStore

logger = logging.getLogger(__name__)

EVERY = 1.0
SAID_AGAIN_AFTER = 5.0
# Telling a count to all must stay a small part of what telling them the stock costs.
TOLD_A_SECOND = 2_000


class Listener(Protocol):
    def tell(self, frame: Frame) -> bool:
        """Send it if there is room for it now; False where there is not."""


class Viewers:
    def __init__(self, store: RoomStore, *, watching: Callable[[], Mapping[str, int]]) -> None:
        """`watching` says how many connections of this process watch each room."""
        self._store = store
        self._watching = watching
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._said: dict[str, tuple[int, float]] = {}  # room → count, and when
        self._told: dict[str, tuple[int, float]] = {}
        self._counting: asyncio.Task[None] | None = None

    def listen(self, listener: Listener, name: str) -> None:
        self._listeners.setdefault(name, {})[listener] = None
        self.start()

    def leave(self, listener: Listener, name: str) -> None:
        if listeners := self._listeners.get(name):
            listeners.pop(listener, None)
            if not listeners:
                del self._listeners[name]
                self._told.pop(name, None)

    def start(self) -> None:
        if self._counting is None:
            self._counting = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._counting:
            self._counting.cancel()
            await asyncio.gather(self._counting, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.count()
            except (redis.RedisError, OSError) as error:
                logger.debug("Viewers cannot be counted now: %s", error)
            except Exception:
                logger.exception("Counting viewers failed.")

    async def count(self) -> None:
        """Say what changed here, and tell who listens what changed in all."""
        now = asyncio.get_running_loop().time()
        ours = self._watching()
        left = {name: 0 for name in self._said if name not in ours}
        due = {name: count for name, count in ours.items() if self._is_due(name, count, now)} | left
        for name, total in (await self._store.viewers(due)).items():
            self._said[name] = (due[name], now)
            self._tell(name, total, now)
        for name in left:
            self._said.pop(name, None)

    def _is_due(self, name: str, count: int, now: float) -> bool:
        said, at = self._said.get(name, (-1, 0.0))
        return name in self._listeners or count != said or now - at >= SAID_AGAIN_AFTER

    def _tell(self, name: str, total: int, now: float) -> None:
        listeners = self._listeners.get(name, {})
        told, at = self._told.get(name, (-1, 0.0))
        if total == told or now - at < len(listeners) / TOLD_A_SECOND:
            return
        frame = Frame(messages.Viewers(name, total))
        # Who has no room for it now hears of it with everybody else, the next time.
        heard = [listener.tell(frame) for listener in listeners]
        self._told[name] = (total if all(heard) else -1, now)

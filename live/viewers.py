"""How many look at a room, over all processes: counts, never lists.

Counted is who asks for the count: the page that is about this room, while somebody looks
at it. Who has the room for a card in a list, or in a tab that is hidden, is not looking.

Every process says once a second how many it has and is told how many there are in all;
those counted hear of it when it is another one. A process that was killed is forgotten
after a while. All tabs of a browser are one connection, and count once.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import redis

from live import ending, messages
from live.frames import Frame
from live.store import RoomStore

logger = logging.getLogger(__name__)

EVERY = 1.0
# Counted like a room's viewers, under a name that no room has: all connections, whatever they watch.
SOCKETS = "sockets"
# Telling a count to all must stay a small part of what telling them the stock costs.
TOLD_A_SECOND = 2_000


class Listener(Protocol):
    def tell(self, frame: Frame) -> bool:
        """Send it if there is room for it now; False where there is not."""


class Viewers:
    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._sockets: Callable[[], int] = int
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._said: set[str] = set()  # rooms of which the store has a count of ours
        self._told: dict[str, tuple[int, float]] = {}  # room → count, and when
        self._counting: asyncio.Task[None] | None = None

    def count_sockets(self, sockets: Callable[[], int]) -> None:
        """Have how many there are in this process counted too, from now on."""
        self._sockets = sockets
        self._start()

    def listen(self, listener: Listener, name: str) -> None:
        """Count this one, and tell it how many there are."""
        self._listeners.setdefault(name, {})[listener] = None
        if name in self._told:
            # It wants to hear of it, though one may have left meanwhile and the count be the same.
            self._told[name] = (-1, self._told[name][1])
        self._start()

    def _start(self) -> None:
        if self._counting is None:
            self._counting = asyncio.create_task(self._run())

    def leave(self, listener: Listener, name: str) -> None:
        if listeners := self._listeners.get(name):
            listeners.pop(listener, None)
            if not listeners:
                del self._listeners[name]
                self._told.pop(name, None)

    async def close(self) -> None:
        if self._counting:
            await ending.end(self._counting)

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
        ours = {name: len(listeners) for name, listeners in self._listeners.items()}
        if sockets := self._sockets():
            ours[SOCKETS] = sockets
        left = {name: 0 for name in self._said if name not in ours}
        for name, total in (await self._store.viewers(ours | left)).items():
            self._said.add(name)
            self._tell(name, total, now)
        self._said -= left.keys()

    def _tell(self, name: str, total: int, now: float) -> None:
        listeners = self._listeners.get(name, {})
        told, at = self._told.get(name, (-1, 0.0))
        if total == told or now - at < len(listeners) / TOLD_A_SECOND:
            return
        frame = Frame(messages.Viewers(name, total))
        # Who has no room for it now hears of it with everybody else, the next time.
        heard = [listener.tell(frame) for listener in listeners]
        self._told[name] = (total if all(heard) else -1, now)

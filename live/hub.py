"""The hub: one per process, between the rooms' logs and everybody here who watches them.

One blocking read follows the logs of all rooms that somebody local watches. What it
brings is coalesced, encoded once, and offered to each watcher; a watcher that is slow
gets the latest state when it has room for it (outlet.py). A room is read from the
store once, however many come for it, and the log from that position on: nothing can
fall between. Losing the store, or finding it with another epoch, ends in a snapshot.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial

import redis

from live import ending, rooms
from live.messages import Position
from live.mirror import Gap, Mirror, Stored
from live.ops_room import OpsRoom
from live.show_rooms import ShowRooms
from live.store import Entries, RoomStore
from live.viewers import Viewers
from live.watching import MirrorWatcher, Telling, Unavailable, UnknownRoom, Watcher

logger = logging.getLogger(__name__)

CHECK_EVERY = 1.0
# What is not there is looked for again after this, however often it is asked for.
UNKNOWN_FOR, _MOST_UNKNOWN = 3.0, 10_000
_FIRST_RETRY, _LAST_RETRY = 0.1, 2.0


class Hub:
    def __init__(self, store: RoomStore, *, make: Callable[[rooms.Room], Awaitable[bool]]) -> None:
        """`make` puts a room that the store lacks there; False where there is no such thing."""
        self.store = store
        self._make = make
        self._watches: dict[str, Telling[Mirror]] = {}
        self._loads: dict[str, asyncio.Task[Stored]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._interrupts: set[asyncio.Task[None]] = set()
        # Rises when a room joins the watched; `_asked` is what the read under way knows of.
        self._wanted = self._asked = 0
        self._is_waiting = False
        self._somebody = asyncio.Event()
        self._checked_at = 0.0
        self._unknown: dict[str, float] = {}  # name → until when
        self.viewers = Viewers(store)
        self._shows = ShowRooms(self)
        self.ops = OpsRoom(is_watched=lambda: rooms.Kind.OPS in self._watches)

    async def subscribe(self, watcher: Watcher, room: rooms.Room, position: Position | None = None) -> None:
        """Answer with what `position` misses, then offer every update. Raises UnknownRoom, Unavailable."""
        if room.kind is rooms.Kind.SHOW:
            await self._shows.subscribe(watcher, room, position)
        else:
            await self.join(watcher, room, position)

    async def join(self, watcher: MirrorWatcher, room: rooms.Room, position: Position | None = None) -> None:
        """As `subscribe`, but of a show only what its own log has."""
        if room.name not in self._watches:
            stored = await self._load_once(room)
            # Once more: the reader may have found nobody there yet, and forgotten it. From here on
            # nothing awaits: no update falls between the answer and the first one offered.
            self._watch(room.name, stored)
        telling = self._watches[room.name]
        telling.join(watcher, telling.room.answer(position))

    def unsubscribe(self, watcher: Watcher, name: str) -> None:
        self._shows.unsubscribe(watcher, name)
        self.leave(watcher, name)

    def leave(self, watcher: MirrorWatcher, name: str) -> None:
        # The reader forgets a room that nobody watches any more, when it next looks.
        if telling := self._watches.get(name):
            telling.leave(watcher)

    async def close(self) -> None:
        await ending.end(*self._interrupts, *self._loads.values(), *filter(None, [self._reader]))
        await asyncio.gather(self.viewers.close(), self._shows.close(), self.ops.close())
        for telling in self._watches.values():
            telling.close()
        self._watches.clear()
        await self.store.close()

    # Rooms come and go.

    async def _load_once(self, room: rooms.Room) -> Stored:
        load = self._loads.get(room.name)
        if load is None:
            load = self._loads[room.name] = asyncio.create_task(self._load_and_watch(room))
            load.add_done_callback(lambda _: self._loads.pop(room.name))
        try:
            # One who leaves while it loads does not take the room from the others.
            return await asyncio.shield(load)
        except (redis.RedisError, OSError) as error:
            raise Unavailable("The live store does not answer. Ask again soon.") from error

    async def _load_and_watch(self, room: rooms.Room) -> Stored:
        stored = await self._load(room)
        # Not where it is waited for: who came in between would find neither, and read it again.
        self._watch(room.name, stored)
        return stored

    async def _load(self, room: rooms.Room, *, log: bool = True) -> Stored:
        if stored := await self.store.read(room.name, log=log):
            return stored
        # Each of these is asked of the database, and never at a flood's rate.
        now = asyncio.get_running_loop().time()
        if self._unknown.get(room.name, 0.0) <= now and not await self._make(room):
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[room.name] = now + UNKNOWN_FOR
        if self._unknown.get(room.name, 0.0) > now:
            raise UnknownRoom(f"There is no {room.name}.")
        if stored := await self.store.read(room.name, log=log):
            return stored
        raise Unavailable(f"{room.name} is being set up. Ask again soon.")

    def _watch(self, name: str, stored: Stored) -> None:
        if name in self._watches:
            return
        self._watches[name] = Telling(Mirror(name, stored))
        self._wanted += 1
        self._somebody.set()
        if self._reader is None:
            self._reader = asyncio.create_task(self._run())
        elif self._is_waiting:
            interrupt = asyncio.create_task(self._interrupt(self._wanted))
            # A task that nobody holds may be collected before it ran.
            self._interrupts.add(interrupt)
            interrupt.add_done_callback(self._interrupts.discard)

    async def _interrupt(self, wanted: int) -> None:
        # The read may not have reached the store yet: then there is nothing to end, and we ask again.
        while self._is_waiting and self._asked < wanted:
            try:
                if not await self.store.interrupt():
                    await asyncio.sleep(0.002)
            except (redis.RedisError, OSError):
                return  # The reader has lost its link too, and starts again with all rooms.

    def _forget_unwatched(self) -> None:
        self._shows.forget_unwatched()
        for name in [name for name, telling in self._watches.items() if not telling.watchers]:
            self._watches.pop(name).close()

    # The one reader.

    async def _run(self) -> None:
        delay = _FIRST_RETRY
        while True:
            try:
                await self.store.connect()
                await self._check()
                delay = _FIRST_RETRY
                while True:
                    await self._read_once()
            except (redis.RedisError, OSError) as error:
                logger.warning("The live store is lost, trying again in %.1f s: %s", delay, error)
            except Exception:
                logger.exception("Following the rooms failed, starting again.")
            # Jitter: all processes lost the same store at the same moment.
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, _LAST_RETRY)

    async def _read_once(self) -> None:
        self._forget_unwatched()
        if not self._watches:
            self._somebody.clear()
            await self._somebody.wait()
        self._asked, self._is_waiting = self._wanted, True
        try:
            found = await self.store.wait(
                {name: telling.room.read_to for name, telling in self._watches.items()}
            )
        finally:
            self._is_waiting = False
        for name, entries in found.items():
            await self._take(name, entries)
        # After the read: what the check saw ahead of us last time would have come with it.
        if asyncio.get_running_loop().time() - self._checked_at > CHECK_EVERY:
            await self._check()

    async def _take(self, name: str, entries: Entries) -> None:
        telling = self._watches[name]
        try:
            for offset, changes in entries:
                telling.room.take(offset, changes)
        except Gap:
            await self._refresh(name)
        self._schedule(telling)

    async def _check(self) -> None:
        """Hold every room against the store: a log alone does not tell that it was lost and begun anew."""
        names = list(self._watches)
        for name, position in zip(names, await self.store.positions(names), strict=True):
            if self._watches[name].room.is_cut_off(position):
                await self._refresh(name)
        self._checked_at = asyncio.get_running_loop().time()

    async def _refresh(self, name: str) -> None:
        telling = self._watches[name]
        try:
            stored = await self._load(rooms.parse(name), log=False)
        except (UnknownRoom, Unavailable) as error:
            logger.warning("A room that is being watched cannot be read: %s", error)
            return
        if telling.room.refresh(stored):
            self._schedule(telling)
        else:
            telling.tell_all()

    # Showing.

    def _schedule(self, telling: Telling[Mirror]) -> None:
        mirror, due = telling.room, telling.ready_at
        if not mirror.has_news:
            return
        if (is_urgent := mirror.is_urgent) or due <= asyncio.get_running_loop().time():
            telling.tell(mirror.show(), at_once=is_urgent)
        else:
            telling.wake(partial(self._schedule, telling), at=due)

"""The shows' rooms that somebody here watches: each put together once, however many come for it."""

import asyncio

from live import ending, rooms
from live.composing import Composition, Hub
from live.messages import Position
from live.watching import Watcher


class ShowRooms:
    """The shows' rooms that somebody here watches."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: dict[str, Composition] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}

    async def subscribe(self, watcher: Watcher, room: rooms.Room, position: Position | None) -> None:
        """As the hub's."""
        while room.name not in self._open:
            await self._open_once(room)
        # From here on nothing awaits: no update falls between the answer and the first one offered.
        composition = self._open[room.name]
        composition.telling.join(watcher, composition.answer(position))

    def unsubscribe(self, watcher: Watcher, name: str) -> None:
        if composition := self._open.get(name):
            composition.telling.leave(watcher)

    def forget_unwatched(self) -> None:
        for name in [name for name, composition in self._open.items() if not composition.telling.watchers]:
            self._open.pop(name).close()

    async def close(self) -> None:
        await ending.end(*self._opening.values())
        for composition in self._open.values():
            composition.close()

    async def _open_once(self, room: rooms.Room) -> None:
        opening = self._opening.get(room.name)
        if opening is None:
            opening = self._opening[room.name] = asyncio.create_task(self._open_now(room))
            opening.add_done_callback(lambda _: self._opening.pop(room.name))
        # One who leaves while it opens does not take the room from the others.
        await asyncio.shield(opening)

    async def _open_now(self, room: rooms.Room) -> None:
        composition = Composition(self._hub, room)
        await composition.open()
        self._open[room.name] = composition

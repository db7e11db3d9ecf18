"""Shows' rooms: the show's own log and the rooms of its products, told as one room.

A sale's ledger writes its product's room and no other, in a step that may run on another
node than where the show's log is. So nobody writes a show's room whole: each process puts
it together from what its hub holds anyway, and its watchers see one room with one position.

A position's offset is that of the show's own log. What was missed is what the log says
since then, and the present values of all SKUs: they are whole and have versions, so those
that were not missed do no harm. The epoch is made of the epochs of all parts, so a product
that joins the show, or whose room began anew, is a whole snapshot for everybody.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from live import messages, rooms
from live.frames import Frame
from live.messages import Position
from live.mirror import Mirror, changes_a_status
from live.watching import WINDOW, Telling, Unavailable, UnknownRoom

logger = logging.getLogger(__name__)

# A product's room that was not there, or could not be read, is looked for again.
LOOK_AGAIN_AFTER = 5.0
# A part's window and ours end together: a few milliseconds more are not waited for.
_NEARLY = 0.01


class _Listing(Struct):
    products: list[str] = []


_listing_decoder = msgspec.json.Decoder(_Listing)


def products(state: Mapping[str, Raw]) -> list[str]:
    """The slugs of the products that the show's own state lists."""
    return _listing_decoder.decode(state["show"]).products if "show" in state else []


def epoch(own: str, parts: Iterable[tuple[str, str | None]]) -> str:
    """Of a show's room: of its own log's epoch, and of each product's name and epoch (None: no room)."""
    named = "\n".join([own, *(f"{name}={epoch}" for name, epoch in sorted(parts))])
    return hashlib.blake2b(named.encode(), digest_size=6).hexdigest()


class Hub(Protocol):
    """What is wanted of the hub."""

    async def join(self, watcher: "Composition", room: rooms.Room) -> None: ...

    def leave(self, watcher: "Composition", name: str) -> None: ...


class Composition:
    """One show's room: watches its parts, and is to its own watchers what a mirror is."""

    write = None  # It wants to see what changed, not the frame.

    def __init__(self, hub: Hub, room: rooms.Room) -> None:
        self.name = room.name
        self.telling = Telling(self)
        self._hub = hub
        self._room = room
        self._mirrors: dict[str, Mirror] = {}
        self._state: dict[str, Raw] = {}
        self._epoch = ""
        self._offset = 0
        self._is_whole = self._is_closed = False
        self._snapshot: Frame | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises UnknownRoom, Unavailable."""
        try:
            await self._hub.join(self, self._room)
            await self._fetch()
        except BaseException:
            self.close()
            raise
        self._start_anew()

    def close(self) -> None:
        self._is_closed = True
        if self._fetching:
            self._fetching.cancel()
        self.telling.close()
        for name in list(self._mirrors):
            self._hub.leave(self, name)

    @property
    def parts(self) -> Iterable[str]:
        """The names of the rooms that this one watches, its own log among them."""
        return self._mirrors

    # To its watchers.

    def answer(self, position: Position | None) -> Frame:
        own = self._mirrors[self.name]
        if position is None or position.epoch != self._epoch:
            return self.snapshot()
        if not own.floor <= position.offset <= own.position.offset:
            return self.snapshot()
        names = {*self._state.keys() - own.state.keys(), *own.changed_since(position.offset)}
        missed = {name: value for name, value in self._state.items() if name in names}
        return Frame(messages.Update(self.name, self.position, missed, recovered=True))

    def snapshot(self) -> Frame:
        if self._snapshot is None:
            self._snapshot = Frame(messages.Snapshot(self.name, self.position, self._state))
        return self._snapshot

    @property
    def position(self) -> Position:
        return Position(self._epoch, self._offset)

    # From its parts.

    def offer(self, room: Telling[Mirror], frame: Frame) -> None:
        self._mirrors[room.name] = room.room
        if not self._is_whole:
            return
        if self._lacks_parts():
            self._fetch_soon(0)
        self._schedule()

    def _wanted(self) -> list[str]:
        return [rooms.product(slug) for slug in products(self._mirrors[self.name].state)]

    def _lacks_parts(self) -> bool:
        return any(name not in self._mirrors for name in self._wanted())

    async def _fetch(self) -> None:
        for name in self._wanted():
            if name not in self._mirrors:
                try:
                    await self._hub.join(self, rooms.parse(name))
                except UnknownRoom:
                    # It has nothing to sell yet. The show goes on without it.
                    self._fetch_soon(LOOK_AGAIN_AFTER)

    def _fetch_soon(self, delay: float) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch_again(delay))

    async def _fetch_again(self, delay: float) -> None:
        await asyncio.sleep(delay)
        # Asked as well: a cancellation can be lost, see ending.py.
        while self._lacks_parts() and not self._is_closed:
            try:
                await self._fetch()
            except Unavailable as error:
                logger.warning("A product of a show cannot be read, looking again: %s", error)
            self._schedule()
            if self._lacks_parts():
                await asyncio.sleep(LOOK_AGAIN_AFTER)

    def _drop_unwanted(self) -> None:
        for name in set(self._mirrors) - {self.name, *self._wanted()}:
            self._hub.leave(self, name)
            del self._mirrors[name]

    def _epoch_now(self) -> str:
        epochs = {name: mirror.epoch for name, mirror in self._mirrors.items()}
        return epoch(epochs[self.name], [(name, epochs.get(name)) for name in self._wanted()])

    def _merged(self) -> dict[str, Raw]:
        merged: dict[str, Raw] = {}
        for name in self._wanted():
            if mirror := self._mirrors.get(name):
                merged.update(mirror.state)
        # Last: a SKU that somebody called `show` does not hide the show.
        merged.update(self._mirrors[self.name].state)
        return merged

    # Showing.

    def _start_anew(self) -> None:
        self._drop_unwanted()
        self._is_whole = True
        self._epoch = self._epoch_now()
        self._state, self._offset = self._merged(), self._mirrors[self.name].position.offset
        self._snapshot = None
        self.telling.tell_all()

    def _schedule(self) -> None:
        now, due = asyncio.get_running_loop().time(), self.telling.ready_at
        if self._is_outdated():
            # Parts begin anew together: one snapshot for all of them.
            due = now + WINDOW
        elif due - now <= _NEARLY or changes_a_status(self._state, self._news()):
            self._show()
            return
        self.telling.wake(self._wake, at=due)

    def _wake(self) -> None:
        if self._is_outdated():
            self._start_anew()
        else:
            self._schedule()

    def _is_outdated(self) -> bool:
        return self._epoch_now() != self._epoch

    def _news(self) -> dict[str, Raw]:
        return {name: value for name, value in self._merged().items() if self._state.get(name) != value}

    def _show(self) -> None:
        news, offset = self._news(), self._mirrors[self.name].position.offset
        is_urgent = changes_a_status(self._state, news)
        if not news and offset == self._offset:
            return
        self._state.update(news)
        self._offset = offset
        self._snapshot = None
        self.telling.tell(news, at_once=is_urgent)

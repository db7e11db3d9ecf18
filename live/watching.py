"""Who watches a room, how often they are told, and what each of them has still to be told.

Telling ten thousand takes more than a tenth of a second. So it goes on in small steps, between which
the process takes people in and hears of what comes next; and what comes meanwhile joins what
the others still wait for. Each is told once of all that is new when its turn comes, in the same
order each time: nobody waits for a whole turn of the others, and then for one of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from msgspec import Raw

from live import messages
from live.frames import Frame
from live.mirror import Mirror

# About ten updates a second and room: more than eyes can follow, and little for 10,000 sockets.
WINDOW = 0.1
# What comes while some are being told joins what the others are told, but not for each of them anew.
JOINING = WINDOW / 5
# So many are told in one go: two or three milliseconds, for which who comes in meanwhile waits.
AT_ONCE = 250


class UnknownRoom(LookupError):
    """Nothing of ours has this name."""


class Unavailable(RuntimeError):
    """The room cannot be read now; ask again soon."""


class Room(Protocol):
    """What can be watched."""

    name: str

    @property
    def position(self) -> messages.Position: ...

    def snapshot(self) -> Frame:
        """All of it, as it was shown last."""


class Shown(Protocol):
    """A room as who is told of it sees it."""

    @property
    def name(self) -> str: ...

    def catch_up(self, watcher: object) -> Frame:
        """All of it: whoever is sent this lacks nothing, whatever it was still to be told."""


_Seen = TypeVar("_Seen", contravariant=True)
_Room = TypeVar("_Room", bound=Room)


class _Watching(Protocol[_Seen]):
    @property
    def write(self) -> Callable[[bytes], object] | None:
        """Takes a finished frame at once. None while only `offer` knows what to do with it."""

    def offer(self, room: _Seen, frame: Frame) -> None:
        """Send this frame, or all of the room later. Never blocks, never raises."""


class _Group(Generic[_Room]):
    """Those who lack the same, and are told of it from a moment on."""

    def __init__(
        self, watchers: dict[_Watching["Telling[_Room]"], None], changes: dict[str, Raw] | None, due: float
    ) -> None:
        """`changes` of None: they lack the whole room."""
        self.watchers, self.changes, self.due = watchers, changes, due
        self._frame: Frame | None = None

    def add(self, changes: Mapping[str, Raw]) -> None:
        if self.changes is not None:
            self.changes.update(changes)
        self._frame = None

    def frame(self, room: Room) -> Frame:
        if self.changes is None:
            return room.snapshot()
        if self._frame is None:
            self._frame = Frame(messages.Update(room.name, room.position, self.changes))
        return self._frame


class Telling(Generic[_Room]):
    """One room's watchers, all of whom learn of what it shows."""

    def __init__(self, room: _Room) -> None:
        self.room = room
        self.told_at = 0.0
        self.watchers: dict[_Watching[Telling[_Room]], None] = {}
        # The first is being told, or waits for its moment. Nobody is in two of them.
        self._groups: deque[_Group[_Room]] = deque()
        self._next: asyncio.Handle | None = None
        self._waking: asyncio.Handle | None = None

    @property
    def name(self) -> str:
        return self.room.name

    @property
    def ready_at(self) -> float:
        """When the next changes may be told: soon where some wait for their turn, whom they cost nothing."""
        return self.told_at + (JOINING if self._is_under_way else WINDOW)

    def join(self, watcher: "_Watching[Telling[_Room]]", answer: Frame) -> None:
        """With this answer, it lacks nothing that was shown."""
        self._settle(watcher)
        watcher.offer(self, answer)
        self.watchers[watcher] = None

    def leave(self, watcher: object) -> None:
        self.watchers.pop(watcher, None)  # type: ignore[call-overload]
        self._settle(watcher)

    def catch_up(self, watcher: object) -> Frame:
        self._settle(watcher)
        return self.room.snapshot()

    def wake(self, act: Callable[[], None], *, at: float) -> None:
        """Call this then, unless something is told before. Nobody is woken twice."""
        if self._waking is None:
            self._waking = asyncio.get_running_loop().call_at(at, self._wake, act)

    def tell(self, changes: Mapping[str, Raw], *, at_once: bool = False) -> None:
        """Tell everybody of these changes, which the room shows already.

        Who was told of the last ones a moment ago hears of them in its next window, unless `at_once`.
        """
        now = asyncio.get_running_loop().time()
        is_early = self._is_under_way and not at_once
        waiting: set[object] = set()
        for group in self._groups:
            group.add(changes)
            group.due = now if at_once else group.due
            waiting.update(group.watchers)
        others = (
            {one: None for one in self.watchers if one not in waiting} if waiting else self.watchers.copy()
        )
        due = self.told_at + WINDOW if is_early else now
        self._groups.append(_Group(others, dict(changes), due))
        self._begin(now)

    def tell_all(self) -> None:
        """Tell everybody all of the room: what they know is not continued."""
        now = asyncio.get_running_loop().time()
        self._groups.clear()
        self._groups.append(_Group(self.watchers.copy(), None, now))
        self._begin(now)

    def close(self) -> None:
        self._groups.clear()
        for handle in filter(None, [self._next, self._waking]):
            handle.cancel()

    @property
    def _is_under_way(self) -> bool:
        return bool(self._groups) and self._groups[0].due <= asyncio.get_running_loop().time()

    def _settle(self, watcher: object) -> None:
        for group in self._groups:
            group.watchers.pop(watcher, None)  # type: ignore[call-overload]

    def _begin(self, now: float) -> None:
        self.told_at = now
        if self._waking:
            self._waking.cancel()
            self._waking = None
        self._go_on()

    def _wake(self, act: Callable[[], None]) -> None:
        self._waking = None
        act()

    def _go_on(self) -> None:
        if self._next:
            self._next.cancel()
            self._next = None
        loop = asyncio.get_running_loop()
        if self._groups and self._groups[0].due <= loop.time():
            self._tell_some(self._groups[0])
        while self._groups and not self._groups[0].watchers:
            self._groups.popleft()
        if not self._groups:
            return
        due = self._groups[0].due
        self._next = loop.call_soon(self._go_on) if due <= loop.time() else loop.call_at(due, self._go_on)

    def _tell_some(self, group: _Group[_Room]) -> None:
        """Tell the next ones of this group.

        This runs ten thousand times for each update, and what it looks at is what it costs: each
        object that it touches for a connection is far from the processor by then. So a connection
        says beforehand whether there is anything to ask, and how it is written to if not.
        """
        watchers, frame = group.watchers, group.frame(self.room)
        raw = frame.raw
        for _ in range(min(AT_ONCE, len(watchers))):
            # Whoever turns out to be full changes what is being watched.
            if not watchers:
                return
            watcher, _ = watchers.popitem()
            if write := watcher.write:
                write(raw)
            else:
                watcher.offer(self, frame)


class Watcher(_Watching[Shown], Protocol):
    """One who is told of a room."""


class MirrorWatcher(_Watching[Telling[Mirror]], Protocol):
    """One who wants to see the mirror itself. Every other watcher is content with it too."""

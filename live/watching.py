"""Who watches a room, how often they are told, and what they get where there is nothing to watch."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from live.frames import Frame
from live.mirror import Mirror, Shown

# About ten updates a second and room: more than eyes can follow, and little for 10,000 sockets.
WINDOW = 0.1

_Seen = TypeVar("_Seen", contravariant=True)


class UnknownRoom(LookupError):
    """Nothing of ours has this name."""


class Unavailable(RuntimeError):
    """The room cannot be read now; ask again soon."""


class _Watching(Protocol[_Seen]):
    @property
    def write(self) -> Callable[[bytes], object] | None:
        """Takes a finished frame at once. None while only `offer` knows what to do with it."""

    def offer(self, mirror: _Seen, frame: Frame) -> None:
        """Send this frame, or the room's snapshot later. Never blocks, never raises."""


class Watcher(_Watching[Shown], Protocol):
    """One who is told of a room."""


class MirrorWatcher(_Watching[Mirror], Protocol):
    """One who wants to see the mirror itself. Every other watcher is content with it too."""


def show(watchers: Iterable[_Watching[_Seen]], mirror: _Seen, frame: Frame) -> None:
    """Send everybody this frame.

    This runs ten thousand times for each update, and what it looks at is what it costs: each
    object that it touches for a connection is far from the processor by then. So a connection
    says beforehand whether there is anything to ask, and how it is written to if not.
    """
    raw = frame.raw
    # Whoever turns out to be full changes what is being watched.
    for watcher in list(watchers):
        if write := watcher.write:
            write(raw)
        else:
            watcher.offer(mirror, frame)

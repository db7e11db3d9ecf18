"""Who watches a room, how often they are told, and what they get where there is nothing to watch."""

from typing import Protocol

from live.frames import Frame
from live.mirror import Mirror, Shown

# About ten updates a second and room: more than eyes can follow, and little for 10,000 sockets.
WINDOW = 0.1


class UnknownRoom(LookupError):
    """Nothing of ours has this name."""


class Unavailable(RuntimeError):
    """The room cannot be read now; ask again soon."""


class Watcher(Protocol):
    def offer(self, mirror: Shown, frame: Frame) -> None:
        """Send this frame, or the room's snapshot later. Never blocks, never raises."""


class MirrorWatcher(Protocol):
    """One who wants to see the mirror itself. Every other watcher is content with it too."""

    def offer(self, mirror: Mirror, frame: Frame) -> None: ...

"""What one connection is sent of the rooms it watches, however slowly it reads.

While a connection can take no more, news of a room only mark the room: when it can, it
gets that room's latest state, whole. So a slow reader costs a mark per room, never a
queue, and delays nobody. One that takes nothing at all for long is given up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from live import codes, eager
from live.frames import Frame
from live.watching import Shown
from live.wire import EXTENSION, Frames

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]

GIVEN_UP_AFTER = 20.0


class Outlet:
    """Frames for one connection. Who makes one says how a frame is put on the wire."""

    # As of every watcher: see live/watching.py.
    write: Callable[[bytes], object] | None = None

    def __init__(self) -> None:
        self._behind: dict[Shown, None] = {}

    def offer(self, room: Shown, frame: Frame) -> None:
        if self._behind or not self._put(frame):
            self._mark(room)

    def tell(self, frame: Frame) -> bool:
        """Send what is worth nothing later, if there is room for it now; False where there is not."""
        return not self._behind and self._put(frame)

    def forget(self, name: str) -> None:
        """The room's news are not wanted any more."""
        self._behind = {room: None for room in self._behind if room.name != name}

    def close(self) -> None:
        self._behind.clear()

    def _put(self, frame: Frame) -> bool:
        """False where there is no room for it: then `_go_on` is called once there is."""
        raise NotImplementedError

    def _mark(self, room: Shown) -> None:
        self._behind[room] = None

    def _go_on(self) -> None:
        while self._behind:
            room = next(iter(self._behind))
            if not self._put(room.catch_up(self)):
                return
            del self._behind[room]


class FrameOutlet(Outlet):
    """Over a connection that takes finished frames."""

    def __init__(self, frames: Frames) -> None:
        super().__init__()
        self._frames = frames
        self._patience: asyncio.TimerHandle | None = None
        frames.on_change = self._follow
        self._follow()

    def _put(self, frame: Frame) -> bool:
        if write := self._frames.write:
            write(frame.raw)
        return write is not None

    def _mark(self, room: Shown) -> None:
        super()._mark(room)
        self.write = None
        if self._patience is None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(GIVEN_UP_AFTER, self._give_up)

    def _follow(self) -> None:
        """The connection is full or over now; or it has room again, so what it lacks comes first."""
        self.write = None
        if not self._frames.write:
            return
        # It took something, so it is there; whatever it cannot take now is waited for anew.
        self._stop_waiting()
        self._go_on()
        for room in list(self._behind)[:1]:
            self._mark(room)
        if not self._behind:
            self.write = self._frames.write

    def _give_up(self) -> None:
        self._patience = None
        self._frames.close(codes.TOO_SLOW.code)

    def _stop_waiting(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def close(self) -> None:
        super().close()
        self._stop_waiting()
        self._frames.on_change = self.write = None


class SendOutlet(Outlet):
    """Over ASGI's send, one frame under way at a time. The server's own pings give up who is gone."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send
        self._under_way: asyncio.Task[None] | None = None

    def _put(self, frame: Frame) -> bool:
        if self._under_way is not None:
            return False
        self._under_way = eager.start(self._write(frame.text))
        if self._under_way:
            self._under_way.add_done_callback(self._written)
        return True

    def _written(self, _: asyncio.Task[None]) -> None:
        self._under_way = None
        self._go_on()

    async def _write(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        # The server's two ways of saying that the other end is gone; its disconnect message follows.
        except (OSError, RuntimeError) as error:
            logger.debug("A connection went away while it was written to: %s", error)
        # Whatever is wrong with this connection: the others are still waiting for their frame.
        except Exception:
            logger.exception("A connection could not be written to.")

    def close(self) -> None:
        super().close()
        if self._under_way:
            self._under_way.cancel()


def make(scope: dict[str, Any], send: Send) -> Outlet:
    """The quickest outlet that this connection's server offers."""
    frames: Frames | None = scope.get("extensions", {}).get(EXTENSION)
    return FrameOutlet(frames) if frames else SendOutlet(send)

"""uvicorn's WebSocket protocol with one door more: finished frames go to the transport as they are.

Run with `uvicorn --ws live.wire:FrameProtocol`. The application finds the door in its
scope, as `extensions["spillway.frames"]`; under any other server it is not there, and
everything goes through ASGI's send. What the transport cannot pass on is bounded: a
connection that is full says so, and is told of once it can take more.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from live import codes

EXTENSION = "spillway.frames"

# Kept for one connection before it counts as full, beside what the kernel keeps.
HIGH_WATER = 64 * 1024
# Who does not answer our close is cut off after this.
CLOSE_PATIENCE = 5.0
# On a deploy. Closing is cheap; taking everybody in again, elsewhere, is what has to be spread out.
CLOSES_A_SECOND, RETURNS_A_SECOND = 5_000, 2_000
GRACE = 10.0


class Frames(Protocol):
    """What the application sees of a connection that takes finished frames."""

    on_writable: Callable[[], None] | None

    def write_frame(self, frame: bytes) -> bool:
        """Pass it on. False where the connection is full: then `on_writable` is called when it is not."""

    def close(self, code: int, reason: str = "") -> None:
        """End the connection, however full it is."""


class FrameProtocol(WebSocketsSansIOProtocol):
    on_writable: Callable[[], None] | None = None
    _is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER)
        # The HTTP protocol that hands over to us and its parser hold each other.
        vars(self.transport.get_protocol()).pop("parser", None)

    def start_keepalive(self) -> None:
        """The handshake is done: what was said in it, a fifth of all that a connection keeps, may go."""
        super().start_keepalive()
        del self.request, self.response
        self.scope["headers"] = []

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            # The application's task starts after this.
            self.extensions[EXTENSION] = self

    def write_frame(self, frame: bytes) -> bool:
        if self._is_full:
            return False
        # As `is_over` says it, without two calls more for each of ten thousand.
        if self.conn.state is State.OPEN and not self.disconnected:
            self.transport.write(frame)
        return True

    def close(self, code: int, reason: str = "") -> None:
        if self.is_over:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            # The answer to our close is behind what was not read yet.
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_PATIENCE, self.transport.abort)

    def shutdown(self) -> None:
        """Say goodbye, not to everybody at the same moment, and when to come back."""
        if self.is_over or not self.handshake_complete:
            super().shutdown()
            return
        crowd = len(self.connections)
        grace = self.config.timeout_graceful_shutdown or GRACE
        delay = random.uniform(0, min(crowd / CLOSES_A_SECOND, grace / 2))
        hint = codes.retry_within(crowd / RETURNS_A_SECOND)
        self.loop.call_later(delay, self.close, codes.RESTARTING.code, hint)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_full = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_full = False
        if self.on_writable:
            self.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # These are circles, and the collector comes by seldom: see config/asgi.py.
        self.on_writable = None
        if self.handshake_initiated:
            self.extensions.pop(EXTENSION, None)

    @property
    def is_over(self) -> bool:
        return self.disconnected or self.conn.state is not State.OPEN

    @property
    def extensions(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.scope["extensions"])

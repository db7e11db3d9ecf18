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

from uvicorn._types import ASGISendEvent, WebSocketScope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import Protocol as Framing
from websockets.protocol import State

from live import codes, handshake

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

    # Takes a frame at once; None while the connection is full, and once it is over.
    write: Callable[[bytes], object] | None
    # Called when `write` is another.
    on_change: Callable[[], None] | None

    def close(self, code: int, reason: str = "") -> None:
        """End the connection, however full it is."""


class FrameProtocol(WebSocketsSansIOProtocol):
    write: Callable[[bytes], object] | None = None
    on_change: Callable[[], None] | None = None
    _is_full = False
    # What the client wants proof for, from a short handshake until it is answered.
    _key: bytes | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        http = cast(asyncio.Transport, transport).get_protocol()
        if isinstance(http, HttpToolsProtocol):
            self._take_over(http)
        else:
            super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER)

    def _take_over(self, http: HttpToolsProtocol) -> None:
        self.connections.add(self)
        self.transport = http.transport
        # Who is at either end was asked of the system already.
        self.server, self.client = http.server, http.client
        self.scheme = "wss" if http.scheme == "https" else "ws"
        # The HTTP protocol that hands over to us and its parser hold each other.
        vars(http).pop("parser", None)

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated or not self._opens_shortly():
            super().data_received(data)
            self._notice_the_end()

    def _opens_shortly(self) -> bool:
        """Begin from what the HTTP protocol has read. False where the request has to be parsed again."""
        http = self.transport.get_protocol()
        # What the client would have compressed is settled the long way.
        if not isinstance(http, HttpToolsProtocol) or self.conn.available_extensions:
            return False
        asked = http.scope
        self._key = handshake.key(asked["method"], asked["http_version"], http.url, http.headers)
        if not self._key:
            return False
        self.handshake_initiated = True
        # What comes in from here on is frames, as after a request that was parsed the long way.
        self.conn.parser = Framing.parse(self.conn)
        next(self.conn.parser)
        self.scope = cast(WebSocketScope, self._said(http))
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)
        return True

    def _said(self, http: HttpToolsProtocol) -> dict[str, Any]:
        return {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "headers": http.headers,
            "subprotocols": [],
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: self},
            **handshake.place(http.url, self.root_path),
        }

    async def send(self, message: ASGISendEvent) -> None:
        # One chance: whatever else is said first, a refusal for one, goes the long way too.
        key, self._key = self._key, None
        if not key or self.disconnected or message["type"] != "websocket.accept":
            await super().send(message)
            self._notice_the_end()
        elif not self.transport.is_closing():
            self.handshake_complete = True
            self.conn.state = State.OPEN
            headers = [*self.default_headers, *message.get("headers", [])]
            self.transport.write(handshake.answer(key, headers))
            self.start_keepalive()

    def start_keepalive(self) -> None:
        """The handshake is done: what was said in it, a fifth of all that a connection keeps, may go."""
        super().start_keepalive()
        # The short handshake has neither.
        vars(self).pop("request", None)
        vars(self).pop("response", None)
        self.scope["headers"] = []
        self._open_or_shut()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._notice_the_end()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            # The application's task starts after this.
            self.extensions[EXTENSION] = self

    def _open_or_shut(self) -> None:
        self.write = None if self._is_full or self.is_over else self.transport.write
        if self.on_change:
            self.on_change()

    def _notice_the_end(self) -> None:
        # No frame follows a goodbye, theirs or ours.
        if self.write and self.is_over:
            self._open_or_shut()

    def close(self, code: int, reason: str = "") -> None:
        if self.is_over:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._notice_the_end()
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
        self._open_or_shut()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_full = False
        self._open_or_shut()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._notice_the_end()
        # These are circles, and the collector comes by seldom: see config/asgi.py.
        self.on_change = None
        if self.handshake_initiated:
            self.extensions.pop(EXTENSION, None)

    @property
    def is_over(self) -> bool:
        return self.disconnected or self.conn.state is not State.OPEN

    @property
    def extensions(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.scope["extensions"])

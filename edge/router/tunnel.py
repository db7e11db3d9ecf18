"""Carry an upgraded connection: after the handshake, bytes in both directions and nothing else.

No frame is decoded here. Once the origin has answered, the two sockets are tied together
below aiohttp: what one reads is written to the other, and a slow reader stops the writer
opposite. An idle socket costs two transports and no task.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

from edge.router import answers, headers
from edge.routing import Origin

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
MAX_HEAD = 32 * 1024
# An upgrade, or an answer that is the last one.
_ANSWER = re.compile(rb"HTTP/1\.1 (101|[2-5]\d\d)[ \r]")


class BadAnswer(Exception):
    """The origin's answer to the handshake is no HTTP."""


class Tunnels:
    """All tunnels of this process, so that they can be counted, and closed when it stops."""

    def __init__(self, urls: Mapping[Origin, str]) -> None:
        self._addresses = {origin: urlsplit(url) for origin, url in urls.items()}
        self._open: set[_Side] = set()

    def __len__(self) -> int:
        return len(self._open)

    def close(self) -> None:
        for side in list(self._open):
            side.close()

    async def carry(self, request: web.BaseRequest, origin: Origin, target: str) -> web.StreamResponse:
        try:
            far = await self._connect(origin)
        except TimeoutError:
            return answers.refuse(request, answers.NO_ANSWER_IN_TIME)
        except OSError:
            return answers.refuse(request, answers.NO_ANSWER)
        try:
            far.write(_handshake(request, target))
            async with asyncio.timeout(ANSWER_SECONDS):
                head, rest = await far.read_head()
        except TimeoutError:
            far.close()
            return answers.refuse(request, answers.NO_ANSWER_IN_TIME)
        except (BadAnswer, ConnectionError):
            far.close()
            return answers.refuse(request, answers.NO_ANSWER)
        except asyncio.CancelledError:
            far.close()
            raise
        if not head.startswith(b"HTTP/1.1 101 "):
            # No upgrade, no tunnel: what this connection says next is HTTP, and the router's to read.
            far.close()
            return _refusal(head)
        self._tie(request, far, head + b"\r\n\r\n" + rest)
        return HandedOver()

    async def _connect(self, origin: Origin) -> "_Side":
        address = self._addresses[origin]
        async with asyncio.timeout(CONNECT_SECONDS):
            loop = asyncio.get_running_loop()
            _, side = await loop.create_connection(_Side, address.hostname or "", address.port or 80)
        return side

    def _tie(self, request: web.BaseRequest, far: "_Side", first: bytes) -> None:
        protocol = request.protocol
        transport = request.transport
        if transport is None or transport.is_closing():
            far.close()
            return
        near = _Side(when_lost=partial(self._forget, protocol))
        near.other, far.other = far, near
        near.transport = transport
        # What the client sent too early, aiohttp has kept: it goes first.
        protocol.set_parser(cast(Any, _Early(far)))
        transport.set_protocol(near)
        # aiohttp must not close, when its task ends, what is no longer its own.
        protocol.transport = None
        self._open.add(near)
        near.write(first)
        far.resume_reading()

    def _forget(self, protocol: web.RequestHandler, near: "_Side", error: Exception | None) -> None:
        self._open.discard(near)
        protocol.connection_lost(error)


class HandedOver(web.StreamResponse):
    """What the handler returns when the connection is no longer aiohttp's: nothing is written."""

    def __init__(self) -> None:
        super().__init__(status=101)
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


class _Side(asyncio.Protocol):
    """One end of a tunnel. Until it is tied to the other, it collects the answer's head."""

    __slots__ = ("_head", "_read", "_when_lost", "other", "transport")

    def __init__(self, when_lost: "Callable[[_Side, Exception | None], None] | None" = None) -> None:
        self.other: _Side | None = None
        self.transport: asyncio.Transport | None = None
        self._head = b""
        self._read: asyncio.Future[None] | None = None
        self._when_lost = when_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)
            return
        self._head += data
        if b"\r\n\r\n" in self._head or len(self._head) > MAX_HEAD:
            # Nothing more is read before there is somebody to write it to.
            self.pause_reading()
            self._wake()

    async def read_head(self) -> tuple[bytes, bytes]:
        if b"\r\n\r\n" not in self._head:
            self._read = asyncio.get_running_loop().create_future()
            await self._read
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end or not _ANSWER.match(head):
            raise BadAnswer(f"{head[:40]!r} is no answer")
        self._head = b""
        return head, rest

    def connection_lost(self, error: Exception | None) -> None:
        self._wake()
        self.transport = None
        if self._when_lost is not None:
            self._when_lost(self, error)
            self._when_lost = None
        if self.other is not None:
            self.other.close()
            self.other = None

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.resume_reading()

    def write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def pause_reading(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def _wake(self) -> None:
        if self._read is not None and not self._read.done():
            self._read.set_result(None)


class _Early:
    """Stands in for aiohttp's WebSocket reader, to get the bytes that came before the tunnel was there."""

    def __init__(self, far: _Side) -> None:
        self._far = far

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self._far.write(data)
        return False, b""

    def feed_eof(self) -> None:
        return None


def _handshake(request: web.BaseRequest, target: str) -> bytes:
    passed = headers.for_origin(request.headers, peer=request.remote or "", scheme=request.scheme)
    passed["Connection"] = "Upgrade"
    passed["Upgrade"] = "websocket"
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in passed.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _refusal(head: bytes) -> web.Response:
    """An answer that is no upgrade, without its body: whoever opens a socket is shown none."""
    status, *fields = head.decode("latin-1").split("\r\n")
    named = (field.partition(":") for field in fields)
    passed = headers.end_to_end(CIMultiDict((name, value.strip()) for name, _, value in named))
    passed.popall("Content-Length", None)
    passed["Server"] = answers.NAME
    response = web.Response(status=int(status.split()[1]), headers=passed)
    response.force_close()
    return response

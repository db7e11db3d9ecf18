"""One kept HTTP connection in an event loop, for POSTs to `/`: what the sender needs, and no more."""

import asyncio
from typing import cast

import httptools


class Broken(Exception):
    """The connection was lost before the whole answer came."""


class Connection(asyncio.Protocol):
    """`post` one request at a time. `is_open` says whether it may be used for another."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, url: str) -> "Connection":
        scheme, _, netloc = url.partition("://")
        host, _, port = netloc.partition(":")
        tls = True if scheme == "https" else None
        _, connection = await asyncio.get_running_loop().create_connection(
            cls, host, int(port or (443 if tls else 80)), ssl=tls
        )
        return connection

    async def post(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body. Raises Broken, or TimeoutError from whoever waits no longer."""
        if self._transport is None or not self.is_open:
            raise Broken("the connection is closed")
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        head = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head.encode() + body)
        return await self._answer

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, received: bytes) -> None:
        try:
            self._parser.feed_data(received)
        except httptools.HttpParserError as error:
            self._fail(f"not HTTP: {error}")
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self._fail(f"connection lost: {error}")

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(reason))

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._body = []

    def on_body(self, part: bytes) -> None:
        self._body.append(part)

    def on_message_complete(self) -> None:
        self.is_open = self.is_open and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._body)))

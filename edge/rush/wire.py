"""HTTP/1.1 with keep-alive connections, as much of it as a rush needs.

The load comes from the machine that is measured: what a general client costs for each
request (a quarter of a millisecond, measured) would be taken from the shop.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

import httptools


class Unanswered(Exception):
    """The connection failed, or what came was no answer. The message is the kind of error."""


class Connection(asyncio.Protocol):
    """One request at a time, each with its answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self.is_usable = False

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._body.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.is_usable = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_usable = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("broken answer")
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_usable = False
        self._fail("connection lost")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.is_usable = self.is_usable and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), b"".join(self._body)))

    def _fail(self, kind: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Unanswered(kind))


class Pool:
    """So many connections to one server, and no more: who comes later waits for one."""

    def __init__(self, url: str, *, connections: int, timeout: float, headers: Mapping[str, str]) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._free = asyncio.Semaphore(connections)
        self._idle: deque[Connection] = deque()
        self._timeout = timeout
        self._headers = _lines({"Host": address.netloc, **headers})

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, bytes]:
        """The answer's status and body. Raises Unanswered where none came in time."""
        own = dict(headers or {}) | ({"Content-Length": str(len(body))} if body else {})
        request = f"{method} {path} HTTP/1.1\r\n{self._headers}{_lines(own)}\r\n".encode() + body
        try:
            async with asyncio.timeout(self._timeout), self._free:
                return await self._exchange(request)
        except TimeoutError:
            raise Unanswered("no answer in time") from None
        except OSError as error:
            raise Unanswered(type(error).__name__) from error

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        connection = await self._connection()
        try:
            answer = await connection.ask(request)
        except BaseException:
            # What is still to come on it would be taken for the next one's answer.
            connection.close()
            raise
        if connection.is_usable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, self._host, self._port))[1]

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())

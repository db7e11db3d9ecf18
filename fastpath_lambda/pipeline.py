"""One connection to Redis that all requests of a process share.

Requests that arrive together are written together, and replies come in the order of
the questions: no pool, no lock, no task per question. With `appendfsync always` they
share the fsync too, which is what makes durable takes cheap.
"""

import asyncio
import logging
from collections import deque
from typing import Any, cast

import hiredis

from fastpath_lambda.resp import (
    CONNECT_SECONDS,
    REPLY_SECONDS,
    Address,
    Unavailable,
    checked,
    is_unknown_script,
)
from fastpath_lambda.stores.commands import Command, Word

logger = logging.getLogger(__name__)

# More questions than a second's worth without an answer: more would only wait longer.
MOST_WAITING = 20_000
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0


class _Wire(asyncio.Protocol):
    """A connection while it lasts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._gathered: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._heard_at = 0.0
        self.lost: asyncio.Future[None] = loop.create_future()

    def ask(self, words: tuple[Word, ...]) -> asyncio.Future[Any]:
        if self.lost.done() or len(self._waiting) >= MOST_WAITING:
            raise Unavailable("the connection to Redis is lost, or does not keep up")
        if not self._waiting:
            self._heard_at = self._loop.time()
        if not self._gathered:
            self._loop.call_soon(self._flush)
        self._gathered.append(hiredis.pack_command(words))
        reply = self._loop.create_future()
        self._waiting.append(reply)
        return reply

    def is_silent(self) -> bool:
        return bool(self._waiting) and self._loop.time() - self._heard_at > REPLY_SECONDS

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._gathered))
        self._gathered.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of it.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, received: bytes) -> None:
        self._heard_at = self._loop.time()
        reader, waiting = self._reader, self._waiting
        reader.feed(received)
        while (reply := reader.gets()) is not False:
            asked = waiting.popleft()
            # Who asked may have been cancelled meanwhile; the reply is still this question's.
            if not asked.done():
                asked.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        for asked in self._waiting:
            if not asked.done():
                asked.set_exception(Unavailable(f"the connection to Redis was lost: {error}"))
        self._waiting.clear()
        self.lost.set_result(None)


class Pipeline:
    """The connection, made again whenever it is lost. While there is none, asking fails at once."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._wire: _Wire | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
        if self._wire is not None:
            self._wire.abort()

    async def run(self, command: Command) -> Any:
        """The reply. Raises Unavailable or Refused."""
        wire = self._wire
        if wire is None:
            raise Unavailable("there is no connection to Redis")
        reply = await wire.ask(command.words)
        if command.script and is_unknown_script(reply):
            reply = await wire.ask(command.in_full())
        return checked(reply)

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._wire = await self._connect()
                pause = FIRST_PAUSE
                await self._watch(self._wire)
            except Exception as error:
                logger.warning("Redis cannot be reached, trying again: %s", error)
            self._wire = None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _connect(self) -> _Wire:
        loop, address = asyncio.get_running_loop(), self._address
        if address.port is None:
            _, wire = await loop.create_unix_connection(lambda: _Wire(loop), address.host)
        else:
            tls = address.tls or None
            _, wire = await loop.create_connection(lambda: _Wire(loop), address.host, address.port, ssl=tls)
        for words in address.greeting:
            checked(await wire.ask(words))
        return wire

    async def _watch(self, wire: _Wire) -> None:
        """Return when the connection is lost, and see to it that a silent one is."""
        while not wire.lost.done():
            await asyncio.wait([wire.lost], timeout=REPLY_SECONDS / 4)
            if wire.is_silent():
                logger.warning("Redis has been silent for %s s: connecting anew.", REPLY_SECONDS)
                wire.abort()

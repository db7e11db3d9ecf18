"""Where large bodies wait until they are whole: in files without a name, gone with whoever wrote them.

A page's origin has few threads, and one that reads a body as it comes waits for the
sender. Here a body that comes slowly holds a socket and a place in a file, and
both are counted: how many wait, how many of one sender, and how much they are.
"""

import asyncio
import ipaddress
import logging
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, NoReturn, Self, TypeVar

from edge.router.answers import MEBIBYTE

logger = logging.getLogger(__name__)
Found = TypeVar("Found")

MOST = 64
# A quarter, and less than all of the room: one sender cannot take it from the others.
MOST_OF_ONE = 16
MOST_BYTES = 512 * MEBIBYTE
READ_AT_ONCE = 128 * 1024


class Full(Exception):
    """No more bodies can wait here now."""


class Crowded(Full):
    """Of this sender, as many bodies wait as may."""


class Spool:
    """All bodies that wait in this process."""

    def __init__(self) -> None:
        # One thread: what is asked of a file happens in turn, so it is never closed under a write.
        self._disk = ThreadPoolExecutor(1, "spool")
        self._of: Counter[str] = Counter()
        self._bytes = 0
        self._is_full = False

    def __len__(self) -> int:
        return self._of.total()

    def close(self) -> None:
        self._disk.shutdown(wait=False)

    def open(self, sender: str) -> "Spooled":
        """A place for one body, until it is closed. Raises Full, or Crowded."""
        sender = _network(sender)
        if self._of[sender] >= MOST_OF_ONE:
            raise Crowded
        if len(self) >= MOST:
            self.turn_away(f"{MOST} are coming in already")
        self._of[sender] += 1
        return Spooled(self, sender)

    def make_room(self, count: int) -> None:
        if self._bytes + count > MOST_BYTES:
            self.turn_away(f"{MOST_BYTES // MEBIBYTE} MB of them wait already")
        self._bytes += count

    def leave(self, sender: str, count: int) -> None:
        self._bytes -= count
        self._of[sender] -= 1
        if not self._of[sender]:
            del self._of[sender]
        if not self._of:
            self._is_full = False

    async def do(self, act: Callable[..., Found], *arguments: object) -> Found:
        return await asyncio.get_running_loop().run_in_executor(self._disk, act, *arguments)

    def do_last(self, act: Callable[[], None]) -> None:
        self._disk.submit(act)

    def turn_away(self, why: str) -> NoReturn:
        # One line for a flood, not one for each that comes too late.
        if not self._is_full:
            self._is_full = True
            logger.warning("Large bodies are turned away: %s.", why)
        raise Full


class Spooled:
    """One body: written, then read once. Gone when it is left (`with`), or was read to its end."""

    def __init__(self, spool: Spool, sender: str) -> None:
        self._spool = spool
        self._sender = sender
        self._file: IO[bytes] | None = None
        self._is_closed = False
        self.length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def write(self, piece: bytes) -> None:
        """Raises Full where there is no room, in the count or on the disk."""
        self._spool.make_room(len(piece))
        self.length += len(piece)
        try:
            await self._spool.do(self._write, piece)
        except OSError as error:
            self._spool.turn_away(f"{tempfile.gettempdir()} takes none, {error}")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            await self._spool.do(self._rewind)
            while piece := await self._spool.do(self._read):
                yield piece
        finally:
            # Not later: who takes its answer slowly must not keep the place.
            self.close()

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._spool.leave(self._sender, self.length)
            self._spool.do_last(self._forget)

    def _write(self, piece: bytes) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._file.write(piece)

    def _rewind(self) -> None:
        if self._file is not None:
            self._file.seek(0)

    def _read(self) -> bytes:
        return self._file.read(READ_AT_ONCE) if self._file is not None else b""

    def _forget(self) -> None:
        if self._file is not None:
            self._file.close()


def _network(address: str) -> str:
    # Whoever has one IPv6 address has 2^64 of them.
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))

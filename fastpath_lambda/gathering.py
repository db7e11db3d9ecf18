"""Requests of one sale that arrive together, taken together.

A call of the take's script costs Redis several times what one more request in it does,
in time as in what it appends to disk. So takes that come up within one turn of the event
loop go out as one call: nobody waits for company that has not arrived yet.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastpath_lambda.pipeline import MOST_WAITING
from fastpath_lambda.resp import Unavailable
from fastpath_lambda.stores.commands import Command, Word

# Lua unpacks some thousands of values at once, and while a call lasts nobody else is served.
MOST_TOGETHER = 200

_Batch = list[tuple[Command, "asyncio.Future[Any]"]]


class Gathering:
    """Stands before a connection's `run`, and merges what may go as one command."""

    def __init__(self, run: Callable[[Command], Awaitable[Any]]) -> None:
        self._run = run
        self._open: dict[tuple[Word, ...], _Batch] = {}
        self._waiting = 0
        # The loop itself keeps no task alive.
        self._calls: set[asyncio.Task[None]] = set()

    def run(self, command: Command) -> Awaitable[Any]:
        """The reply. Raises Unavailable or Refused, the same to all that went together."""
        if not command.own:
            return self._run(command)
        # The connection counts calls, of which each may be many of these.
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Redis does not keep up")
        self._waiting += 1
        reply = asyncio.get_running_loop().create_future()
        self._batch(command.words[: -command.own]).append((command, reply))
        return reply

    def _batch(self, common: tuple[Word, ...]) -> _Batch:
        """The one that these words begin, if it is still open and has room; else a new one."""
        batch = self._open.get(common)
        if batch is None or len(batch) >= MOST_TOGETHER:
            batch = self._open[common] = []
            # A task begins in the loop's next turn: until then the batch is open.
            call = asyncio.create_task(self._call(common, batch))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return batch

    async def _call(self, common: tuple[Word, ...], batch: _Batch) -> None:
        if self._open.get(common) is batch:
            del self._open[common]
        own = [word for command, _ in batch for word in command.words[len(common) :]]
        # Who asked may have been cancelled meanwhile; the others were not.
        try:
            replies = await self._run(Command((*common, *own), batch[0][0].script))
            for (_, asked), reply in zip(batch, replies, strict=True):
                if not asked.done():
                    asked.set_result([reply])
        # Whatever it is, those who asked have to hear of it: they would wait for ever.
        except Exception as error:
            for _, asked in batch:
                if not asked.done():
                    asked.set_exception(error)
        finally:
            self._waiting -= len(batch)

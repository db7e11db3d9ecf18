"""Starts a coroutine at once, and makes a task of it only if it has to wait.

An update goes to thousands of sockets, and nearly every send is done without waiting.
A task for each would cost several times the send itself. Python 3.12 has this built in
(eager tasks); until that is the least we support, it is these lines.
"""

import asyncio
from collections.abc import Coroutine, Generator
from functools import partial
from typing import Any


def start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Run until the first wait. None where there was none; raises what the coroutine raised till then."""
    try:
        waited_for = coroutine.send(None)
    except StopIteration:
        return None
    return asyncio.ensure_future(_rest(_Started(coroutine, waited_for)))


async def _rest(started: "_Started") -> None:
    await started


class _Started:
    """The rest of a coroutine that already waits: hands the task what it waits for, then goes on."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], waited_for: Any) -> None:
        self._coroutine = coroutine
        self._waited_for = waited_for

    def __await__(self) -> Generator[Any, Any, None]:
        waited_for = self._waited_for
        while True:
            try:
                answer = yield waited_for
            except BaseException as error:
                step = partial(self._coroutine.throw, error)
            else:
                step = partial(self._coroutine.send, answer)
            try:
                waited_for = step()
            except StopIteration:
                return

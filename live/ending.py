"""Ends tasks that would go on for ever.

Before Python 3.12 a cancellation that comes together with what `wait_for` waits for is lost,
and the store's client uses it for every command. Who asks the store again and again then
goes on as if nothing was said, and a process that waits for its end never stops.
"""

import asyncio
from typing import Any

_SAY_AGAIN_AFTER = 0.5


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel these until they have ended, however they end."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_SAY_AGAIN_AFTER)
    # What they raised was asked for: nobody is to be told that it was not.
    await asyncio.gather(*tasks, return_exceptions=True)

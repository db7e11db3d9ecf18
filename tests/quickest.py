"""How long something takes where nothing else is in its way: the quickest of a few.

A machine that stalls makes some of them slow; code that is slow makes all of them slow.
"""

from collections.abc import Awaitable, Callable

TRIES = 10


async def quickest(take: Callable[[], Awaitable[float]], *, within: float) -> float:
    """The shortest of what `take` says; no more are taken once one is short enough."""
    shortest = float("inf")
    for _ in range(TRIES):
        shortest = min(shortest, await take())
        if shortest < within:
            break
    return shortest

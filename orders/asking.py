"""Ask a payment provider many steps: one after the other, or as many at once as it takes.

Only the asking is done in threads, and no provider touches the database: what was
answered is written down by whoever asked, by the same compare-and-set as ever. Where one
step raises, what the others were answered is not lost: their next turn asks with the same key.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from orders.payments import Answer, Step


def ask(act: Callable[[Step], Answer], steps: Sequence[Step], *, at_once: int) -> list[Answer]:
    """The answers, in the order of the steps."""
    if at_once == 1:
        return [act(step) for step in steps]
    return list(_threads(at_once).map(act, steps))


@cache
def _threads(at_once: int) -> ThreadPoolExecutor:
    # Kept: each thread has a connection to the provider, and a new one takes longer than a step.
    return ThreadPoolExecutor(at_once, thread_name_prefix="payments")

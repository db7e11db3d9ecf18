"""What changes seldom and stands on every page is read once in a while by each process, not by each page.

For what may be a moment old and is nobody's stock: names, pictures, who stands beside
whom. What units are left of them comes from their rooms, which pages read each time.
"""

import time
from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")

MOST = 1000
_kept: dict[Hashable, tuple[float, object]] = {}


def once_in(seconds: float, key: Hashable, read: Callable[[], T]) -> T:
    """What `read` gave for this key, no older than that. Two threads may both read it: neither waits."""
    now = time.monotonic()
    until, found = _kept.get(key, (0.0, None))
    if now < until:
        return found  # type: ignore[return-value]
    fresh = read()
    if len(_kept) >= MOST:
        _kept.clear()
    _kept[key] = (now + seconds, fresh)
    return fresh


def forget() -> None:
    _kept.clear()

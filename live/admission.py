"""How much is let in: connections of a process, connections of one address, and what each asks for."""

import ipaddress
from collections import Counter

from live import codes
from live.codes import Close

# All tabs of a browser are one connection: six of them, full of products, at once, and a new one
# each second. No people ask for more; a loop does within a second or two.
BURST, A_SECOND = 600.0, 60.0
# What asking for a room that is refused costs beyond that: each may be a question to the database. A
# page whose rooms are all gone, a hundred at most, has enough for each; who goes on guessing has not.
REFUSED = 4


class Door:
    """Counts who is in. What is refused here may come back later, so it is told when."""

    def __init__(self, *, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._inside = 0
        self._of_one: Counter[str] = Counter()

    @property
    def inside(self) -> int:
        return self._inside

    def enter(self, address: str) -> Close | None:
        """Let one in, whom `leave` lets out again; or say why not."""
        origin = _origin(address)
        if self._inside >= self._most:
            return codes.FULL
        if self._of_one[origin] >= self._most_of_one:
            return codes.CROWDED
        self._inside += 1
        self._of_one[origin] += 1
        return None

    def leave(self, address: str) -> None:
        origin = _origin(address)
        self._inside -= 1
        self._of_one[origin] -= 1
        if not self._of_one[origin]:
            del self._of_one[origin]


class Allowance:
    """What one connection may still ask for: it fills up with time."""

    __slots__ = ("_left", "_since")

    def __init__(self, *, now: float) -> None:
        self._left = BURST
        self._since = now

    def spend(self, cost: int, *, now: float) -> bool:
        """False where there is not enough left."""
        self._left = min(BURST, self._left + (now - self._since) * A_SECOND) - cost
        self._since = now
        return self._left >= 0


def _origin(address: str) -> str:
    # Whoever has one IPv6 address has 2^64 of them.
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address

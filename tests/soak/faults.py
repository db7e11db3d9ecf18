"""One component after the other dies by kill -9 while a sale goes on, at moments drawn by lot."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.chaos import components, sale

LONGEST = 180.0
PAUSE_SECONDS = (0.5, 4.0)


@dataclass(frozen=True, slots=True)
class Death:
    component: str
    recovery: float  # seconds until it served again


def draw(lot: random.Random) -> Iterator[str]:
    """Components without end, each once before any comes again."""
    while True:
        yield from lot.sample(components.COMPONENTS, len(components.COMPONENTS))


@dataclass(slots=True)
class Faults:
    """Those of one sale."""

    lot: random.Random
    victims: Iterator[str]
    tell: Callable[[str], None]
    so_far: list[Death] = field(default_factory=list)
    # A sentence each.
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """While what stands in here is done; then wait until the last one serves again."""
        enough = threading.Event()
        killing = threading.Thread(target=self._kill_on, args=(enough,))
        killing.start()
        try:
            yield
        finally:
            enough.set()
            killing.join()
            self.tell("everything runs")

    def _kill_on(self, enough: threading.Event) -> None:
        while not enough.wait(self.lot.uniform(*PAUSE_SECONDS)):
            self._kill(next(self.victims))

    def _kill(self, component: str) -> None:
        self.tell(f"kill -9 {component}")
        try:
            serves = components.kill(component)
        except LookupError as error:
            self.wrong.append(str(error))
            return
        killed_at = time.monotonic()
        if not sale.soon(serves, LONGEST):
            self.wrong.append(f"{component} did not serve again within {LONGEST:.0f} s")
        self.so_far.append(Death(component, time.monotonic() - killed_at))

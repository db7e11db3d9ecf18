"""A process that is sent to a shop to buy: its errand on stdin, how it gets on and what came of it on stdout.

Whose errands these are, and what they are answered, is not here: see visitors.py, and
the crowd of the soak.
"""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import uvloop

TELL_EVERY_SECONDS = 0.25
# As a shell says of what was ended by Ctrl-C.
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Where to go, and what for."""

    edge_url: str
    page: str
    run: str  # makes e-mails and keys of this errand unlike any other's
    skus: Sequence[str]
    connections: int
    # Seconds.
    timeout: float
    try_again_after: float


class Tally(Protocol):
    """What was answered so far."""

    def progress(self) -> dict[str, Any]: ...

    def result(self) -> dict[str, Any]: ...


E = TypeVar("E", bound=Errand)


def order(sku: str, *, email: str, key: str, name: str) -> tuple[bytes, dict[str, str]]:
    """One unit, as a page's script asks for it: body and headers."""
    asked = {
        "sku": sku,
        "quantity": 1,
        "email": email,
        "name": name,
        "address": {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
        "payment_token": "tok_ok",
    }
    return json.dumps(asked).encode(), {"Content-Type": "application/json", "Idempotency-Key": key}


@contextmanager
def telling(tally: Tally) -> Iterator[None]:
    """Tell how it gets on, now and then and at the end."""

    async def tell() -> None:
        while True:
            _say({"progress": tally.progress()})
            await asyncio.sleep(TELL_EVERY_SECONDS)

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
        _say({"progress": tally.progress()})


def run(kind: type[E], send: Callable[[E], Coroutine[Any, Any, Tally]]) -> None:
    errand = kind(**json.load(sys.stdin))
    # The collector would stop all of them for a while, and the shop would be blamed.
    gc.disable()
    try:
        _say({"result": uvloop.run(send(errand)).result()})
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens any more, so nobody shall buy. At once: a shut pipe cannot be flushed at the end.
        os._exit(INTERRUPTED)

"""What may be asked of Redis, and how whoever asks is driven: no sockets here.

A conversation is a generator that yields commands, is sent their replies, and returns
its outcome. The Lambda drives it from a socket, the ASGI door from an event loop, the
shop from redis-py: the same steps for all.
"""

import hashlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Word = Any  # text, bytes or a number

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Script:
    text: str

    @cached_property
    def sha(self) -> str:
        return hashlib.sha1(self.text.encode()).hexdigest()

    def __call__(self, keys: tuple[str, ...], *arguments: Word, own: int = 0) -> "Command":
        return Command(("EVALSHA", self.sha, len(keys), *keys, *arguments), self, own)


@dataclass(slots=True)
class Command:
    words: tuple[Word, ...]
    script: Script | None = None
    # How many words at the end are this one's own. Commands that are alike up to there may be sent as
    # one, with the own words of all; the reply is a list with an item of each. 0: it goes alone.
    own: int = 0

    def in_full(self) -> tuple[Word, ...]:
        """For a server that does not know the script: restarted, failed over, or flushed."""
        assert self.script is not None
        return ("EVAL", self.script.text, *self.words[2:])


Steps = Generator[Command, Any, T]


def drive(steps: Steps[T], run: Callable[[Command], object]) -> T:
    try:
        command = next(steps)
        while True:
            command = steps.send(run(command))
    except StopIteration as end:
        outcome: T = end.value
        return outcome


def text(reply: bytes | str) -> str:
    """Clients give bytes, or have decoded them already."""
    return reply if isinstance(reply, str) else reply.decode()


def load_script(name: str) -> Script:
    return Script((_FOLDER / "common.lua").read_text() + (_FOLDER / f"{name}.lua").read_text())

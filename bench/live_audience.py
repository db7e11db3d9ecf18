"""The viewers' other process, as a bench calls it."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench import live_viewers
from bench.live_crowd import PATIENCE
from bench.live_knowledge import Knowledge, Summary


class Audience:
    def __init__(self, count: int, *, port: int, rooms: list[str], counts: bool = False) -> None:
        """So many viewers, of these rooms by turns. `counts`: see live_knowledge.py."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        begin = [Knowledge(room, counts) for room in rooms]
        knows = [begin[number % len(rooms)] for number in range(count)]
        self.count = count
        arguments = (theirs, port, knows)
        self._process = context.Process(target=live_viewers.serve, args=arguments, daemon=True)
        self._process.start()

    def standing(self) -> list[tuple[str, int, bool]]:
        """Of each viewer: its room, its offset, and whether its link is up and answered."""
        standing: list[tuple[str, int, bool]] = self._ask("standing")
        return standing

    def steps(self) -> list[Summary]:
        """What came since they were last asked."""
        steps: list[Summary] = self._ask("steps")
        return steps

    def back_after(self) -> tuple[list[float], int]:
        """How many seconds each was away who came back since asked last, and how many tries failed in all."""
        back: tuple[list[float], int] = self._ask("back")
        return back

    def wait_until_in(self) -> None:
        self._wait(lambda: all(is_in for _, _, is_in in self.standing()), "is watching")

    def wait_until_at(self, offsets: Mapping[str, int]) -> None:
        self._wait(
            lambda: all(is_in and offset >= offsets[room] for room, offset, is_in in self.standing()),
            f"has come to {dict(offsets)}",
        )

    def end(self) -> None:
        self._process.terminate()
        self._process.join()

    def _wait(self, is_done: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"After {PATIENCE:.0f} s not every one of {self.count} viewers {what}.")
            time.sleep(0.1)

    def _ask(self, what: str) -> Any:
        self._pipe.send(what)
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError("The viewers do not answer.")
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def audience(count: int, *, port: int, rooms: list[str], counts: bool = False) -> Iterator[Audience]:
    """Viewers that are all watching."""
    viewers = Audience(count, port=port, rooms=rooms, counts=counts)
    try:
        viewers.wait_until_in()
        yield viewers
    finally:
        viewers.end()


def errors(steps: list[Summary]) -> dict[str, int]:
    """How often each kind of error was seen, over all viewers."""
    found = {"gap": 0, "twice": 0, "backwards": 0}
    for step in steps:
        if step.verdict:
            found[step.verdict] += step.count
    return found

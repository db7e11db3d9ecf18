"""Threads that each follow one thing until a turn is over, so that a slow one keeps no other waiting.

A job is called again at once while it says that there is more, and otherwise when it
is woken, or after a second: a wake-up may be lost with its connection. A job that
raises is logged and called again later; it is the job's own business what that means.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
from django.db import connection

from orders import outage

logger = logging.getLogger(__name__)

Job = Callable[[], bool]
WAIT_SECONDS = 1.0
# How long the end of a turn waits for the steps under way. One that takes longer goes on behind it,
# beside the next turn's: what it then writes down is a compare-and-set, or under a lock it holds.
PATIENCE_SECONDS = 4.0


@dataclass(slots=True)
class Followers:
    """One thread for each name."""

    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _wakes: dict[str, threading.Event] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)

    def follow(self, name: str, job: Job, *, pause_seconds: float = 0.0) -> None:
        """Begin, unless somebody follows this already. Woken, it pauses after the job, for more to gather."""
        if name not in self._threads:
            wake = self._wakes[name] = threading.Event()
            run = partial(self._run, job, wake, pause_seconds)
            self._threads[name] = threading.Thread(target=run, name=name, daemon=True)
            self._threads[name].start()

    def wake(self) -> None:
        for wake in self._wakes.values():
            wake.set()

    def end(self) -> None:
        self._ending.set()
        self.wake()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for thread in self._threads.values():
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _run(self, job: Job, wake: threading.Event, pause_seconds: float) -> None:
        is_woken = True
        try:
            while not self._ending.is_set():
                # Cleared before looking: what happens meanwhile wakes us at once.
                wake.clear()
                if not _do(job):
                    # Who looked by itself and found nothing does not pause: the next event is told at once.
                    self._ending.wait(pause_seconds if is_woken else 0)
                    is_woken = wake.wait(WAIT_SECONDS)
        finally:
            connection.close()


def _do(job: Job) -> bool:
    try:
        return job()
    # Whatever it was: the others go on, and so does this one, in a while.
    except Exception as error:
        # A connection that broke stays broken: the next step has a new one.
        connection.close()
        # Of an outage whoever has the turn says so, once for all, and the turn ends of it.
        if not (isinstance(error, outage.DatabaseAway) and outage.is_away()):
            logger.exception("A step failed, and is tried again.")
        return False


@contextmanager
def following() -> Iterator[Followers]:
    followers = Followers()
    try:
        yield followers
    finally:
        followers.end()


@contextmanager
def listening(channel: str) -> Iterator[Callable[[], None]]:
    """Yields what waits until somebody commits a NOTIFY on this channel, or for a second.

    On a connection of its own, so that no wake-up is lost while another statement runs.
    """
    listener = connection.copy()
    try:
        with listener.cursor() as cursor:
            cursor.execute(f"LISTEN {channel}")
        yield lambda: _wait(listener.connection)
    finally:
        listener.close()


def _wait(listener: "psycopg.Connection") -> None:
    for _ in listener.notifies(timeout=WAIT_SECONDS, stop_after=1):
        return

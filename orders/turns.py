"""Turns: jobs that run for a while, in one process at a time or a few, and end between two steps.

A turn holds a lease in Redis and renews it as it goes. When its process dies, the
lease runs out and the next turn begins. One more at once than there are leases, as after
a stall longer than the lease, is slower but never wrong: each job's writes stand on their own.
"""

import multiprocessing
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import redis

from fastpath_lambda import keys

# How long the next turn waits for one whose process died. Each job's steps are shorter by far.
LEASE = timedelta(seconds=3)

# Shared with the pool's processes, which are forked after this is loaded. Without a lock, since
# a process that is killed while it holds one would stop all others.
_stopping = multiprocessing.RawValue("b", 0)

_IF_MINE = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
_RENEW = _IF_MINE + "return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
_RELEASE = _IF_MINE + "return redis.call('DEL', KEYS[1])"


def stop_all(*_: object, **__: object) -> None:
    """End every turn of this worker at its next step, so that a deploy waits for none of them."""
    _stopping.value = 1


@dataclass(slots=True)
class Turn:
    store: "redis.Redis"
    key: str
    ends_at: float
    lease: timedelta
    # Says whose it is, to those who look for a process that hangs.
    token: str = field(default_factory=lambda: f"{os.getpid()}:{secrets.token_hex(8)}")
    renew_at: float = 0.0
    ended: bool = False
    # All leases of its job, its own among them.
    leases: tuple[str, ...] = ()

    def goes_on(self) -> bool:
        """Ask between two steps: whether there is time for another, and the job is still ours."""
        now = time.monotonic()
        if self.ended or _stopping.value or now >= self.ends_at:
            return False
        if now >= self.renew_at:
            self.ended = not self._run(_RENEW, self._milliseconds)
            self.renew_at = now + self.lease.total_seconds() / 3
        return not self.ended

    @property
    def ran_its_time(self) -> bool:
        """It ended because others may want a turn too, not because it had to or was done."""
        return not self.ended and not _stopping.value and time.monotonic() >= self.ends_at

    def sharers(self) -> int:
        """How many have a turn at this job now, this one included."""
        return max(1, int(cast(int, self.store.exists(*self.leases)))) if self.leases else 1

    def end(self, *_: object) -> None:
        self.ended = True

    def begin(self) -> bool:
        return bool(self.store.set(self.key, self.token, nx=True, px=self._milliseconds))

    def release(self) -> None:
        self._run(_RELEASE)

    @property
    def _milliseconds(self) -> int:
        return int(self.lease.total_seconds() * 1000)

    def _run(self, script: str, *arguments: int) -> bool:
        return bool(self.store.eval(script, 1, self.key, self.token, *arguments))


@contextmanager
def take(
    store: "redis.Redis", job: str, *, length: timedelta, lease: timedelta = LEASE, at_once: int = 1
) -> Iterator[Turn | None]:
    """A turn at this job, or None while as many as may at once have one."""
    leases = lease_keys(job, at_once)
    ends_at = time.monotonic() + length.total_seconds()
    turns = (Turn(store, key, ends_at, lease, leases=leases) for key in leases)
    turn = next((turn for turn in turns if turn.begin()), None)
    if turn is None:
        yield None
        return
    try:
        with _ended_by_sigterm(turn):
            yield turn
    finally:
        turn.release()


def lease_keys(job: str, at_once: int) -> tuple[str, ...]:
    first = f"{keys.PREFIX}:turn:{job}"
    return (first, *(f"{first}-{number}" for number in range(2, at_once + 1)))


@contextmanager
def _ended_by_sigterm(turn: Turn) -> Iterator[None]:
    """A supervisor may signal the worker's whole process group: the step under way is still finished."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, turn.end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

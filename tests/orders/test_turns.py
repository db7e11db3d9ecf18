"""As many processes at a time as may, and never for ever."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial

import pytest

from config.service import wait_until
from orders import turns

LONG = timedelta(minutes=1)
# Where no lease is to run out, none does while the test itself is not scheduled.
take = partial(turns.take, lease=LONG)


class TestTake:
    def test_only_one_has_the_turn(self, store):
        with (
            take(store, "job", length=LONG) as first,
            take(store, "job", length=LONG) as second,
            take(store, "another", length=LONG) as other,
        ):
            assert first and other
            assert second is None

    def test_the_turn_is_free_when_it_was_left(self, store):
        with take(store, "job", length=LONG):
            pass

        with take(store, "job", length=LONG) as again:
            assert again

    def test_the_turn_of_a_dead_process_runs_out(self, store):
        turns.Turn(store, "spillway:turn:job", 0, timedelta(milliseconds=30)).begin()
        time.sleep(0.05)

        with take(store, "job", length=LONG) as turn:
            assert turn

    def test_a_turn_that_ran_out_does_not_free_its_successors(self, store):
        short = timedelta(milliseconds=30)
        with take(store, "job", length=LONG, lease=short):
            time.sleep(0.05)
            successor = turns.Turn(store, "spillway:turn:job", 0, LONG)
            successor.begin()

        assert store.get("spillway:turn:job") == successor.token.encode()


class TestSeveralAtOnce:
    def test_one_more_than_may_gets_none(self, store):
        with (
            take(store, "job", length=LONG, at_once=2) as first,
            take(store, "job", length=LONG, at_once=2) as second,
            take(store, "job", length=LONG, at_once=2) as third,
        ):
            assert first.sharers() == second.sharers() == 2
            assert third is None

    def test_who_is_left_has_the_share_of_who_went(self, store):
        with take(store, "job", length=LONG, at_once=2) as first:
            with take(store, "job", length=LONG, at_once=2):
                assert first.sharers() == 2

            assert first.sharers() == 1

    def test_the_lease_of_a_killed_process_is_taken_over(self, store, asking):
        asked = {process.pid: process for process in (asking() for _ in range(3))}
        assert wait_until(lambda: len(holders(store)) == 2, 60)
        killed = (holders(store) or set(asked)).pop()

        asked[killed].kill()

        # A lease of a second may run out in a stall, too, and change its holder: these two in the end.
        assert wait_until(lambda: holders(store) == asked.keys() - {killed}, 60)


# As beat has it: whoever finds all turns taken asks again.
ASK = """
import os, time
from datetime import timedelta
import redis
from orders import turns
store = redis.Redis.from_url(os.environ["REDIS_URL"])
while True:
    with turns.take(store, "job", length=timedelta(minutes=1), lease=timedelta(seconds=1), at_once=2) as turn:
        while turn and turn.goes_on():
            time.sleep(0.02)
    time.sleep(0.05)
"""


@pytest.fixture
def asking(store):
    """Start a process that asks for one of two turns, again and again."""
    started = []

    def start():
        started.append(subprocess.Popen([sys.executable, "-c", ASK]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def holders(store):
    held = store.mget(turns.lease_keys("job", 2))
    return {int(token.split(b":")[0]) for token in held if token}


class TestGoesOn:
    def test_until_its_time_is_over(self, store):
        with take(store, "job", length=LONG) as turn:
            assert turn.goes_on()
            turn.ends_at -= LONG.total_seconds()
            assert not turn.goes_on()

    def test_renews_the_lease_as_it_goes(self, store):
        with take(store, "job", length=2 * LONG, lease=LONG) as turn:
            assert turn.goes_on()
            store.pexpire(turn.key, 30_000)
            assert turn.goes_on()
            assert store.pttl(turn.key) <= 30_000

            # A third of the lease later.
            turn.renew_at -= LONG.total_seconds() / 3
            assert turn.goes_on()

            assert store.pttl(turn.key) > 30_000

    def test_not_when_somebody_else_has_the_turn(self, store):
        with take(store, "job", length=LONG) as turn:
            store.set("spillway:turn:job", "somebody else")
            assert not turn.goes_on()

    def test_ends_at_sigterm_between_two_steps(self, store):
        before = signal.getsignal(signal.SIGTERM)

        with take(store, "job", length=LONG) as turn:
            assert turn.goes_on()
            os.kill(os.getpid(), signal.SIGTERM)
            assert not turn.goes_on()

        assert signal.getsignal(signal.SIGTERM) is before

    def test_ends_when_the_worker_shuts_down(self, store, monkeypatch):
        with take(store, "job", length=LONG) as turn:
            monkeypatch.setattr(turns._stopping, "value", 1)
            assert not turn.goes_on()

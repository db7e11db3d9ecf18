"""One process at a time, and never for ever."""

import os
import signal
import time
from datetime import timedelta

from orders import turns

LONG = timedelta(minutes=1)


class TestTake:
    def test_only_one_has_the_turn(self, store):
        with (
            turns.take(store, "job", length=LONG) as first,
            turns.take(store, "job", length=LONG) as second,
            turns.take(store, "another", length=LONG) as other,
        ):
            assert first and other
            assert second is None

    def test_the_turn_is_free_when_it_was_left(self, store):
        with turns.take(store, "job", length=LONG):
            pass

        with turns.take(store, "job", length=LONG) as again:
            assert again

    def test_the_turn_of_a_dead_process_runs_out(self, store):
        turns.Turn(store, "spillway:turn:job", 0, timedelta(milliseconds=30)).begin()
        time.sleep(0.05)

        with turns.take(store, "job", length=LONG) as turn:
            assert turn

    def test_a_turn_that_ran_out_does_not_free_its_successors(self, store):
        short = timedelta(milliseconds=30)
        with turns.take(store, "job", length=LONG, lease=short):
            time.sleep(0.05)
            successor = turns.Turn(store, "spillway:turn:job", 0, LONG)
            successor.begin()

        assert store.get("spillway:turn:job") == successor.token.encode()


class TestGoesOn:
    def test_until_its_time_is_over(self, store):
        with turns.take(store, "job", length=timedelta(milliseconds=30)) as turn:
            assert turn.goes_on()
            time.sleep(0.05)
            assert not turn.goes_on()

    def test_renews_the_lease_as_it_goes(self, store):
        with turns.take(store, "job", length=LONG, lease=timedelta(milliseconds=90)) as turn:
            for _ in range(6):
                time.sleep(0.03)
                assert turn.goes_on()

    def test_not_when_somebody_else_has_the_turn(self, store):
        with turns.take(store, "job", length=LONG) as turn:
            store.set("spillway:turn:job", "somebody else")
            assert not turn.goes_on()

    def test_ends_at_sigterm_between_two_steps(self, store):
        before = signal.getsignal(signal.SIGTERM)

        with turns.take(store, "job", length=LONG) as turn:
            assert turn.goes_on()
            os.kill(os.getpid(), signal.SIGTERM)
            assert not turn.goes_on()

        assert signal.getsignal(signal.SIGTERM) is before

    def test_ends_when_the_worker_shuts_down(self, store, monkeypatch):
        with turns.take(store, "job", length=LONG) as turn:
            monkeypatch.setattr(turns._stopping, "value", 1)
            assert not turn.goes_on()

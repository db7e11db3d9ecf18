"""The drain's pace: up step by step, down by a share, and never out of its bounds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pace import LEAST_QUIET, Limits, Pace, follow

LIMITS = Limits(ceiling=500, floor=50, tolerance=2.0)
QUIET = 0.002
SLOW = 0.010

latencies = st.floats(0, 10)
rates = st.floats(LIMITS.floor, LIMITS.ceiling)
paces = st.builds(Pace, rate=rates, quiet=st.floats(0, 0.1))


def drain(pace, felt, *, is_draining=True, limits=LIMITS):
    return follow(pace, felt=felt, is_draining=is_draining, limits=limits)


class TestFollow:
    @given(paces, latencies, st.booleans())
    def test_keeps_between_floor_and_ceiling(self, pace, felt, is_draining):
        after = drain(pace, felt, is_draining=is_draining)

        assert LIMITS.floor <= after.rate <= LIMITS.ceiling

    @given(paces, latencies)
    def test_rises_by_one_step_or_falls_by_half_at_most(self, pace, felt):
        after = drain(pace, felt)

        assert pace.rate * 0.5 <= after.rate <= pace.rate + 0.05 * LIMITS.ceiling + 1e-9

    @given(rates)
    def test_falls_while_the_database_is_slow_until_the_floor(self, rate):
        after = drain(Pace(rate, QUIET), SLOW)

        assert after.rate < rate or rate == LIMITS.floor

    @given(rates)
    def test_rises_while_it_is_quick_until_the_ceiling(self, rate):
        after = drain(Pace(rate, QUIET), QUIET)

        assert after.rate > rate or rate == LIMITS.ceiling

    @given(paces, latencies, latencies)
    def test_a_slower_database_never_gets_more(self, pace, one, other):
        slower, quicker = max(one, other), min(one, other)

        assert drain(pace, slower).rate <= drain(pace, quicker).rate

    @given(paces, st.lists(latencies, max_size=50))
    def test_a_drain_never_gets_used_to_a_slow_database(self, pace, felt):
        quiet = pace.quiet
        for each in felt:
            pace = drain(pace, each)

        assert pace.quiet <= quiet

    @given(paces, latencies)
    def test_what_is_quiet_is_learned_while_nothing_is_drained(self, pace, felt):
        for _ in range(300):
            pace = drain(pace, felt, is_draining=False)

        assert pace.quiet == pytest.approx(felt, rel=0.01, abs=0.001)

    @given(rates, rates)
    def test_two_drainers_of_one_database_come_to_the_same_rate(self, one, other):
        first, second = Pace(one, QUIET), Pace(other, QUIET)
        for _ in range(200):
            felt = SLOW if first.rate + second.rate > 600 else QUIET
            first, second = drain(first, felt), drain(second, felt)

        assert first.rate == pytest.approx(second.rate, rel=0.05)

    @given(st.floats(100, 450))
    def test_settles_below_what_the_database_can_do(self, capacity):
        pace, seen = Pace(LIMITS.ceiling, QUIET), []
        for _ in range(200):
            felt = QUIET if pace.rate < capacity else QUIET * 3
            pace = drain(pace, felt)
            seen.append(pace.rate)

        settled = seen[20:]
        assert sum(settled) / len(settled) > 0.6 * capacity
        assert max(settled) <= capacity + 0.05 * LIMITS.ceiling

    def test_differences_that_nobody_feels_do_not_count(self):
        assert drain(Pace(100, 1e-6), LEAST_QUIET).rate > 100

    @given(paces)
    def test_a_lowered_ceiling_holds_at_once(self, pace):
        lowered = replace(LIMITS, ceiling=60.0)

        assert drain(pace, QUIET, limits=lowered).rate <= 60


class TestLimits:
    @pytest.mark.parametrize("changes", [{"floor": 0}, {"floor": 501}, {"tolerance": 1.0}])
    def test_that_nobody_can_keep_are_refused(self, changes):
        with pytest.raises(ValueError, match=str(next(iter(changes.values())))):
            replace(LIMITS, **changes)

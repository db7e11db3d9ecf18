"""Who is let in, and how much each may ask for."""

import pytest

from live import admission, codes
from live.admission import Allowance, Door


class TestDoor:
    def test_lets_in_so_many_and_again_when_one_leaves(self):
        door = Door(most=2, most_of_one=2)

        assert [door.enter("a"), door.enter("b"), door.enter("c")] == [None, None, codes.FULL]
        door.leave("b")

        assert door.enter("c") is None

    def test_lets_in_so_many_of_one_address(self):
        door = Door(most=9, most_of_one=2)

        assert [door.enter("a") for _ in range(3)] == [None, None, codes.CROWDED]
        assert door.enter("b") is None

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("2001:db8::1", "2001:db8::ffff:1", True),
            ("2001:db8::1", "2001:db8:0:1::1", False),
            ("fe80::1%eth0", "fe80::2", True),
            ("192.0.2.1", "192.0.2.2", False),
            ("not: an address", "not: an address", True),
        ],
    )
    def test_counts_the_network_that_one_subscriber_has(self, one, other, same):
        door = Door(most=9, most_of_one=1)
        door.enter(one)

        assert door.enter(other) is (codes.CROWDED if same else None)


class TestAllowance:
    def test_a_burst_and_then_so_many_a_second(self):
        allowance = Allowance(now=0)

        assert allowance.spend(int(admission.BURST), now=0)
        assert allowance.spend(int(admission.A_SECOND), now=1)
        assert not allowance.spend(int(admission.A_SECOND), now=1.5)

    def test_a_long_silence_saves_up_no_more_than_a_burst(self):
        allowance = Allowance(now=0)

        assert not allowance.spend(int(admission.BURST) + 1, now=9999)

"""A key that the shop, or an earlier sale, has answered: every store gives that answer again."""

from dataclasses import replace

import pytest

from fastpath_lambda.ledger import KeyConflict
from fastpath_lambda.rules import State
from tests.fastpath.world import ask, loaded


class TestAKeyAskedBeforeTheSale:
    @pytest.fixture
    def before(self, ledger):
        claim = replace(ledger.take(loaded(ledger, units=5), ask("alice")), generation=0, order_id="before")
        ledger.remember("lamp", [claim], keep_for=60)
        return claim

    def test_gets_that_answer_and_takes_nothing(self, ledger, before):
        sale = ledger.get_sale("lamp")
        again = replace(ask("alice", attempt=2), earlier=((9, "other"), (0, "before")))

        assert ledger.take(sale, again) == before
        assert ledger.count("lamp", 1).left == {"LAMP": 4}

    def test_gets_it_while_nobody_can_buy(self, ledger, before):
        ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])
        again = replace(ask("alice", attempt=2), earlier=((0, "before"),))

        assert ledger.take(ledger.get_sale("lamp"), again) == before

    def test_with_another_body_is_a_conflict(self, ledger, before):
        other = replace(ask("alice", attempt=2, body="another"), earlier=((0, "before"),))

        assert ledger.take(ledger.get_sale("lamp"), other) == KeyConflict()

    def test_another_key_takes(self, ledger, before):
        request = replace(ask("bob"), earlier=((0, "not before"),))

        assert ledger.take(ledger.get_sale("lamp"), request).number == 2
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

"""One promise, every store: what is taken, by whom, when, and what a repeat is answered."""

from dataclasses import replace

import pytest

from fastpath_lambda import claims
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import KeyConflict, Stale
from fastpath_lambda.rules import Refusal, State
from fastpath_lambda.stores.memory import MemoryLedger
from tests.fastpath.world import A_MINUTE, NaiveLedger, ask, at_once, loaded, make_sale, now, race, release


def claimed(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Claim)]


class TestTake:
    def test_gives_a_claim_with_all_the_order_needs(self, ledger):
        sale = loaded(ledger)

        claim = ledger.take(sale, ask("alice", 2))

        assert (claim.number, claim.sku, claim.quantity, claim.unit_price) == (1, "LAMP", 2, "149.99")
        assert abs(claim.accepted_at - now()) < A_MINUTE
        assert claims.from_json(claims.to_json(claim)) == claim

    def test_numbers_claims_without_a_gap(self, ledger):
        sale = loaded(ledger)

        taken = [ledger.take(sale, ask(buyer)) for buyer in ("alice", "bob", "carol")]

        assert [claim.number for claim in taken] == [1, 2, 3]

    def test_never_takes_more_than_there_is(self, ledger):
        sale = loaded(ledger, units=1)
        ledger.take(sale, ask("alice"))

        assert ledger.take(sale, ask("bob")) is Refusal.SOLD_OUT

    def test_gives_nothing_rather_than_a_part(self, ledger):
        sale = loaded(ledger, units=1)

        assert ledger.take(sale, ask("alice", 2)) is Refusal.SOLD_OUT
        assert ledger.count("lamp", 1).left == {"LAMP": 1}

    def test_counts_the_limit_over_all_of_a_buyers_requests(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice", 2, attempt=1))

        assert ledger.take(sale, ask("alice", 1, attempt=2)) is Refusal.OVER_LIMIT
        assert isinstance(ledger.take(sale, ask("bob")), Claim)

    def test_counts_the_limit_over_all_skus(self, ledger):
        sale = loaded(ledger, prices={"LAMP": "1", "LAMP-XL": "2"})
        ledger.take(sale, ask("alice", 2))

        assert ledger.take(sale, ask("alice", 1, attempt=2, sku="LAMP-XL")) is Refusal.OVER_LIMIT

    def test_refuses_an_sku_that_is_not_on_sale(self, ledger):
        sale = loaded(ledger)

        assert ledger.take(sale, ask(sku="CHAIR")) is Refusal.BAD_REQUEST

    def test_takes_units_of_one_sku_alone(self, ledger):
        sale = loaded(ledger, prices={"LAMP": "1", "LAMP-XL": "2"})

        ledger.take(sale, ask("alice", sku="LAMP-XL"))

        assert ledger.count("lamp", 1).left == {"LAMP": 3, "LAMP-XL": 2}


class TestAccounts:
    def test_are_limited_whatever_e_mail_they_write(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice", 2, account=17))

        assert ledger.take(sale, ask("bob", account=17)) is Refusal.OVER_LIMIT

    def test_are_limited_by_e_mail_too(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice", 2))

        assert ledger.take(sale, ask("alice", attempt=2, account=17)) is Refusal.OVER_LIMIT

    def test_do_not_count_against_each_other(self, ledger):
        sale = loaded(ledger, units=9)
        ledger.take(sale, ask("alice", 2, account=17))

        assert isinstance(ledger.take(sale, ask("bob", 2, account=18)), Claim)
        assert isinstance(ledger.take(sale, ask("carol", 2)), Claim)

    def test_are_not_counted_where_nothing_was_taken(self, ledger):
        sale = loaded(ledger, units=1)
        assert ledger.take(sale, ask("alice", 2, account=17)) is Refusal.SOLD_OUT

        assert isinstance(ledger.take(sale, ask("bob", account=17)), Claim)

    def test_stand_in_the_claim(self, ledger):
        sale = loaded(ledger)

        taken = ledger.take(sale, ask("alice", account=17))

        assert taken.account == 17
        assert ledger.find("lamp", 1, taken.order_id) == taken
        assert ledger.count("lamp", 1).pending == (taken,)

    def test_make_no_conflict_of_a_repeat(self, ledger):
        sale = loaded(ledger)
        first = ledger.take(sale, ask("alice"))

        assert ledger.take(sale, ask("alice", account=17)) == first
        assert isinstance(ledger.take(sale, ask("bob", 2, account=17)), Claim)

    def test_get_their_units_of_the_limit_back(self, ledger):
        sale = loaded(ledger)
        taken = ledger.take(sale, ask("alice", 2, account=17))

        ledger.give_back(release(taken))
        ledger.give_back(release(taken))

        assert isinstance(ledger.take(sale, ask("alice", attempt=2, account=17)), Claim)
        assert isinstance(ledger.take(sale, ask("bob", account=17)), Claim)
        assert ledger.take(sale, ask("carol", account=17)) is Refusal.OVER_LIMIT

    def test_get_no_more_than_the_limit_at_once(self, ledger):
        sale = loaded(ledger, units=50)

        outcomes = race(ledger, [ask(f"buyer-{n}", account=17) for n in range(20)], sale=sale)

        assert len(claimed(outcomes)) == 2


class TestRepeat:
    def test_gives_the_first_answer_and_takes_nothing(self, ledger):
        sale = loaded(ledger)
        first = ledger.take(sale, ask("alice"))

        assert ledger.take(sale, ask("alice")) == first
        assert ledger.count("lamp", 1).left == {"LAMP": 2}

    @pytest.mark.parametrize("state", [State.PAUSED, State.CLOSING, State.CLOSED])
    def test_gives_the_first_answer_when_nobody_else_can_buy(self, ledger, state):
        sale = loaded(ledger)
        first = ledger.take(sale, ask("alice"))
        ledger.move("lamp", 1, to=state, allowed_from=[State.OPEN])

        assert ledger.take(sale, ask("alice")) == first

    def test_gives_the_first_answer_when_all_is_sold(self, ledger):
        sale = loaded(ledger, units=1)
        first = ledger.take(sale, ask("alice"))

        assert ledger.take(sale, ask("alice")) == first

    def test_with_another_body_is_a_conflict(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice"))

        assert ledger.take(sale, ask("alice", body="another")) == KeyConflict()
        assert ledger.count("lamp", 1).left == {"LAMP": 2}

    def test_of_a_refusal_is_asked_anew(self, ledger):
        sale = loaded(ledger, state=State.ARMED)
        assert ledger.take(sale, ask("alice")) is Refusal.NOT_OPEN
        ledger.move("lamp", 1, to=State.OPEN, allowed_from=[State.ARMED])

        assert isinstance(ledger.take(sale, ask("alice")), Claim)


class TestWindow:
    def test_opens_by_the_ledgers_own_clock(self, ledger):
        sale = loaded(ledger, state=State.ARMED, opens_at=now() - A_MINUTE)

        assert isinstance(ledger.take(sale, ask("alice")), Claim)
        assert ledger.get_sale("lamp").state is State.OPEN

    def test_is_not_open_before(self, ledger):
        sale = loaded(ledger, state=State.ARMED, opens_at=now() + A_MINUTE)

        assert ledger.take(sale, ask("alice")) is Refusal.NOT_OPEN

    def test_is_open_early_when_told_to(self, ledger):
        sale = loaded(ledger, state=State.ARMED, opens_at=now() + A_MINUTE)
        ledger.move("lamp", 1, to=State.OPEN, allowed_from=[State.ARMED])

        assert isinstance(ledger.take(sale, ask("alice")), Claim)

    def test_closes_by_itself(self, ledger):
        sale = loaded(ledger, closes_at=now() - A_MINUTE)

        assert ledger.take(sale, ask("alice")) is Refusal.CLOSED

    @pytest.mark.parametrize(
        ("state", "refusal"),
        [
            (State.ARMED, Refusal.NOT_OPEN),
            (State.PAUSED, Refusal.PAUSED),
            (State.CLOSING, Refusal.CLOSED),
            (State.CLOSED, Refusal.CLOSED),
        ],
    )
    def test_shut_by_the_state(self, ledger, state, refusal):
        sale = loaded(ledger, state=state)

        assert ledger.take(sale, ask("alice")) is refusal

    def test_that_is_over_before_anybody_came_opens_nothing(self, ledger):
        window = {"opens_at": now() - 2 * A_MINUTE, "closes_at": now() - A_MINUTE}
        sale = loaded(ledger, state=State.ARMED, **window)
        seen = ledger.count("lamp", 1).versions

        assert ledger.take(sale, ask()) is Refusal.CLOSED
        assert ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN]) is State.ARMED
        assert ledger.count("lamp", 1).versions == seen


class TestStale:
    def test_is_the_answer_to_an_older_revision(self, ledger):
        sale = loaded(ledger, revision=2)

        assert ledger.take(replace(sale, revision=1), ask("alice")) == Stale()

    def test_is_the_answer_to_another_generation(self, ledger):
        loaded(ledger, generation=2)

        assert ledger.take(make_sale(generation=1), ask("alice")) == Stale()

    def test_is_the_answer_where_nothing_is_loaded(self, ledger):
        assert ledger.take(make_sale(), ask("alice")) == Stale()


class TestRace:
    BUYERS = [ask(f"buyer{number}") for number in range(200)]
    WINDOWS = [ask("alice", attempt=number) for number in range(200)]

    def test_is_real_without_an_atomic_take(self):
        ledger = NaiveLedger(buyers=200)
        sale = loaded(ledger, units=1)

        assert len(claimed(race(ledger, self.BUYERS, sale=sale))) == 200

    def test_of_one_buyers_windows_is_real_without_an_atomic_take(self):
        ledger = NaiveLedger(buyers=200)
        sale = loaded(ledger, units=200)

        assert len(claimed(race(ledger, self.WINDOWS, sale=sale))) == 200

    def test_gives_the_last_unit_to_exactly_one_buyer(self, ledger):
        sale = loaded(ledger, units=1)

        assert len(claimed(race(ledger, self.BUYERS, sale=sale))) == 1
        assert ledger.count("lamp", 1).left == {"LAMP": 0}

    def test_holds_a_buyer_with_many_windows_to_the_limit(self, ledger):
        sale = loaded(ledger, units=200)

        assert len(claimed(race(ledger, self.WINDOWS, sale=sale))) == 2
        assert ledger.count("lamp", 1).left == {"LAMP": 198}

    def test_of_giving_back_is_real_without_an_atomic_step(self):
        ledger = NaiveLedger(buyers=8)
        claim = MemoryLedger.take(ledger, loaded(ledger), ask("alice"))

        at_once([lambda: ledger.give_back(release(claim))] * 8)

        assert ledger.count("lamp", 1).left == {"LAMP": 3 + 7}

    def test_gives_one_orders_units_back_once(self, ledger):
        claim = ledger.take(loaded(ledger), ask("alice"))

        given = at_once([lambda: ledger.give_back(release(claim))] * 8)

        assert given == [1] * 8
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_answers_one_key_once(self, ledger):
        sale = loaded(ledger, units=8)

        outcomes = race(ledger, [ask("alice")] * 8, sale=sale)

        assert len(set(map(repr, outcomes))) == 1
        assert ledger.count("lamp", 1).left == {"LAMP": 7}

"""One promise, every store: units loaded, shifted and given back; intents; the sale moved on and retired."""

import pytest

from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import Stale, Transfer
from fastpath_lambda.rules import Refusal, State
from tests.fastpath.world import A_MINUTE, ask, loaded, make_sale, now, release


class TestLoad:
    def test_is_read_back_whole(self, ledger):
        sale = loaded(ledger, opens_at=now(), closes_at=now() + A_MINUTE, prices={"A": "1.50", "B": "2"})

        assert ledger.get_sale("lamp") == sale

    def test_does_nothing_when_this_generation_is_loaded(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice"))

        assert ledger.load(sale, units={"LAMP": 3}, versions={}) is False
        assert ledger.count("lamp", 1).left == {"LAMP": 2}

    def test_never_brings_a_retired_generation_back(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice"))
        ledger.retire("lamp", 1, keep_for=60)

        assert ledger.load(sale, units={"LAMP": 3}, versions={}) is False

    def test_starts_a_new_generation_with_nobodys_units_counted(self, ledger):
        ledger.take(loaded(ledger), ask("alice", 2))
        ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])

        again = loaded(ledger, generation=2)

        assert ledger.take(again, ask("alice", 2, generation=2)).number == 1

    def test_counts_versions_on_from_the_shops(self, ledger):
        ledger.load(make_sale(), units={"LAMP": 3}, versions={"LAMP": 41})

        assert ledger.count("lamp", 1).versions["LAMP"] > 41

    def test_nothing_is_found_where_nothing_is_loaded(self, ledger):
        assert ledger.get_sale("chair") is None
        assert ledger.find("chair", 1, "an order") is None


class TestShift:
    def transfer(self, quantity, *, id="one", **changes):
        plain = {"product": "lamp", "generation": 1, "id": id, "sku": "LAMP", "quantity": quantity}
        return Transfer(**plain | changes)

    def test_adds_units_that_are_on_sale_at_once(self, ledger):
        sale = loaded(ledger, units=1)
        ledger.take(sale, ask("alice"))

        assert ledger.shift(self.transfer(2)) == 1

        assert ledger.count("lamp", 1).left == {"LAMP": 2}
        assert isinstance(ledger.take(sale, ask("bob", 2)), Claim)

    def test_takes_units_that_nobody_has(self, ledger):
        sale = loaded(ledger, units=3)

        assert ledger.shift(self.transfer(-2)) == 1

        assert ledger.take(sale, ask("alice", 2)) is Refusal.SOLD_OUT
        assert ledger.count("lamp", 1).left == {"LAMP": 1}

    def test_takes_none_where_fewer_are_left(self, ledger):
        sale = loaded(ledger, units=3)
        ledger.take(sale, ask("alice", 2))

        assert ledger.shift(self.transfer(-2)) is Refusal.SOLD_OUT
        assert ledger.count("lamp", 1).left == {"LAMP": 1}

    @pytest.mark.parametrize("units", [2, -2])
    def test_again_gives_the_first_answer_and_moves_nothing(self, ledger, units):
        loaded(ledger, units=3)
        first = ledger.shift(self.transfer(units))
        ledger.settle("lamp", 1, ["one"])

        assert ledger.shift(self.transfer(units)) == first
        assert ledger.count("lamp", 1).left == {"LAMP": 3 + units}

    def test_is_counted_as_open_until_settled(self, ledger):
        loaded(ledger)
        number = ledger.shift(self.transfer(1))
        assert ledger.count("lamp", 1).given_back == {"one"}
        assert ledger.count("lamp", 1).last_given_back == number

        ledger.settle("lamp", 1, ["one"])

        assert ledger.count("lamp", 1).given_back == frozenset()

    def test_shows_viewers_a_newer_version(self, ledger):
        loaded(ledger)
        before = ledger.count("lamp", 1).versions["LAMP"]
        ledger.shift(self.transfer(1))

        assert ledger.count("lamp", 1).versions["LAMP"] == before + 1

    def test_has_no_place_where_the_sale_is_not_loaded_or_over(self, ledger):
        assert ledger.shift(self.transfer(1)) is None
        loaded(ledger)
        assert ledger.shift(self.transfer(1, sku="LAMP-XL")) is None
        assert ledger.shift(self.transfer(1, generation=2)) is None
        ledger.move("lamp", 1, to=State.CLOSED, allowed_from=list(State))
        assert ledger.shift(self.transfer(1)) is None


class TestMove:
    def test_moves_from_an_allowed_state(self, ledger):
        loaded(ledger)

        assert ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN]) is State.PAUSED
        assert ledger.get_sale("lamp").state is State.PAUSED

    def test_stays_where_it_may_not(self, ledger):
        loaded(ledger, state=State.CLOSED)

        assert ledger.move("lamp", 1, to=State.OPEN, allowed_from=[State.ARMED]) is State.CLOSED

    def test_sees_that_the_time_to_open_has_come(self, ledger):
        loaded(ledger, state=State.ARMED, opens_at=now() - A_MINUTE)

        assert ledger.move("lamp", 1, to=State.CLOSING, allowed_from=[State.PAUSED]) is State.OPEN

    def test_says_closed_of_what_is_not_loaded(self, ledger):
        assert ledger.move("lamp", 1, to=State.OPEN, allowed_from=list(State)) is State.CLOSED

    def test_shows_viewers_a_newer_version(self, ledger):
        loaded(ledger)
        before = ledger.count("lamp", 1).versions["LAMP"]

        ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])

        assert ledger.count("lamp", 1).versions["LAMP"] == before + 1

    def test_shows_nothing_new_where_viewers_would_see_the_same(self, ledger):
        loaded(ledger, state=State.CLOSING)
        before = ledger.count("lamp", 1).versions

        ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.CLOSING])

        assert ledger.count("lamp", 1).versions == before


class TestIntents:
    def test_are_due_until_confirmed(self, ledger):
        sale = loaded(ledger)
        first, second = (ledger.take(sale, ask(buyer)) for buyer in ("alice", "bob"))

        ledger.confirm("lamp", 1, [first.order_id])

        assert ledger.due("lamp", 1, older_than_ms=0, limit=10) == [second]
        assert ledger.count("lamp", 1).pending == (second,)

    def test_are_not_due_when_just_handed_over(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice"))

        assert ledger.due("lamp", 1, older_than_ms=60_000, limit=10) == []

    def test_are_marked_as_handed_over_when_given(self, ledger):
        sale = loaded(ledger)
        for buyer in ("alice", "bob", "carol"):
            ledger.take(sale, ask(buyer))

        given = [len(ledger.due("lamp", 1, older_than_ms=0, limit=2)) for _ in range(2)]

        assert given == [2, 2]

    def test_confirmed_leave_the_claim_for_repeats_and_status(self, ledger):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice"))

        ledger.confirm("lamp", 1, [claim.order_id, "of somebody else"])
        ledger.confirm("lamp", 1, [])

        assert ledger.find("lamp", 1, claim.order_id) == claim
        assert ledger.take(sale, ask("alice")) == claim

    def test_of_many_claims_are_all_counted(self, ledger):
        sale = loaded(ledger, units=1200)
        for number in range(1010):
            ledger.take(sale, ask(f"buyer{number}"))

        count = ledger.count("lamp", 1)

        assert (count.left, count.last_number, len(count.pending)) == ({"LAMP": 190}, 1010, 1010)


class TestGiveBack:
    def test_puts_the_units_on_sale_again(self, ledger):
        sale = loaded(ledger, units=2)
        claim = ledger.take(sale, ask("alice", 2))

        assert ledger.give_back(release(claim)) == 1

        assert ledger.count("lamp", 1).left == {"LAMP": 2}
        assert isinstance(ledger.take(sale, ask("bob", 2)), Claim)

    def test_again_gives_the_first_answer_and_no_unit(self, ledger):
        sale = loaded(ledger)
        first, second = (ledger.take(sale, ask(buyer)) for buyer in ("alice", "bob"))
        order = (first, second, first, second, first)

        given = [ledger.give_back(release(claim)) for claim in order]

        assert given == [1, 2, 1, 2, 1]
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_stays_once_when_it_is_settled(self, ledger):
        claim = ledger.take(loaded(ledger), ask("alice"))
        ledger.give_back(release(claim))
        ledger.settle("lamp", 1, [claim.order_id])
        ledger.settle("lamp", 1, [claim.order_id])

        assert ledger.give_back(release(claim)) == 1
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_frees_that_much_of_the_buyers_limit(self, ledger):
        sale = loaded(ledger)
        ledger.take(sale, ask("alice", 1, attempt=1))
        claim = ledger.take(sale, ask("alice", 1, attempt=2))
        ledger.give_back(release(claim))

        assert isinstance(ledger.take(sale, ask("alice", 1, attempt=3)), Claim)
        assert ledger.take(sale, ask("alice", 1, attempt=4)) is Refusal.OVER_LIMIT

    def test_keeps_the_claim_for_repeats(self, ledger):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice"))
        ledger.give_back(release(claim))

        assert ledger.take(sale, ask("alice")) == claim
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    @pytest.mark.parametrize("state", [State.PAUSED, State.CLOSING, State.CLOSED])
    def test_counts_when_nobody_can_buy(self, ledger, state):
        claim = ledger.take(loaded(ledger), ask("alice"))
        ledger.move("lamp", 1, to=state, allowed_from=[State.OPEN])

        assert ledger.give_back(release(claim)) == 1
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_is_counted_as_open_until_settled(self, ledger):
        sale = loaded(ledger)
        claims = [ledger.take(sale, ask(buyer)) for buyer in ("alice", "bob")]
        for claim in claims:
            ledger.give_back(release(claim))
        ledger.settle("lamp", 1, [claims[0].order_id, "of somebody else"])
        ledger.settle("lamp", 1, [])

        count = ledger.count("lamp", 1)

        assert (count.last_given_back, count.given_back) == (2, {claims[1].order_id})

    def test_shows_viewers_a_newer_version(self, ledger):
        claim = ledger.take(loaded(ledger), ask("alice"))
        before = ledger.count("lamp", 1).versions["LAMP"]

        ledger.give_back(release(claim))

        assert ledger.count("lamp", 1).versions["LAMP"] == before + 1

    def test_has_no_place_where_the_generation_or_the_sku_is_not_on_sale(self, ledger):
        claim = ledger.take(loaded(ledger), ask("alice"))

        assert ledger.give_back(release(claim, sku="CHAIR")) is None
        ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])
        loaded(ledger, generation=2)
        assert ledger.give_back(release(claim)) is None
        assert ledger.give_back(release(claim, product="chair")) is None


class TestRetire:
    def test_forgets_the_sale_and_keeps_its_claims(self, ledger):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice"))

        ledger.retire("lamp", 1, keep_for=60)

        assert ledger.get_sale("lamp") is None
        assert ledger.find("lamp", 1, claim.order_id) == claim
        assert ledger.take(sale, ask("alice")) == claim
        assert ledger.take(sale, ask("bob")) == Stale()

    def test_of_an_older_generation_leaves_the_newer_one(self, ledger):
        loaded(ledger)
        ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])
        again = loaded(ledger, generation=2)

        ledger.retire("lamp", 1, keep_for=60)

        assert ledger.get_sale("lamp") == again

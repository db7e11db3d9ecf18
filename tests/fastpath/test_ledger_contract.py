"""The promise of ledger.py, held against every store."""

from dataclasses import replace

import pytest

from fastpath_lambda import claims
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import EPOCH, KeyConflict, Stale, Transfer
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


@pytest.fixture
def lose(ledger, request):
    """The store is wiped; in memory that is what a new process has."""

    def wipe():
        if isinstance(ledger, MemoryLedger):
            ledger.__init__()
        else:
            request.getfixturevalue("store").flushall()

    return wipe


class TestRebuild:
    def rebuild(self, ledger, sale, kept=(), *, units, given_back=(), epoch=1):
        ledger.recall("lamp", 1, kept, given_back=given_back)
        return ledger.load(sale, units={"LAMP": units}, versions={}, epoch=epoch)

    def test_a_lost_ledger_takes_nothing(self, ledger, lose):
        sale = loaded(ledger)
        lose()

        assert ledger.take(sale, ask()) == Stale()

    def test_answers_what_was_ordered_before_with_the_first_claim(self, ledger, lose):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice", 2))
        lose()

        assert self.rebuild(ledger, sale, [claim], units=1)

        assert ledger.take(sale, ask("alice", 2)) == claim
        assert ledger.count("lamp", 1).pending == ()

    def test_counts_it_against_its_buyers_limit(self, ledger, lose):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice", 2))
        lose()
        self.rebuild(ledger, sale, [claim], units=1)

        assert ledger.take(sale, ask("alice", 1, attempt=2)) is Refusal.OVER_LIMIT
        assert isinstance(ledger.take(sale, ask("bob")), Claim)

    def test_gives_back_once_over_all_epochs(self, ledger, lose):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice", 2))
        lose()
        self.rebuild(ledger, sale, [claim], units=3, given_back=[claim.order_id])

        ledger.give_back(release(claim))

        assert ledger.count("lamp", 1).left == {"LAMP": 3}
        assert isinstance(ledger.take(sale, ask("alice", 2, attempt=2)), Claim)

    def test_numbers_on_in_an_epoch_of_its_own(self, ledger, lose):
        sale = loaded(ledger)
        kept = ledger.take(sale, ask("alice"))
        lose()
        self.rebuild(ledger, sale, [kept], units=2, epoch=2)

        assert ledger.take(sale, ask("bob")).number == 2 * EPOCH + 1
        assert ledger.give_back(release(kept)) == 2 * EPOCH + 1

    def test_begun_again_after_a_crash_counts_nothing_twice(self, ledger, lose):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice"))
        lose()
        ledger.recall("lamp", 1, [claim])
        self.rebuild(ledger, sale, [claim], units=2)

        assert isinstance(ledger.take(sale, ask("alice", attempt=2)), Claim)

    def test_leaves_a_loaded_generation_alone(self, ledger):
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice"))

        assert not self.rebuild(ledger, sale, units=3)

        assert ledger.count("lamp", 1).left == {"LAMP": 2}
        assert ledger.take(sale, ask("alice")) == claim

    def test_of_many_claims_keeps_all(self, ledger, lose):
        sale = loaded(ledger, units=450)
        kept = [ledger.take(sale, ask(f"buyer-{number}")) for number in range(450)]
        lose()
        self.rebuild(ledger, sale, kept, units=0)

        assert all(ledger.find("lamp", 1, claim.order_id) == claim for claim in kept)


class TestAdopt:
    @pytest.fixture
    def late(self, ledger, lose):
        """Alice's claim of two, which an older epoch gave; three are left in this one."""
        sale = loaded(ledger)
        claim = ledger.take(sale, ask("alice", 2))
        lose()
        ledger.recall("lamp", 1, [])
        ledger.load(sale, units={"LAMP": 3}, versions={}, epoch=1)
        return claim

    def test_takes_its_units_under_a_number_of_this_epoch(self, ledger, late):
        adopted = ledger.adopt(late)

        assert adopted == replace(late, number=EPOCH + 1)
        count = ledger.count("lamp", 1)
        assert (count.left, count.pending, count.last_number) == ({"LAMP": 1}, (adopted,), EPOCH + 1)

    def test_again_is_the_same_and_no_unit(self, ledger, late):
        adopted = ledger.adopt(late)

        assert ledger.adopt(late) == ledger.adopt(adopted) == adopted
        assert ledger.count("lamp", 1).left == {"LAMP": 1}

    def test_counts_against_the_limit_of_its_buyers_account_too(self, ledger, late):
        ledger.adopt(replace(late, account=7))

        again = replace(ask("alias"), account=7)
        assert ledger.take(make_sale(), again) is Refusal.OVER_LIMIT

    def test_counts_against_the_limit_and_answers_repeats(self, ledger, late):
        adopted = ledger.adopt(late)

        assert ledger.take(make_sale(), ask("alice", 2)) == adopted
        assert ledger.take(make_sale(), ask("alice", attempt=2)) is Refusal.OVER_LIMIT

    def test_finds_nothing_where_others_have_the_units(self, ledger, late):
        for buyer in ("bob", "carol"):
            ledger.take(make_sale(), ask(buyer))

        assert ledger.adopt(late) is Refusal.SOLD_OUT
        assert ledger.count("lamp", 1).left == {"LAMP": 1}

    @pytest.mark.parametrize("state", [State.PAUSED, State.CLOSING])
    def test_does_not_wait_until_others_can_buy(self, ledger, late, state):
        ledger.move("lamp", 1, to=state, allowed_from=list(State))

        assert isinstance(ledger.adopt(late), Claim)

    def test_shows_viewers_a_newer_version(self, ledger, late):
        before = ledger.count("lamp", 1).versions["LAMP"]
        ledger.adopt(late)

        assert ledger.count("lamp", 1).versions["LAMP"] == before + 1

    def test_has_no_place_where_the_sale_is_not_loaded_or_over(self, ledger, late, lose):
        assert ledger.adopt(replace(late, generation=2)) is None
        assert ledger.adopt(replace(late, sku="LAMP-XL")) is None
        ledger.move("lamp", 1, to=State.CLOSED, allowed_from=list(State))
        assert ledger.adopt(late) is None
        lose()
        assert ledger.adopt(late) is None


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

"""One promise, every store: put together again after it was lost, and claims that turn up later."""

from dataclasses import replace

import pytest

from fastpath_lambda import keys
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import EPOCH, Stale
from fastpath_lambda.rules import Refusal, State
from fastpath_lambda.stores.memory import MemoryLedger
from tests.fastpath.world import ask, loaded, make_sale, release


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


class TestWhatTheShopAnswered:
    def test_is_found_beside_the_sale_and_is_none_of_its_units(self, ledger):
        sale = loaded(ledger)
        by_the_shop = replace(ledger.take(sale, ask("alice")), generation=0, order_id="before")
        counted = ledger.count("lamp", 1)

        assert ledger.remember("lamp", [by_the_shop], keep_for=60) == 1

        assert ledger.find("lamp", 0, "before") == by_the_shop
        assert ledger.find("lamp", 1, "before") is None
        assert ledger.count("lamp", 1) == counted

    def test_of_many_is_kept_whole_and_not_for_ever(self, ledger, request):
        claim = ledger.take(loaded(ledger), ask("alice"))
        many = [replace(claim, generation=0, order_id=f"before-{number}") for number in range(450)]

        assert ledger.remember("lamp", [], keep_for=60) == 0
        assert ledger.remember("lamp", many, keep_for=60) == 450

        assert all(ledger.find("lamp", 0, claim.order_id) for claim in many)
        if not isinstance(ledger, MemoryLedger):
            assert 0 < request.getfixturevalue("store").ttl(keys.claims("lamp", 0)) <= 60

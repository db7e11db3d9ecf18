"""Redis wiped in the middle of a sale: takes stop, and the ledger is made anew from what can be known."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from edge import lifecycle, queries
from edge.lifecycle import CannotChange, rebuilding
from edge.models import SaleChange
from fastpath_lambda import keys
from fastpath_lambda.claims import to_json
from fastpath_lambda.ledger import EPOCH
from fastpath_lambda.rules import Refusal, State
from orders import drain, releasing, workflow
from orders.losses import LedgerLoss
from orders.models import DeadLetter, Order
from shop.models import Allotment, Stock
from tests.edge.losing import balance, pass_by, place_late, queue, rebuild, state  # noqa: F401

pytestmark = pytest.mark.django_db
PLACED = Order.Status.PLACED
LATER = timedelta(seconds=3)


class TestLoss:
    def test_stops_takes_at_once_and_is_found_within_a_second(self, open_sale, ledger, store, take):
        sale = open_sale(units=3)
        loaded = ledger.get_sale("lamp")
        store.flushall()

        pass_by()

        assert (ledger.get_sale("lamp"), state()) == (None, "paused")
        assert sale.ledger_losses.get().rebuilt_at is None
        assert store.exists(keys.whole()) == 0
        assert loaded is not None

    def test_is_written_down_with_who_found_it(self, open_sale, store):
        open_sale()
        store.flushall()

        rebuild()

        changes = SaleChange.objects.order_by("id").values_list("action", "to_state", "by")
        assert list(changes)[-2:] == [("lost", "paused", "schedule"), ("rebuilt", "paused", "schedule")]

    def test_waits_for_what_is_in_the_buffer(self, open_sale, ledger, store, take, queue):  # noqa: F811
        open_sale(units=3)
        queue.send(to_json(take()))
        store.flushall()

        rebuild()
        assert ledger.get_sale("lamp") is None
        with pytest.raises(CannotChange, match="1 claims are in the buffer still"):
            lifecycle.resume("lamp", by="ada")

        pass_by(seconds=rebuilding.LONGEST_WAIT.total_seconds() + 1)
        assert ledger.get_sale("lamp").state is State.PAUSED

    def test_of_nothing_is_not_taken_for_one(self, open_sale, make_product, make_plan, store, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr("edge.lifecycle.arming.finish", lambda sale, by: None)
            make_plan(product=make_product("torch"))
            lifecycle.arm("torch", by="ada")
        open_sale()

        pass_by()

        assert not LedgerLoss.objects.exists()
        assert store.exists(keys.whole()) == 1


class TestRebuild:
    def test_has_left_what_is_neither_ordered_nor_on_its_way(
        self, open_sale, make_product, ledger, store, take
    ):
        open_sale(product=make_product(stock=20), units=20)
        claims = [take() for _ in range(6)]
        drain.write_claims(claims)
        workflow.cancel([claim.order_id for claim in claims[:3]], allowed_from=PLACED)
        written_off, in_ledger_only, _ = releasing._on_their_way(Allotment.objects.get())
        number = ledger.give_back(releasing.as_rules(written_off))
        releasing.write_off(written_off, number)
        ledger.give_back(releasing.as_rules(in_ledger_only))
        store.flushall()

        rebuild()

        assert balance() == (15, 0, 3, 2)
        assert releasing.settle_all(ledger) == 2
        assert balance() == (17, 0, 3, 0)
        ledger.give_back(releasing.as_rules(written_off))
        assert balance() == (17, 0, 3, 0)

    def test_stays_paused_until_ops_resume_it(self, open_sale, ledger, store, take):
        open_sale(units=3)
        store.flushall()
        rebuild()
        assert take() is Refusal.PAUSED

        lifecycle.resume("lamp", by="ada")

        assert take().number == EPOCH + 1
        assert (state(), balance()) == ("open", (2, 1, 0, 0))

    def test_answers_repeats_and_holds_limits(self, open_sale, ledger, store, take, drain_all):
        open_sale(units=3, limit_per_buyer=1)
        claim = take(buyer="ada")
        drain_all()
        store.flushall()
        rebuild()
        lifecycle.resume("lamp", by="ada")

        assert take(buyer="ada") is Refusal.OVER_LIMIT
        assert ledger.find("lamp", 1, claim.order_id) == claim

    def test_tells_how_far_each_order_is(self, open_sale, store, take, drain_all):
        open_sale()
        claim = take()
        drain_all()
        store.flushall()

        rebuild()

        assert store.hgetall(keys.order(claim.order_id)) == {b"status": b"placed", b"version": b"1"}

    def test_shows_viewers_more_than_they_saw(self, open_sale, ledger, store, take):
        open_sale(units=3)
        take()
        seen = ledger.count("lamp", 1).versions["LAMP"]
        epoch = store.hget(keys.room_meta("product:lamp"), "epoch")
        store.flushall()

        rebuild()

        assert ledger.count("lamp", 1).versions["LAMP"] > seen
        assert store.hget(keys.room_meta("product:lamp"), "epoch") not in (None, epoch)

    def test_takes_the_claims_that_are_with_a_person_along(self, open_sale, ledger, store, take):
        open_sale(units=3)
        claim = take(quantity=2)
        DeadLetter.objects.create(message_id="m", body=to_json(claim), reason="r", order_id=claim.order_id)
        store.flushall()

        rebuild()

        assert balance() == (1, 2, 0, 0)
        assert place_late(claim, ledger).new == {claim.order_id}
        ledger.confirm("lamp", 1, [claim.order_id])
        assert balance() == (1, 0, 2, 0)

    def test_of_an_armed_sale_is_as_armed_as_before(self, make_plan, ledger, store):
        make_plan(units=3)
        lifecycle.arm("lamp", by="ada")
        store.flushall()

        rebuild()

        assert (ledger.get_sale("lamp").state, state()) == (State.ARMED, "armed")
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_of_a_sale_that_its_clock_may_have_opened_is_paused(self, make_plan, ledger, store):
        make_plan(units=3, opens_at=timezone.now() + timedelta(seconds=60))
        lifecycle.arm("lamp", by="ada")
        store.flushall()

        rebuild(after=90)

        assert ledger.get_sale("lamp").state is State.PAUSED

    def test_of_a_closing_sale_lets_it_close(self, open_sale, ledger, store, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()
        store.flushall()
        assert lifecycle.close("lamp", by="ada", wait=False).state == "closing"

        pass_by(seconds=3)
        pass_by(seconds=4)

        assert (state(), Stock.objects.get().available) == ("closed", 9)
        assert balance() == (0, 0, 1, 2)

    def test_again_is_another_epoch(self, open_sale, ledger, store, take):
        open_sale(units=3)
        for epoch in (1, 2):
            store.flushall()
            rebuild()
            lifecycle.resume("lamp", by="ada")
            claim = take()
            assert claim.number == epoch * EPOCH + 1
            drain.write_claims([claim])
            ledger.confirm("lamp", 1, [claim.order_id])

        assert balance() == (1, 0, 2, 0)

    @pytest.mark.parametrize("step", ["_load", "_tell_orders", "_report"])
    def test_goes_on_where_it_died(self, open_sale, ledger, store, take, drain_all, monkeypatch, step):
        class Died(Exception):
            pass

        def die(*_, **__):
            raise Died

        open_sale(units=3)
        take()
        drain_all()
        store.flushall()
        with monkeypatch.context() as patch:
            patch.setattr(rebuilding, step, die)
            rebuild()

        pass_by(seconds=4)

        assert balance() == (2, 0, 1, 0)
        assert LedgerLoss.objects.get().missing == 0

    def test_of_a_ledger_that_came_back_with_an_older_epoch_rescues_its_claims(
        self,
        open_sale,
        ledger,
        store,
        take,
        queue,  # noqa: F811
    ):
        open_sale(units=3)
        claim = take()
        Allotment.objects.update(epoch=F("epoch") + 1)

        rebuild()

        (message,) = queue.receive(wait_seconds=2)
        assert message.body == to_json(claim)
        assert place_late(claim, ledger).new == {claim.order_id}
        ledger.confirm("lamp", 1, [claim.order_id])
        assert balance() == (2, 0, 1, 0)


class TestReport:
    def test_says_how_many_claims_are_missing_by_the_gaps_in_their_numbers(
        self, open_sale, make_product, store, take
    ):
        open_sale(product=make_product(stock=20), units=20)
        claims = [take() for _ in range(7)]
        drain.write_claims([claims[0], claims[3], claims[5]])
        store.flushall()

        rebuild()

        loss = LedgerLoss.objects.get()
        assert (loss.known, loss.highest_number, loss.missing) == (3, 6, 3)
        assert "3 accepted claims are lost, of 6." in queries.status("lamp").ledger
        assert "Whether any came after number 6 cannot be known." in queries.status("lamp").ledger

    def test_takes_off_what_turns_up(self, open_sale, make_product, ledger, store, take):
        open_sale(product=make_product(stock=20), units=20)
        claims = [take() for _ in range(7)]
        drain.write_claims([claims[0], claims[3]])
        store.flushall()
        rebuild()

        place_late(claims[1], ledger)
        assert (LedgerLoss.objects.get().missing, LedgerLoss.objects.get().highest_number) == (1, 4)
        place_late(claims[6], ledger)
        assert (LedgerLoss.objects.get().missing, LedgerLoss.objects.get().highest_number) == (3, 7)

    def test_says_nothing_of_a_sale_that_lost_nothing(self, open_sale):
        open_sale()

        assert queries.status("lamp").ledger is None

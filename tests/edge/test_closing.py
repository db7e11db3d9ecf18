"""Closing a sale: what it waits for, what goes back, and how it goes on after an interruption."""

import pytest

from edge import lifecycle
from edge.lifecycle import CannotChange, closing
from edge.models import PublishedTable
from fastpath_lambda.claims import to_json
from fastpath_lambda.rules import Refusal
from orders import drain
from orders.models import DeadLetter, Order
from shop.models import Allotment, OutboxEvent, Sale, StockMovement
from tests.edge.world import interrupt, stock

pytestmark = pytest.mark.django_db


class TestClose:
    def test_returns_what_is_left_once_every_claim_is_an_order(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()

        sale = lifecycle.close("lamp", by="ada")

        assert sale.state == "closed"
        assert (stock().available, stock().sale) == (9, None)
        allotment = Allotment.objects.get()
        assert (allotment.ordered, allotment.returned, allotment.closed_at is None) == (1, 2, False)
        movement = StockMovement.objects.get(reason="returned")
        assert (movement.quantity, movement.sale, movement.by) == (2, sale, "ada")

    def test_tells_viewers_the_shops_stock_in_a_version_after_the_ledgers(
        self, open_sale, take, drain_all, ledger
    ):
        open_sale(units=3)
        take()
        drain_all()
        shown = ledger.count("lamp", 1).versions["LAMP"]

        lifecycle.close("lamp", by="ada")

        told = OutboxEvent.objects.filter(topic="stock.changed").latest("id").payload
        assert (told["available"], told["status"], told["price"]) == (9, "in_stock", "20.00")
        assert told["version"] == stock().version > shown

    def test_waits_while_a_claim_is_not_an_order_and_takes_no_more(self, open_sale, take):
        open_sale(units=3)
        take()

        sale = lifecycle.close("lamp", by="ada", wait=False)

        assert (sale.state, stock().available) == ("closing", 7)
        assert take() is Refusal.CLOSED

    def test_tells_how_many_are_waited_for(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        take()
        told = []

        def progress(pending):
            told.append(pending)
            drain_all()

        assert lifecycle.close("lamp", by="ada", progress=progress).state == "closed"
        assert told == [2]

    def test_does_not_wait_for_dead_letters_whose_units_stay_claimed(self, open_sale, take):
        open_sale(units=3)
        claim = take()
        DeadLetter.objects.create(message_id="m", body=to_json(claim), reason="why", order_id=claim.order_id)

        sale = lifecycle.close("lamp", by="ada")

        assert (sale.state, stock().available) == ("closed", 9)

    def test_leads_the_routes_back_and_forgets_the_sale(self, open_sale, ledger):
        open_sale()

        lifecycle.close("lamp", by="ada")

        patterns = [row["path_pattern"] for row in PublishedTable.objects.latest("id").table["behaviors"]]
        assert not any("lamp" in pattern for pattern in patterns)
        assert ledger.get_sale("lamp") is None

    def test_leaves_a_dead_letter_that_can_become_an_order_later(self, open_sale, take):
        open_sale(units=3)
        claim = take()
        DeadLetter.objects.create(message_id="m", body=to_json(claim), reason="why", order_id=claim.order_id)
        lifecycle.close("lamp", by="ada")

        drain.write_claims([claim])

        assert Order.objects.count() == Allotment.objects.get().ordered == 1

    def test_closes_a_sale_whose_arming_crashed(self, make_plan, monkeypatch):
        make_plan(units=3)
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.arming.load", interrupt)
            lifecycle.arm("lamp", by="ada")

        assert lifecycle.close("lamp", by="ada").state == "closed"
        assert stock().available == 10

    @pytest.mark.parametrize(
        "step",
        ["edge.lifecycle.record.follow", "edge.lifecycle.serving.route", "edge.lifecycle.closing._return"],
    )
    def test_finishes_what_a_crash_left_half_done(self, open_sale, ledger, monkeypatch, step):
        open_sale(units=3)
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr(step, interrupt)
            lifecycle.close("lamp", by="ada")

        sale = lifecycle.close("lamp", by="ada")

        assert (sale.state, stock().available, ledger.get_sale("lamp")) == ("closed", 10, None)
        assert StockMovement.objects.filter(reason="returned").count() == 1

    def test_of_an_older_generation_does_not_forget_the_newer(self, open_sale, ledger):
        old = open_sale(units=3)
        lifecycle.close("lamp", by="ada")
        lifecycle.arm("lamp", by="ada", sale=Sale.objects.get(pk=old.pk))

        closing.finish(old, by="ada")

        assert ledger.get_sale("lamp").generation == 2

    def test_refuses_a_draft(self, make_plan):
        make_plan()

        with pytest.raises(CannotChange, match="it is draft"):
            lifecycle.close("lamp", by="ada")

    def test_does_not_guess_when_the_ledger_was_lost(self, open_sale, store):
        open_sale(units=3)
        store.flushall()

        assert lifecycle.close("lamp", by="ada", wait=False).state == "closing"

        assert stock().available == 7

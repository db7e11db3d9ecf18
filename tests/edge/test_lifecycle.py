"""A sale's life: who arms, opens, pauses and closes it, and what each of them leaves behind."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from edge import audit, lifecycle
from edge.lifecycle import CannotChange, closing
from edge.models import MinisitePage, PublishedTable, SaleChange
from fastpath_lambda.claims import Claim, to_json
from fastpath_lambda.rules import Refusal, State
from orders import drain, releasing, workflow
from orders.models import DeadLetter, Order
from shop.models import Allotment, OutboxEvent, Sale, Stock, StockMovement

pytestmark = pytest.mark.django_db


def stock(code="LAMP"):
    return Stock.objects.get(sku__code=code)


class TestArm:
    def test_moves_the_units_out_of_stock_and_shuts_the_classic_door(self, make_plan):
        sale = lifecycle.arm(make_plan(units=3).product.slug, by="ada")

        assert (stock().available, stock().sale, stock().version) == (7, sale, 2)
        assert Allotment.objects.get().armed == 3
        movement = StockMovement.objects.get()
        assert (movement.quantity, movement.reason, movement.sale, movement.by) == (-3, "armed", sale, "ada")

    def test_tells_viewers_what_they_will_see(self, make_plan):
        lifecycle.arm(make_plan(units=3).product.slug, by="ada")

        assert OutboxEvent.objects.get(topic="stock.changed").payload == {
            "product": "lamp",
            "sku": "LAMP",
            "available": 3,
            "price": "9.99",
            "currency": "USD",
            "status": "opens_soon",
            "version": 2,
        }

    def test_loads_the_ledger_that_counts_on_from_the_shops_version(self, make_plan, ledger):
        sale = lifecycle.arm(make_plan(units=3).product.slug, by="ada")

        loaded, count = ledger.get_sale("lamp"), ledger.count("lamp", 1)
        assert (loaded.state, loaded.generation, loaded.sale_id) == (State.ARMED, 1, sale.pk)
        assert (loaded.prices, loaded.limit_per_buyer) == ({"LAMP": "9.99"}, 2)
        assert count.left == {"LAMP": 3}
        assert count.versions["LAMP"] > 2

    def test_publishes_the_page_and_the_routes_to_it(self, make_plan, nearby):
        sale = lifecycle.arm(make_plan().product.slug, by="ada")

        page = MinisitePage.objects.get(sale=sale, generation=1)
        assert page.path == f"{page.build}/shop/camp/lamp/index.html"
        assert "Lamp" in (nearby / "minisite" / page.path).read_text()
        routes = {row["path_pattern"]: row for row in PublishedTable.objects.get().table["behaviors"]}
        assert routes["/shop/camp/lamp/"]["rewrite"] == f"/_mini/{page.path}"
        assert routes["/shop/camp/lamp/order"]["origin"] == "fastpath"

    def test_says_who_did_it_and_when(self, make_plan):
        sale = lifecycle.arm(make_plan().product.slug, by="ada")

        change = SaleChange.objects.get()
        assert (change.action, change.from_state, change.to_state, change.by) == (
            "arm",
            "draft",
            "armed",
            "ada",
        )
        assert (sale.changed_by, sale.changed_at) == ("ada", change.at)

    def test_sets_aside_the_same_number_of_each_sku(self, make_product, make_plan, ledger):
        make_plan(product=make_product(skus=["LAMP-S", "LAMP-L"]), units=4)

        lifecycle.arm("lamp", by="ada")

        assert (stock("LAMP-S").available, stock("LAMP-L").available) == (6, 6)
        assert ledger.count("lamp", 1).left == {"LAMP-S": 4, "LAMP-L": 4}

    def test_says_how_many_there_are_when_they_are_too_few(self, make_plan, ledger):
        make_plan(units=11)

        with pytest.raises(CannotChange, match="LAMP: 11 units asked for, 10 are in stock"):
            lifecycle.arm("lamp", by="ada")

        assert (stock().available, stock().sale, Sale.objects.get().state) == (10, None, "draft")
        assert ledger.get_sale("lamp") is None

    def test_does_all_or_nothing_when_one_of_the_skus_has_too_few(self, make_product, make_plan):
        make_plan(product=make_product(skus=["LAMP-L", "LAMP-S"]), units=5)
        Stock.objects.filter(sku__code="LAMP-S").update(available=4)

        with pytest.raises(CannotChange, match="LAMP-S: 5 units asked for, 4"):
            lifecycle.arm("lamp", by="ada")

        assert stock("LAMP-L").available == 10

    def test_takes_terms_that_were_said_over_the_plans(self, make_plan, ledger):
        soon = timezone.now() + timedelta(hours=1)

        make_plan(units=3)
        lifecycle.arm("lamp", units=5, limit=1, price=Decimal("7.50"), opens_at=soon, by="ada")

        loaded = ledger.get_sale("lamp")
        assert (loaded.limit_per_buyer, loaded.prices) == (1, {"LAMP": "7.50"})
        assert loaded.opens_at == soon
        assert Sale.objects.get().units == 5

    def test_makes_a_plan_where_there_is_none_at_the_skus_price(self, make_product):
        make_product(price="20.00")

        sale = lifecycle.arm("lamp", units=2, by="ada")

        assert (sale.price, sale.units, sale.limit_per_buyer) == (Decimal("20.00"), 2, 2)

    def test_asks_for_units_where_nothing_says_how_many(self, make_product):
        make_product()

        with pytest.raises(CannotChange, match="0 units cannot be sold"):
            lifecycle.arm("lamp", by="ada")

    def test_opens_when_told_to_if_its_opening_time_has_passed(self, make_plan):
        make_plan(opens_at=timezone.now() - timedelta(days=1))

        assert lifecycle.arm("lamp", by="ada").opens_at is None

    def test_refuses_a_sale_that_would_be_over_before_it_begins(self, make_plan):
        make_plan(closes_at=timezone.now() - timedelta(seconds=1))

        with pytest.raises(CannotChange, match="over before it begins"):
            lifecycle.arm("lamp", by="ada")

    def test_names_the_nearest_product_when_there_is_none(self, make_product):
        make_product()

        with pytest.raises(CannotChange, match=r"no product .lmap.*Did you mean lamp"):
            lifecycle.arm("lmap", by="ada")


class TestArmAgain:
    def test_does_nothing_twice(self, make_plan, ledger):
        make_plan(units=3)
        lifecycle.arm("lamp", by="ada")
        lifecycle.arm("lamp", by="bob")

        assert (stock().available, Allotment.objects.count(), SaleChange.objects.count()) == (7, 1, 1)
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    @pytest.mark.parametrize("step", ["load", "serving.serve"])
    def test_finishes_what_a_crash_left_half_done(self, make_plan, ledger, monkeypatch, step):
        make_plan(units=3)
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr(f"edge.lifecycle.arming.{step}", interrupt)
            lifecycle.arm("lamp", by="ada")

        lifecycle.arm("lamp", by="bob")

        assert ledger.count("lamp", 1).left == {"LAMP": 3}
        assert MinisitePage.objects.count() == PublishedTable.objects.count() == 1
        assert stock().available == 7

    def test_refuses_other_terms_than_it_was_armed_with(self, make_plan):
        make_plan(units=3)
        lifecycle.arm("lamp", by="ada")

        with pytest.raises(CannotChange, match="armed with other terms already, by ada"):
            lifecycle.arm("lamp", units=4, by="bob")

    def test_refuses_while_a_sale_is_open(self, open_sale):
        open_sale()

        with pytest.raises(CannotChange, match="it is open"):
            lifecycle.arm("lamp", by="ada")

    def test_begins_a_new_generation_after_closing(self, open_sale, ledger, take):
        first = open_sale(units=3)
        lifecycle.close("lamp", by="ada")

        again = lifecycle.arm("lamp", by="ada")

        assert (again.generation, again.units, again.pk != first.pk) == (2, 3, True)
        assert ledger.get_sale("lamp").generation == 2
        assert ledger.count("lamp", 2).left == {"LAMP": 3}

    def test_arms_the_very_same_sale_where_it_is_named(self, open_sale):
        sale = open_sale(units=3)
        lifecycle.close("lamp", by="ada")
        sale.refresh_from_db()

        again = lifecycle.arm("lamp", by="ada", sale=sale)

        assert (again.pk, again.generation) == (sale.pk, 2)
        assert Allotment.objects.filter(sale=sale).count() == 2


def interrupt(*args, **named):
    raise KeyboardInterrupt


class TestMove:
    def test_open_lets_shoppers_buy(self, make_plan, take):
        make_plan()
        lifecycle.arm("lamp", by="ada")
        assert take() is Refusal.NOT_OPEN

        sale = lifecycle.open_sale("lamp", by="bob")

        assert isinstance(take(), Claim)
        assert (sale.state, sale.changed_by) == ("open", "bob")

    def test_pause_stops_them_and_resume_lets_them_go_on(self, open_sale, take):
        open_sale()

        lifecycle.pause("lamp", by="ada")
        paused = take()
        lifecycle.resume("lamp", by="ada")

        assert paused is Refusal.PAUSED
        assert isinstance(take(), Claim)
        actions = SaleChange.objects.order_by("id").values_list("action", flat=True)
        assert list(actions) == ["arm", "open", "pause", "resume"]

    @pytest.mark.parametrize(
        ("move", "sentence"),
        [
            (lifecycle.pause, "Cannot pause the sale of Lamp: it is armed. Open it first"),
            (lifecycle.resume, "Cannot resume the sale of Lamp: it is armed. Open it first"),
        ],
    )
    def test_refuses_what_an_armed_sale_cannot_do(self, make_plan, move, sentence):
        make_plan()
        lifecycle.arm("lamp", by="ada")

        with pytest.raises(CannotChange, match=sentence):
            move("lamp", by="ada")

    def test_refuses_to_open_a_draft(self, make_plan):
        make_plan()

        with pytest.raises(CannotChange, match="it is draft"):
            lifecycle.open_sale("lamp", by="ada")

    def test_refuses_to_open_a_paused_sale(self, open_sale):
        open_sale()
        lifecycle.pause("lamp", by="ada")

        with pytest.raises(CannotChange, match="it is paused"):
            lifecycle.open_sale("lamp", by="ada")

    def test_again_is_no_change(self, open_sale):
        open_sale()

        lifecycle.open_sale("lamp", by="bob")

        assert SaleChange.objects.filter(action="open").count() == 1

    def test_finishes_a_pause_that_crashed_before_it_was_written_down(self, open_sale, ledger):
        open_sale()
        ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])

        sale = lifecycle.pause("lamp", by="ada")

        assert (sale.state, SaleChange.objects.latest("id").action) == ("paused", "pause")

    def test_finishes_an_arming_that_crashed_before_it_opens(self, make_plan, take, monkeypatch):
        make_plan()
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.arming.load", interrupt)
            lifecycle.arm("lamp", by="ada")

        lifecycle.open_sale("lamp", by="ada")

        assert isinstance(take(), Claim)


def test_a_sale_of_several_skus_works_from_arming_to_closing(
    make_product, open_sale, take, drain_all, ledger
):
    product = make_product(skus=["LAMP-S", "LAMP-M", "LAMP-L"])
    open_sale(product=product, units=2, limit_per_buyer=3)
    kept, undone = take(sku="LAMP-S", quantity=2), take(sku="LAMP-M")
    assert take(sku="LAMP-S") is Refusal.SOLD_OUT
    take(sku="LAMP-L", buyer="ada")
    drain_all()
    workflow.cancel([undone.order_id], allowed_from=Order.Status.PLACED)
    releasing.settle_all(ledger)

    rows = {each.sku: (each.left, each.ordered) for each in audit.audit()}
    lifecycle.close("lamp", by="ada")

    assert rows == {"LAMP-S": (0, 2), "LAMP-M": (2, 0), "LAMP-L": (1, 1)}
    assert {code: stock(code).available for code in rows} == {"LAMP-S": 8, "LAMP-M": 10, "LAMP-L": 9}
    assert Order.objects.get(id=kept.order_id).lines.get().quantity == 2
    assert audit.is_balanced(audit.audit())


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


class TestAdvance:
    def test_opens_what_is_due(self, make_plan, ledger):
        opens_at = timezone.now() + timedelta(seconds=30)
        make_plan(opens_at=opens_at)
        lifecycle.arm("lamp", by="ada")
        lifecycle.advance(now=opens_at - timedelta(microseconds=1))
        assert Sale.objects.get().state == "armed"

        lifecycle.advance(now=opens_at)

        assert Sale.objects.get().state == "open"
        assert ledger.get_sale("lamp").state is State.OPEN

    @pytest.mark.parametrize("before", ["armed", "open", "paused"])
    def test_closes_what_is_due(self, make_plan, before):
        closes_at = timezone.now() + timedelta(seconds=30)
        make_plan(closes_at=closes_at)
        lifecycle.arm("lamp", by="ada")
        for move in {"armed": [], "open": ["open_sale"], "paused": ["open_sale", "pause"]}[before]:
            getattr(lifecycle, move)("lamp", by="ada")

        lifecycle.advance(now=closes_at)

        assert (Sale.objects.get().state, stock().available) == ("closed", 10)

    def test_finishes_closing_once_the_claims_are_orders(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        lifecycle.close("lamp", by="ada", wait=False)
        lifecycle.advance(now=timezone.now())
        assert Sale.objects.get().state == "closing"

        drain_all()
        lifecycle.advance(now=timezone.now())

        assert (Sale.objects.get().state, Sale.objects.get().changed_by) == ("closed", "ada")

    def test_finishes_a_half_done_arming_after_a_while(self, make_plan, ledger, monkeypatch):
        make_plan()
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.arming.load", interrupt)
            lifecycle.arm("lamp", by="ada")
        lifecycle.advance(now=timezone.now())
        assert ledger.get_sale("lamp") is None

        lifecycle.advance(now=timezone.now() + timedelta(seconds=10))

        assert ledger.get_sale("lamp").state is State.ARMED
        assert MinisitePage.objects.exists()

    def test_writes_down_what_only_the_ledger_knows(self, open_sale, ledger):
        open_sale()
        ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])

        lifecycle.advance(now=timezone.now() + timedelta(seconds=10))

        assert Sale.objects.get().state == "paused"
        assert SaleChange.objects.latest("id").by == "schedule"

    def test_publishes_the_page_that_a_crash_left_as_it_was(self, make_plan, nearby, monkeypatch):
        make_plan()
        lifecycle.arm("lamp", by="ada")
        before = MinisitePage.objects.get().build
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.serving.serve", interrupt)
            lifecycle.open_sale("lamp", by="ada")
        assert Sale.objects.get().state == "open"

        lifecycle.advance(now=timezone.now() + timedelta(seconds=10))

        page = MinisitePage.objects.get()
        assert page.build != before
        assert "opens_soon" not in (nearby / "minisite" / page.path).read_text()

    def test_finishes_the_routes_of_a_sale_that_is_closed(self, open_sale, ledger, monkeypatch):
        open_sale()
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.serving.route", interrupt)
            lifecycle.close("lamp", by="ada")

        lifecycle.advance(now=timezone.now())

        assert ledger.get_sale("lamp") is None
        patterns = [row["path_pattern"] for row in PublishedTable.objects.latest("id").table["behaviors"]]
        assert not any("lamp" in pattern for pattern in patterns)

    def test_goes_on_to_the_next_sale_when_one_fails(self, make_product, make_plan, open_sale, store):
        opens_at = timezone.now() + timedelta(seconds=30)
        lost = open_sale(closes_at=opens_at)
        store.flushall()
        make_plan(product=make_product("torch"), opens_at=opens_at)
        lifecycle.arm("torch", by="ada")

        lifecycle.advance(now=opens_at)

        lost.refresh_from_db()
        assert lost.state == "closing"
        assert Sale.objects.get(product__slug="torch").state == "open"

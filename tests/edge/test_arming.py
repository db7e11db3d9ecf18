"""Arming a sale: who wins, what is moved, and how it goes on after an interruption."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from edge import lifecycle
from edge.lifecycle import CannotChange
from edge.models import MinisitePage, PublishedTable, SaleChange
from fastpath_lambda.rules import State
from shop.models import Allotment, OutboxEvent, Sale, Sku, Stock, StockMovement
from tests.edge.world import interrupt, stock

pytestmark = pytest.mark.django_db


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

    def test_opens_when_told_to_where_a_passed_time_is_said_and_a_later_one_planned(self, make_plan):
        now = timezone.now()
        make_plan(opens_at=now + timedelta(days=1))
        said = {"opens_at": now - timedelta(days=1), "by": "ada"}

        armed = [lifecycle.arm("lamp", **said), lifecycle.arm("lamp", **said)]

        assert [sale.opens_at for sale in armed] == [None, None]

    def test_gives_away_what_has_several_prices_where_that_is_said(self, make_product):
        product = make_product(price="20.00")
        second = Sku.objects.create(product=product, code="LAMP-XL", price="30.00")
        Stock.objects.create(sku=second, available=10)

        sale = lifecycle.arm("lamp", units=2, price=Decimal(0), by="ada")

        assert sale.price == 0

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

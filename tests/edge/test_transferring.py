"""Units are added to a sale that is on, or taken back from it, and are accounted for at every step."""

import io
from contextlib import suppress
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.authtoken.models import Token

from edge import audit, lifecycle
from edge.lifecycle import CannotChange, transferring
from edge.models import SaleChange, Transfer
from fastpath_lambda import keys
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Refusal
from fastpath_lambda.stores.redis import RedisLedger
from shop.models import Allotment, Sale, Stock, StockMovement
from tests.edge.looking import find_unbalanced
from tests.orders.racing import race

pytestmark = pytest.mark.django_db


class Died(Exception):
    """The process ended here."""


def standing():
    """What is left in the sale, what the shop has; and the equation holds."""
    rows = audit.audit()
    assert all(row.is_balanced for row in rows), rows
    return rows[0].left, Stock.objects.order_by("sku").first().available


class TestRestock:
    def test_puts_units_on_sale_at_once(self, open_sale, take):
        open_sale(units=1)
        take()
        assert take() is Refusal.SOLD_OUT

        lifecycle.restock("lamp", units=4, by="ada")

        assert isinstance(take(), Claim)
        assert standing() == (3, 5)
        assert Allotment.objects.get().armed == 5

    def test_shows_viewers_that_it_is_back(self, open_sale, take, store):
        open_sale(units=1)
        take()

        lifecycle.restock("lamp", units=4, by="ada")

        shown = store.hget(keys.room_state("product:lamp"), "LAMP")
        assert b'"available":4' in shown
        assert b'"status":"on_sale"' in shown

    def test_says_who_did_it(self, open_sale):
        sale = open_sale(units=1)

        lifecycle.restock("lamp", units=4, by="grace")

        change = SaleChange.objects.first()
        assert (change.action, change.units, change.by, change.to_state) == ("restock", 4, "grace", "open")
        movement = StockMovement.objects.first()
        assert (movement.quantity, movement.reason, movement.sale, movement.by) == (
            -4,
            "armed",
            sale,
            "grace",
        )

    def test_moves_nothing_where_the_shop_has_fewer(self, open_sale):
        open_sale(units=1)

        with pytest.raises(CannotChange, match=r"10 units asked for, 9 are in the shop's stock"):
            lifecycle.restock("lamp", units=10, by="ada")

        assert standing() == (1, 9)
        assert Allotment.objects.get().armed == 1

    def test_sent_twice_with_a_key_is_done_once(self, open_sale):
        open_sale(units=1)
        key = uuid4()

        for _ in range(2):
            lifecycle.restock("lamp", units=4, by="ada", key=key)

        assert standing() == (5, 5)

    def test_goes_on_where_it_died(self, open_sale, store, monkeypatch):
        class Dies(RedisLedger):
            def shift(self, transfer):
                super().shift(transfer)
                raise Died

        open_sale(units=1)
        with monkeypatch.context() as patch:
            patch.setattr(transferring, "connect", lambda: Dies(store))
            with pytest.raises(Died):
                lifecycle.restock("lamp", units=4, by="ada")
        assert standing() == (5, 5)

        transferring.settle(Sale.objects.get())

        assert standing() == (5, 5)
        assert Allotment.objects.get().releasing == 0

    def test_of_one_sku_leaves_the_others(self, open_sale, make_product, ledger):
        open_sale(product=make_product(skus=["LAMP-S", "LAMP-L"]), units=2)

        lifecycle.restock("lamp", units=3, sku="LAMP-L", by="ada")

        assert ledger.count("lamp", 1).left == {"LAMP-S": 2, "LAMP-L": 5}
        with pytest.raises(CannotChange, match="'TORCH' is not in the sale"):
            lifecycle.restock("lamp", units=3, sku="TORCH", by="ada")

    @pytest.mark.parametrize("end", ["never armed", "closed"])
    def test_of_a_sale_that_is_not_on_is_refused(self, make_plan, open_sale, end):
        if end == "closed":
            open_sale()
            lifecycle.close("lamp", by="ada")
        else:
            make_plan()

        with pytest.raises(CannotChange, match="Cannot restock"):
            lifecycle.restock("lamp", units=3, by="ada")


class TestTakeBack:
    def test_puts_what_nobody_has_into_the_shops_stock(self, open_sale, take):
        open_sale(units=5)
        take()

        lifecycle.take_back("lamp", units=3, by="ada")

        assert standing() == (1, 8)
        assert Allotment.objects.get().returned == 3

    def test_says_who_did_it(self, open_sale):
        open_sale(units=5)

        lifecycle.take_back("lamp", units=3, by="grace")

        change = SaleChange.objects.first()
        assert (change.action, change.units, change.by) == ("take_back", 3, "grace")
        assert StockMovement.objects.first().reason == "returned"

    def test_takes_nothing_where_fewer_are_left(self, open_sale, take):
        open_sale(units=3)
        take()

        with pytest.raises(CannotChange, match="Fewer than 3 units are left of LAMP"):
            lifecycle.take_back("lamp", units=3, by="ada")

        assert standing() == (2, 7)
        assert not SaleChange.objects.filter(action="take_back").exists()

    def test_is_finished_before_a_sale_is_closed(self, open_sale, monkeypatch):
        open_sale(units=5)
        with monkeypatch.context() as patch:
            patch.setattr(transferring, "settle", lambda sale: None)
            lifecycle.take_back("lamp", units=3, by="ada")

        lifecycle.close("lamp", by="ada")

        assert standing() == (0, 10)
        assert Transfer.objects.get().settled_at is not None


class TestAudit:
    """Whatever is done between its two looks, one write after the other."""

    def steps(self, quantity, ledger):
        sale = Sale.objects.select_related("product").get()
        (row,) = transferring._begin(sale, quantity, action="a", by="ada", sku=None, key=uuid4())
        yield
        number = ledger.shift(transferring._as_rules(sale, row))
        yield
        transferring._write_off(sale, row, number, now=sale.changed_at)
        yield
        ledger.settle("lamp", 1, [str(row.pk)])
        yield

    @pytest.mark.parametrize("quantity", [2, -2])
    def test_balances_at_every_moment(self, open_sale, make_product, ledger, store, monkeypatch, quantity):
        open_sale(product=make_product(stock=100), units=40)
        unbalanced = find_unbalanced(
            lambda: self.steps(quantity, ledger), steps=5, store=store, monkeypatch=monkeypatch
        )

        assert unbalanced == []


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_of_many_with_one_key_moves_units_once(self, open_sale):
        open_sale(units=2)
        key = uuid4()

        race(*[lambda: lifecycle.restock("lamp", units=2, by="ada", key=key)] * 4)

        assert standing() == (4, 6)

    def test_with_takes_and_closing_loses_no_unit(self, open_sale, take, drain_all):
        open_sale(units=4)

        def tolerant(act):
            def run():
                with suppress(CannotChange):
                    act()

            return run

        race(
            *[tolerant(lambda: lifecycle.restock("lamp", units=2, by="ada"))] * 2,
            *[tolerant(lambda: lifecycle.take_back("lamp", units=1, by="ada"))] * 2,
            *[take] * 3,
            tolerant(lambda: lifecycle.close("lamp", by="ada", wait=False)),
        )
        drain_all()
        lifecycle.close("lamp", by="ada")

        allotment = Allotment.objects.get()
        assert Stock.objects.get().available == 10 - allotment.ordered
        assert standing()[0] == 0


class TestDoors:
    def test_command(self, open_sale):
        open_sale(units=3)

        call_command("fastpath", "restock", "lamp", "--units", "2", stdout=io.StringIO())
        said = io.StringIO()
        call_command("fastpath", "take-back", "lamp", "--units", "1", "--sku", "LAMP", stdout=said)

        assert "units       5\nleft        4" in said.getvalue()
        assert Transfer.objects.first().by.endswith("(command)")

    def test_command_wants_to_be_told_how_many(self, open_sale):
        open_sale(units=3)

        with pytest.raises(CommandError, match="restock lamp --units N"):
            call_command("fastpath", "restock", "lamp")

    def test_rest(self, client, open_sale):
        open_sale(units=3)
        token = Token.objects.create(user=User.objects.create_user("till", is_staff=True))

        def post(action, **said):
            return client.post(
                f"/api/v1/fastpath/lamp/{action}/", said, headers={"Authorization": f"Token {token}"},
                content_type="application/json",
            )  # fmt: skip

        assert post("restock", units=2, key=str(uuid4())).json()["left"] == 5
        assert post("take-back", units=1).json()["left"] == 4
        assert post("take-back", units=9).status_code == 409
        assert post("restock", units=0).status_code == 400
        assert Transfer.objects.first().by == "till"

    def test_admin(self, client, open_sale):
        sale = open_sale(units=3)
        client.force_login(User.objects.create_superuser("ada"))
        url = reverse("admin:shop_sale_restock", args=[sale.pk])
        page = client.get(url).content.decode()
        key = page.partition('name="key" value="')[2].partition('"')[0]

        for _ in range(2):
            client.post(url, {"units": 2, "sku": "LAMP", "key": key})
        client.post(url.replace("restock", "take_back"), {"units": 1, "sku": "LAMP", "key": uuid4()})

        assert standing() == (4, 6)
        assert Transfer.objects.first().by == "ada"

"""Whatever changes stock, price, sale or order writes its event, and in the same transaction.

PostgreSQL says which transaction wrote a row: `xmin`. So each act here is done, and
the row that it changed is compared with the event that tells of it.
"""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection

from edge import lifecycle
from edge.lifecycle import record
from orders import placing, workflow
from orders.models import Order
from shop import pricing, stock
from shop.demo import crowd
from shop.models import Category, Sale, Sku, Stock

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
STOCK = ("shop_stock", "sku_id", "product:")
SALE = ("shop_sale", "id", "sale:")
ORDER = ("orders_order", "id", "order:")
Status = Order.Status


def assert_told(kind, pk, *, key=None, **said):
    """The row was written last by the transaction that wrote its newest event, which says this."""
    table, column, prefix = kind
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT xmin::text FROM {table} WHERE {column} = %s", [pk])
        (changed_by,) = cursor.fetchone()
        cursor.execute(
            "SELECT xmin::text, payload::text FROM shop_outboxevent WHERE key = %s ORDER BY id DESC LIMIT 1",
            [prefix + str(key or pk)],
        )
        told_by, payload = cursor.fetchone()
    assert told_by == changed_by
    for name, value in said.items():
        assert f'"{name}": {value}' in payload


@pytest.fixture
def lamp(make_product):
    return Sku.objects.get(product=make_product(stock=10))


@pytest.fixture
def order(lamp):
    line = placing.Line(lamp.pk, 1, lamp.price)
    asked = placing.Asked(
        "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11", "f", "a@example.org", "A", {}, "tok_ok", (line,)
    )
    placing.place(asked, now=NOW)
    return UUID(asked.order_id)


class TestStock:
    def test_taken(self, lamp):
        stock.take(sku_id=lamp.pk, quantity=1, order_id="6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11")

        assert_told(STOCK, lamp.pk, key="lamp", available=9)

    def test_given_back(self, lamp):
        stock.give_back(sku_id=lamp.pk, quantity=1, order_id="6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11")

        assert_told(STOCK, lamp.pk, key="lamp", available=11)

    def test_counted(self, lamp):
        stock.set_available(lamp, available=4, by="ada")

        assert_told(STOCK, lamp.pk, key="lamp", available=4)

    def test_new_with_none_of_it(self, lamp):
        sku = Sku.objects.create(product=lamp.product, code="LAMP-L", price=Decimal(30))

        stock.set_available(sku, available=0, by="ada")

        assert_told(STOCK, sku.pk, key="lamp", available=0, price='"30.00"')

    def test_priced(self, lamp):
        pricing.set_price(lamp, Decimal("17.50"))

        assert_told(STOCK, lamp.pk, key="lamp", price='"17.50"')

    def test_planted_in_bulk(self):
        Category.objects.create(slug="camp", name="Camp")

        assert list(crowd.plant(2)) == [2]

        for row in Stock.objects.select_related("sku__product"):
            assert_told(STOCK, row.pk, key=row.sku.product.slug, available=crowd.STOCK)

    def test_set_aside_for_a_sale_and_returned_from_it(self, make_plan):
        sale = make_plan(units=3)
        sku = sale.product.skus.get()
        lifecycle.arm("lamp", by="ada")
        assert_told(STOCK, sku.pk, key="lamp", available=3, status='"opens_soon"')

        lifecycle.close("lamp", by="ada")
        assert_told(STOCK, sku.pk, key="lamp", available=10, status='"in_stock"')


class TestSale:
    def test_planned_and_planned_anew(self, lamp):
        sale = Sale(product=lamp.product, price=Decimal(9), units=3)

        record.plan(sale)
        assert_told(SALE, sale.pk, action='"plan"', state='"draft"', units=3)

        record.edit_plan(sale, units=4)
        assert_told(SALE, sale.pk, action='"plan"', state='"draft"', units=4)

    def test_every_state(self, make_plan):
        sale = make_plan()

        for act, state in (
            (lifecycle.arm, "armed"),
            (lifecycle.open_sale, "open"),
            (lifecycle.pause, "paused"),
            (lifecycle.resume, "open"),
            (lifecycle.close, "closed"),
        ):
            act("lamp", by="ada")
            assert_told(SALE, sale.pk, state=f'"{state}"', product='"lamp"')


class TestOrder:
    def test_placed_in_the_shop(self, order):
        assert_told(ORDER, order, status='"placed"')

    def test_drained(self, open_sale, take, drain_all):
        open_sale()
        claim = take()

        drain_all()

        assert_told(ORDER, claim.order_id, status='"placed"', product='"lamp"')

    @pytest.mark.parametrize("to", [Status.PAID, Status.CANCELLED])
    def test_moved(self, order, to):
        workflow.move([order], Status.PLACED, to)

        assert_told(ORDER, order, status=f'"{to}"', version=2)


def test_the_control_an_event_of_another_transaction_is_noticed(lamp):
    pricing.set_price(lamp, Decimal("17.50"))
    Stock.objects.filter(pk=lamp.pk).update(available=1)

    with pytest.raises(AssertionError):
        assert_told(STOCK, lamp.pk, key="lamp")

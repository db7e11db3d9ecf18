"""Stock moves: each one conditional, each one with its movement and its event, or not at all."""

import threading
import uuid

import pytest
from django.db import connection, transaction

from shop import stock
from shop.models import OutboxEvent, Stock, StockMovement

ORDER = uuid.UUID(int=1)


def written():
    return StockMovement.objects.count(), OutboxEvent.objects.count()


class TestTake:
    def test_moves_units_writes_a_movement_and_tells_viewers(self, make_sku):
        sku = make_sku("LAMP", available=3)

        assert stock.take(sku_id=sku.pk, quantity=2, order_id=ORDER)

        movement, event = StockMovement.objects.get(), OutboxEvent.objects.get()
        assert (movement.quantity, movement.reason, movement.order_id) == (-2, "ordered", ORDER)
        assert (event.topic, event.key) == ("stock.changed", "product:lamp")
        assert event.payload == {
            "product": "lamp",
            "sku": "LAMP",
            "available": 1,
            "price": "19.99",
            "currency": "USD",
            "status": "in_stock",
            "version": 2,
        }

    def test_says_sold_out_with_the_last_unit(self, make_sku):
        sku = make_sku(available=1)

        stock.take(sku_id=sku.pk, quantity=1, order_id=ORDER)

        assert OutboxEvent.objects.get().payload["status"] == "sold_out"

    def test_refuses_more_than_there_is_and_writes_nothing(self, make_sku):
        sku = make_sku(available=1)

        assert not stock.take(sku_id=sku.pk, quantity=2, order_id=ORDER)

        assert Stock.objects.get().available == 1
        assert written() == (0, 0)

    def test_finds_the_door_shut_while_a_sale_has_the_product(self, make_sku, put_on_sale):
        sku = make_sku(available=3)
        put_on_sale(sku)

        assert not stock.take(sku_id=sku.pk, quantity=1, order_id=ORDER)

        assert Stock.objects.get().available == 3
        assert written() == (0, 0)

    @pytest.mark.parametrize("quantity", [0, -1])
    def test_refuses_to_add_units(self, make_sku, quantity):
        with pytest.raises(ValueError, match="at least 1"):
            stock.take(sku_id=make_sku().pk, quantity=quantity, order_id=ORDER)

    def test_is_one_statement(self, make_sku, django_assert_num_queries):
        sku = make_sku()

        with django_assert_num_queries(1):
            stock.take(sku_id=sku.pk, quantity=1, order_id=ORDER)


def race(take, *, buyers=2):
    """How many of these buyers, all at the same shelf at once, were told that they have it."""
    answers = []

    def buy():
        try:
            answers.append(take())
        finally:
            connection.close()

    threads = [threading.Thread(target=buy) for _ in range(buyers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers.count(True)


@pytest.mark.django_db(transaction=True)
class TestTheLastUnit:
    def test_is_sold_twice_by_looking_first_and_writing_later(self, make_sku):
        sku = make_sku(available=1)
        both_have_looked = threading.Barrier(2, timeout=60)

        def naive_take():
            seen = Stock.objects.get(sku=sku).available
            both_have_looked.wait()
            return seen >= 1 and bool(Stock.objects.filter(sku=sku).update(available=seen - 1))

        assert race(naive_take) == 2

    def test_goes_to_exactly_one_buyer(self, make_sku):
        sku = make_sku(available=1)
        all_are_here = threading.Barrier(4, timeout=60)

        def take():
            with transaction.atomic():
                connection.ensure_connection()
                all_are_here.wait()
                return stock.take(sku_id=sku.pk, quantity=1, order_id=uuid.uuid4())

        assert race(take, buyers=4) == 1
        assert Stock.objects.get().available == 0
        assert written() == (1, 1)


class TestGiveBack:
    def test_returns_units_even_while_a_sale_has_the_product(self, make_sku, put_on_sale):
        sku = make_sku(available=0)
        put_on_sale(sku)

        stock.give_back(sku_id=sku.pk, quantity=2, order_id=ORDER)

        assert Stock.objects.get().available == 2
        assert StockMovement.objects.get().reason == "cancelled"


class TestSetAvailable:
    def test_writes_the_difference_and_who_made_it(self, make_sku):
        sku = make_sku(available=3)

        stock.set_available(sku, available=10, by="ada", reason=StockMovement.Reason.RECEIVED)

        movement = StockMovement.objects.get()
        assert (movement.quantity, movement.reason, movement.by) == (7, "received", "ada")
        assert OutboxEvent.objects.get().payload["available"] == 10

    def test_does_not_write_over_what_was_ordered_meanwhile(self, make_sku):
        sku = make_sku(available=3)
        stock.take(sku_id=sku.pk, quantity=1, order_id=ORDER)

        with pytest.raises(stock.CannotSet, match=r"3 were in stock .* now it is 2"):
            stock.set_available(sku, available=5, by="ada", seen=3)

        assert Stock.objects.get().available == 2

    def test_leaves_a_product_on_sale_alone(self, make_sku, put_on_sale):
        sku = make_sku(available=3)
        put_on_sale(sku)

        with pytest.raises(stock.CannotSet, match="close the sale first"):
            stock.set_available(sku, available=5, by="ada")

    def test_refuses_less_than_nothing(self, make_sku):
        with pytest.raises(stock.CannotSet, match="-1 cannot be in stock"):
            stock.set_available(make_sku(), available=-1, by="ada")

    def test_says_nothing_where_nothing_changed(self, make_sku):
        stock.set_available(make_sku(available=3), available=3, by="ada")

        assert written() == (0, 0)

"""A product's limit per buyer, where the shop itself serves: over all orders, whoever asks at once."""

from itertools import chain
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from orders import cancelling, workflow
from orders.models import Bought, Order, OrderLine
from shop.models import Product, Stock
from tests.orders.conftest import make_sku
from tests.orders.racing import race
from tests.orders.test_classic_order import HTML, body, order, post_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(lamp):
    """A lamp of which each buyer can have two; plenty in stock."""
    set_limit(lamp, 2)
    Stock.objects.update(available=500)
    return lamp


def set_limit(sku, units):
    Product.objects.filter(pk=sku.product_id).update(limit_per_buyer=units)


def refusal(response):
    return response.status_code, response.json().get("refusal")


def check_out(client, *lines, email="ada@example.org"):
    """What a program's order of these SKUs gets."""
    wanted = [{"sku": sku.code, "quantity": quantity} for sku, quantity in lines]
    asked = {name: value for name, value in body(email=email).items() if name not in ("sku", "quantity")}
    key = {"Idempotency-Key": f"{Order.objects.count()}-{wanted}"}
    return client.post("/api/v1/orders/", asked | {"lines": wanted}, "application/json", headers=key)


class TestLimit:
    def test_is_over_all_orders_of_a_buyer(self, client, limited):
        order(client, key="k1", quantity=2)

        response = order(client, key="k2", email=" ADA@example.org ")

        assert refusal(response) == (409, "over_limit")
        sentence = "Each buyer can have 2 of the Lamp, over all orders. Ask for fewer."
        assert response.json()["detail"] == sentence
        assert (Order.objects.count(), Stock.objects.get().available) == (1, 498)

    def test_is_over_all_skus_of_the_product(self, client, limited):
        large = make_sku("FLOODLIGHT")
        large.product = limited.product
        large.save()
        order(client, key="k1", quantity=2)

        assert refusal(check_out(client, (large, 1))) == (409, "over_limit")

    def test_of_one_buyer_is_nothing_to_another(self, client, limited):
        order(client, key="k1", quantity=2)

        assert order(client, key="k2", email="bob@example.org").status_code == 201

    def test_refuses_a_first_order_that_is_over_it(self, client, limited):
        assert refusal(order(client, quantity=3)) == (409, "over_limit")
        assert not Bought.objects.exists()

    def test_does_not_count_a_repeat(self, client, limited):
        first = order(client, key="k1", quantity=2)

        assert order(client, key="k1", quantity=2).json() == first.json()
        assert Bought.objects.get().units == 2

    def test_does_not_count_what_was_sold_out(self, client, limited):
        Stock.objects.update(available=0)
        order(client, key="k1")
        Stock.objects.update(available=5)

        assert order(client, key="k2", quantity=2).status_code == 201

    def test_is_held_for_each_product_of_a_basket(self, client, limited):
        chair = make_sku("CHAIR")

        assert check_out(client, (limited, 2), (chair, 3)).status_code == 201
        assert refusal(check_out(client, (limited, 1), (chair, 1))) == (409, "over_limit")

    def test_leaves_alone_what_has_none(self, client, lamp):
        order(client, quantity=3)

        assert not Bought.objects.exists()
        assert not OrderLine.objects.get().counted

    def test_is_said_on_a_page_to_who_has_no_javascript(self, client, limited):
        order(client, key="k0", quantity=2)

        response = post_form(client, **HTML)

        assert response.status_code == 409
        assert "Each buyer can have 2 of the Lamp" in response.content.decode()

    def test_is_said_at_checkout(self, client, limited):
        order(client, quantity=2)
        client.post("/basket/add/", {"sku": "LAMP", "quantity": 1})
        fields = {**body(), **body()["address"], "idempotency_key": "k2"}
        del fields["address"]

        response = client.post("/checkout/", fields)

        assert response.status_code == 409
        assert "Each buyer can have 2 of the Lamp, over all orders." in response.content.decode()

    def test_is_said_in_the_basket_before_anybody_tries(self, client, limited):
        client.post("/basket/add/", {"sku": "LAMP", "quantity": 3})

        assert "Each buyer can have 2." in client.get("/basket/").content.decode()

    def test_is_said_on_the_products_page(self, client, limited):
        assert "At most <b>2</b> for each buyer" in client.get("/shop/rooms/lamp/").content.decode()


class TestCancelling:
    def test_gives_the_units_of_the_limit_back(self, client, limited):
        first = order(client, key="k1", quantity=2).json()["order_id"]

        cancelling.cancel(UUID(first))

        assert Bought.objects.get().units == 0
        assert order(client, key="k2", quantity=2).status_code == 201

    def test_twice_gives_them_back_once(self, client, limited):
        first = order(client, key="k1").json()["order_id"]
        order(client, key="k2")

        cancelling.cancel(UUID(first))
        cancelling.cancel(UUID(first))

        assert Bought.objects.get().units == 1

    def test_gives_back_only_what_was_counted(self, client, lamp):
        Stock.objects.update(available=9)
        before = order(client, key="k1", quantity=3).json()["order_id"]
        set_limit(lamp, 2)
        order(client, key="k2", quantity=2)

        cancelling.cancel(UUID(before))

        assert Bought.objects.get().units == 2

    def test_of_many_orders_at_once_gives_back_their_sum(self, client, limited):
        placed = [order(client, key=f"k{key}").json()["order_id"] for key in range(2)]

        workflow.cancel(map(UUID, placed), allowed_from=Order.Status.PLACED)

        assert Bought.objects.get().units == 0


@pytest.mark.django_db(transaction=True)
class TestOneBuyersRequestsAtOnce:
    def test_the_race_is_real_where_somebody_looks_first(self, limited):
        """Two who look at what was bought so far, and insert after both have looked."""
        ready = Barrier(2)

        def look_then_count():
            bought = sum(Bought.objects.values_list("units", flat=True))
            ready.wait(timeout=60)
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO orders_bought (product_id, buyer, units) VALUES (%s, 'ada', 2)"
                    "ON CONFLICT (product_id, buyer) DO UPDATE SET units = orders_bought.units + 2",
                    [limited.product_id],
                )
            return bought + 2 <= 2

        assert race(look_then_count, look_then_count) == [True, True]
        assert Bought.objects.get().units == 4

    def test_get_no_more_than_the_limit_of_200(self, limited):
        ready = Barrier(4)

        def buy(first):
            ready.wait(timeout=60)
            return [order(Client(), key=f"k{key}").status_code for key in range(first, first + 50)]

        answers = race(*(lambda first=first: buy(first) for first in range(0, 200, 50)))

        statuses = list(chain.from_iterable(answers))
        assert (statuses.count(201), statuses.count(409)) == (2, 198)
        assert (Bought.objects.get().units, Stock.objects.get().available) == (2, 498)

"""The classic order through its URI: what is answered, and what stands in the database afterwards."""

import json
from threading import Barrier
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.models import Order, OrderLine
from shop.models import OutboxEvent, Stock, StockMovement
from tests.orders.conftest import ADDRESS
from tests.orders.racing import race

pytestmark = pytest.mark.django_db
URI = "/shop/rooms/lamp/order"
HTML = {"headers": {"Accept": "text/html,application/xhtml+xml"}}


def body(**changes):
    return {
        "sku": "LAMP", "quantity": 1, "email": "ada@example.org", "name": "Ada",
        "address": ADDRESS, "payment_token": "tok_ok",
    } | changes  # fmt: skip


def order(client, *, key="k1", uri=URI, **changes):
    return client.post(uri, body(**changes), "application/json", headers={"Idempotency-Key": key})


def post_form(client, **more):
    fields = body() | ADDRESS | {"idempotency_key": "k1"}
    del fields["address"]
    return client.post(URI, urlencode(fields), "application/x-www-form-urlencoded", **more)


def rows():
    tables = (Order, OrderLine, StockMovement, OutboxEvent)
    return [model.objects.count() for model in tables]


class TestOrdering:
    def test_takes_the_units_and_answers_201(self, client, lamp):
        response = order(client, quantity=2)

        placed = Order.objects.get()
        assert response.status_code == 201
        assert response.json() == {
            "order_id": str(placed.id), "status": "placed", "status_url": response["Location"],
            "sku": "LAMP", "quantity": 2, "unit_price": "20.00", "currency": "USD",
        }  # fmt: skip
        assert response["Location"].startswith(f"{URI}/{placed.id}?token=")
        assert (placed.total, placed.status, placed.buyer) == (40, "placed", "ada@example.org")
        assert Stock.objects.get().available == 1
        movement = StockMovement.objects.get()
        assert (movement.quantity, movement.reason, movement.order_id) == (-2, "ordered", placed.id)
        assert sorted(OutboxEvent.objects.values_list("key", flat=True)) == [
            f"order:{placed.id}", "product:lamp",
        ]  # fmt: skip

    def test_a_repeated_key_gets_the_first_answer_and_takes_nothing(self, client, lamp):
        first = order(client, quantity=3)

        again = order(client, quantity=3)

        assert (again.status_code, again.json()) == (201, first.json())
        assert (Stock.objects.get().available, rows()) == (0, [1, 1, 1, 2])

    def test_a_price_that_changed_in_between_does_not_change_the_first_answer(self, client, lamp):
        first = order(client)
        lamp.price = "25.00"
        lamp.save()

        assert order(client).json() == first.json()

    def test_a_repeated_key_with_another_body_is_a_conflict(self, client, lamp):
        order(client)

        response = order(client, quantity=2)

        assert (response.status_code, response.json()["refusal"]) == (422, "key_conflict")
        assert rows() == [1, 1, 1, 2]

    def test_a_form_gets_the_same_order_as_json(self, client, lamp):
        first = order(client)

        assert post_form(client).json() == first.json()

    def test_without_javascript_leads_to_the_order(self, client, lamp):
        response = post_form(client, **HTML)

        assert response.status_code == 303
        assert response["Location"].startswith(f"{URI}/{Order.objects.get().id}?token=")


class TestRefusals:
    def test_more_than_there_is_is_sold_out_and_leaves_no_trace(self, client, lamp):
        response = order(client, quantity=4)

        assert (response.status_code, response.json()["refusal"]) == (409, "sold_out")
        assert response["Content-Type"] == "application/problem+json"
        assert (Stock.objects.get().available, rows()) == (3, [0, 0, 0, 0])

    def test_a_refused_key_may_be_tried_again(self, client, lamp):
        order(client, quantity=4)
        Stock.objects.update(available=4)

        assert order(client, quantity=4).status_code == 201

    def test_the_door_is_shut_while_a_sale_has_the_sku(self, client, sale):
        response = order(client)

        assert (response.status_code, response.json()["refusal"]) == (409, "closed")
        assert response.json()["detail"] == "This product is on sale right now: buy it on its sale page."
        assert (Stock.objects.get().available, rows()) == (3, [0, 0, 0, 0])

    def test_a_refused_form_is_answered_with_a_page(self, client, sale):
        response = post_form(client, **HTML)

        assert response.status_code == 409
        assert "buy it on its sale page" in response.content.decode()
        assert response["Content-Type"].startswith("text/html")


class TestBadInput:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"quantity": 0}, "quantity"),
            ({"quantity": -1}, "quantity"),
            ({"quantity": 10**9}, "quantity"),
            ({"quantity": "two"}, "quantity"),
            ({"quantity": True}, "quantity"),
            ({"email": "nobody"}, "email"),
            ({"name": None}, "name"),
            ({"name": "nul \0"}, "name"),
            ({"address": None}, "line1"),
            ({"sku": "NO-SUCH"}, "sku"),
            ({"sku": "CHAIR"}, "sku"),
        ],
    )
    def test_is_named_by_field(self, client, lamp, changes, field):
        response = order(client, **changes)

        assert (response.status_code, response.json()["refusal"]) == (400, "bad_request")
        assert field in response.json()["errors"]
        assert rows() == [0, 0, 0, 0]

    @pytest.mark.parametrize(
        ("content", "content_type", "status"),
        [
            (b"{", "application/json", 400),
            (b'{"name": "\xff"}', "application/json", 400),
            (b"[]", "application/json", 400),
            (b"sku=%FF", "application/x-www-form-urlencoded", 400),
            (b"{}", "text/plain", 415),
            (b"{}", "", 415),
            (b" " * 16_385, "application/json", 413),
        ],
    )
    def test_is_answered_with_its_status(self, client, lamp, content, content_type, status):
        response = client.post(URI, content, content_type)

        assert response.status_code == status
        assert response.json()["status"] == status

    @pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "options"])
    def test_a_wrong_method_is_told_the_right_one(self, client, lamp, method):
        response = getattr(client, method)(URI)

        assert (response.status_code, response["Allow"]) == (405, "POST")

    @pytest.mark.parametrize("uri", ["/shop/rooms/chair/order", "/shop/attic/lamp/order"])
    def test_no_such_product_is_not_found(self, client, lamp, uri):
        assert order(client, uri=uri).status_code == 404

    @settings(max_examples=60)
    @given(
        content=st.binary(max_size=300)
        | st.dictionaries(
            st.sampled_from(["sku", "quantity", "email", "name", "address", "payment_token", "other"]),
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
        ).map(lambda members: json.dumps(members).encode()),
        content_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/html"]),
        key=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30),
    )
    def test_garbage_is_never_our_failure_and_takes_nothing(self, client, lamp, content, content_type, key):
        response = client.post(URI, content, content_type, headers={"Idempotency-Key": key})

        assert response.status_code in (400, 415)
        assert rows() == [0, 0, 0, 0]


@pytest.mark.django_db(transaction=True)
class TestTheLastUnit:
    def test_goes_to_exactly_one_buyer(self, lamp):
        Stock.objects.update(available=1)
        ready = Barrier(4)

        def buy(key):
            ready.wait()
            return order(Client(), key=key).status_code

        statuses = race(*(lambda key=key: buy(f"buyer-{key}") for key in range(4)))

        assert sorted(statuses) == [201, 409, 409, 409]
        assert (Stock.objects.get().available, rows()) == (0, [1, 1, 1, 2])

    def test_the_race_is_real_where_somebody_looks_first(self, lamp):
        Stock.objects.update(available=1)
        ready = Barrier(2)

        def look_then_buy():
            enough = Stock.objects.get().available >= 1
            ready.wait()
            return enough

        assert race(look_then_buy, look_then_buy) == [True, True]

    def test_one_key_sent_twice_at_once_is_one_order(self, lamp):
        ready = Barrier(2)

        def buy():
            ready.wait()
            return order(Client()).json()

        first, second = race(buy, buy)

        assert first == second
        assert (Stock.objects.get().available, rows()) == (2, [1, 1, 1, 2])

"""Orders over REST: placed by programs under the rules of every other order, read, and cancelled."""

import uuid
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from orders import advancing, queries
from orders.models import Order, Payment, Refund
from orders.sandbox import Sandbox
from shop.models import Stock
from tests.orders.conftest import ADDRESS, make_sale, make_sku
from tests.orders.racing import race

pytestmark = pytest.mark.django_db
URI = "/api/v1/orders/"


@pytest.fixture
def chair(lamp):
    return make_sku("CHAIR", available=5, price="50.00")


@pytest.fixture
def staff():
    token = Token.objects.create(user=User.objects.create_user("ada", is_staff=True))
    return {"HTTP_AUTHORIZATION": f"Token {token}"}


@pytest.fixture(autouse=True)
def nobody_is_counted(store):
    """An empty store: whoever asked in another test asked in another minute."""


def body(*lines, **changes):
    buyer = {"email": "ada@example.org", "name": "Ada", "address": ADDRESS, "payment_token": "tok_ok"}
    return buyer | {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]} | changes


def place(client, *lines, key="k1", **changes):
    return post(client, body(*lines, **changes), key=key)


def post(client, sent, *, key="k1"):
    return client.post(URI, sent, "application/json", headers={"Idempotency-Key": key} if key else {})


def left():
    return dict(Stock.objects.values_list("sku__code", "available"))


class TestPlacing:
    def test_takes_several_lines_in_one_order(self, client, chair):
        response = place(client, ("LAMP", 2), ("CHAIR", 1))

        order = response.json()
        assert response.status_code == 201
        assert (order["status"], order["total"], order["currency"]) == ("placed", "90.00", "USD")
        assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [("LAMP", 2), ("CHAIR", 1)]
        assert left() == {"LAMP": 1, "CHAIR": 4}
        assert client.get(response["Location"]).json() == order

    def test_takes_one_sku_as_its_own_order_uri_does(self, client, lamp):
        sent = body(sku="LAMP", quantity=2)
        del sent["lines"]

        assert post(client, sent).status_code == 201
        assert left() == {"LAMP": 1}

    def test_lines_of_one_sku_are_summed(self, client, lamp):
        assert place(client, ("LAMP", 2), ("LAMP", 1)).status_code == 201
        assert left() == {"LAMP": 0}

    def test_the_same_key_gets_the_first_answer_however_far_the_order_got(self, client, lamp):
        first = place(client, ("LAMP", 1))
        Order.objects.update(status="paid", version=2)

        again = place(client, ("LAMP", 1))

        assert (again.status_code, again.json()) == (201, first.json())
        assert left() == {"LAMP": 2}

    def test_the_same_key_with_another_body_is_a_conflict(self, client, lamp):
        place(client, ("LAMP", 1))

        answer = place(client, ("LAMP", 2))

        assert (answer.status_code, answer.json()["refusal"]) == (422, "key_conflict")

    def test_the_key_may_be_a_field(self, client, lamp):
        assert post(client, body(("LAMP", 1), idempotency_key="k1"), key=None).status_code == 201
        assert place(client, ("LAMP", 1)).status_code == 201
        assert Order.objects.count() == 1

    def test_all_or_nothing_is_taken(self, client, chair):
        answer = place(client, ("CHAIR", 1), ("LAMP", 4))

        assert (answer.status_code, answer.json()["refusal"]) == (409, "sold_out")
        assert (left(), Order.objects.count()) == ({"LAMP": 3, "CHAIR": 5}, 0)

    def test_more_money_than_an_order_can_be_of_is_refused(self, client):
        make_sku("YACHT", price="99999999.99")

        answer = place(client, ("YACHT", 9999))

        assert (answer.status_code, answer.json()["refusal"]) == (409, "sold_out")

    def test_what_is_on_sale_is_bought_on_its_sale_page(self, client, chair, lamp):
        make_sale(lamp, units=3)

        answer = place(client, ("CHAIR", 1), ("LAMP", 1))

        assert (answer.status_code, answer.json()["refusal"]) == (409, "closed")
        assert "Lamp is on sale right now" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({"name": "", "address": {}}, {"name", "line1", "city", "postcode", "country"}),
            ({"email": "ada", "lines": [{"sku": "SOFA", "quantity": 0}]}, {"email", "lines[0].quantity"}),
            ({"lines": []}, {"lines"}),
            ({"lines": "LAMP"}, {"lines"}),
            ({"lines": [7]}, {"lines"}),
            ({"lines": [{"sku": "LAMP", "quantity": 1}] * 51}, {"lines"}),
            ({"sku": "LAMP"}, {"lines"}),
            ({"lines": [{"sku": "LAMP", "quantity": 1}, {"sku": "SOFA", "quantity": 1}]}, {"lines[1].sku"}),
            ({"lines": [{}]}, {"lines[0].sku", "lines[0].quantity"}),
            ({"lines": [{"sku": "\0", "quantity": 1}, {"sku": "\ud800", "quantity": 1}]},
             {"lines[0].sku", "lines[1].sku"}),
            ({"lines": [{"sku": "LAMP", "quantity": 9999}] * 2}, {"lines[0].quantity", "lines[1].quantity"}),
            ({"name": ["\0"], "address": [[]]}, {"name", "line1", "city", "postcode", "country"}),
        ],
    )  # fmt: skip
    def test_everything_wrong_is_named_by_field(self, client, lamp, changes, fields):
        answer = place(client, ("LAMP", 1), **changes)

        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert set(answer.json()["errors"]) == fields
        assert left() == {"LAMP": 3}

    def test_a_program_without_a_key_would_buy_twice_some_day(self, client, lamp):
        answer = place(client, ("LAMP", 1), key=None)

        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["idempotency_key"])

    @pytest.mark.parametrize("sent", ["[]", "7", "null", '"x"', "{", ""])
    def test_a_body_that_is_no_order_is_a_bad_request(self, client, lamp, sent):
        answer = client.post(URI, sent, "application/json", headers={"Idempotency-Key": "k"})

        assert (answer.status_code, answer.json()["refusal"]) == (400, "bad_request")


@pytest.mark.django_db(transaction=True)
def test_the_last_unit_goes_to_one_program(lamp):
    Stock.objects.update(available=1)
    barrier = Barrier(4)

    def ask(number):
        barrier.wait(60)
        return place(Client(), ("LAMP", 1), key=f"k{number}").status_code

    assert sorted(race(*[partial(ask, number) for number in range(4)])) == [201, 409, 409, 409]


class TestReading:
    def test_opens_to_its_token_and_to_staff(self, client, lamp, staff):
        placed = place(client, ("LAMP", 1))
        uri = f"{URI}{placed.json()['order_id']}/"

        assert client.get(placed["Location"]).json() == client.get(uri, **staff).json() == placed.json()
        assert client.get(uri).status_code == 404
        assert client.get(f"{URI}{uuid.uuid4()}/", **staff).status_code == 404

    def test_a_shoppers_token_opens_no_order_of_others(self, client, lamp):
        placed = place(client, ("LAMP", 1)).json()
        token = Token.objects.create(user=User.objects.create_user("eve"))

        uri = f"{URI}{placed['order_id']}/"

        assert client.get(uri, HTTP_AUTHORIZATION=f"Token {token}").status_code == 404


class TestCancelling:
    def cancel(self, client, order_id, token=None, **headers):
        token = queries.token(order_id) if token is None else token
        return client.post(f"{URI}{order_id}/cancel/?token={token}", **headers)

    def test_gives_the_units_back_once(self, client, chair):
        placed = place(client, ("LAMP", 2), ("CHAIR", 1)).json()

        answers = [self.cancel(client, placed["order_id"]) for _ in range(2)]

        assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [
            (200, "cancelled")
        ] * 2
        assert left() == {"LAMP": 3, "CHAIR": 5}

    def test_gives_the_money_back_of_what_is_paid(self, client, lamp):
        placed = place(client, ("LAMP", 2)).json()
        self.advance()
        assert Payment.objects.get().captured == 40

        answer = self.cancel(client, placed["order_id"])
        self.advance()

        assert (answer.json()["status"], left()) == ("cancelled", {"LAMP": 3})
        assert (Refund.objects.get().amount, Order.objects.get().status) == (40, "cancelled")

    def advance(self):
        advancing.advance(Sandbox(secret="secret"), now=timezone.now() + timedelta(seconds=1))

    @pytest.mark.parametrize("status", ["shipped", "refunded"])
    def test_what_is_shipped_is_not_cancelled(self, client, lamp, status):
        placed = place(client, ("LAMP", 1)).json()
        Order.objects.update(status=status)

        answer = self.cancel(client, placed["order_id"])

        assert (answer.status_code, answer.json()["refusal"]) == (409, "too_late")
        assert (Order.objects.get().status, left()) == (status, {"LAMP": 2})

    def test_nobody_cancels_what_is_not_theirs_but_staff_may(self, client, lamp, staff):
        placed = place(client, ("LAMP", 1)).json()

        assert self.cancel(client, placed["order_id"], token="x").status_code == 404
        assert self.cancel(client, placed["order_id"], token="", **staff).status_code == 200

"""Basket and checkout, as a browser without JavaScript goes through them."""

import json
import uuid
from decimal import Decimal
from pathlib import Path

import pytest

from orders import basket
from orders.models import Order, OrderLine
from shop.models import Stock
from shop.offers import Offer, Status
from tests.orders.conftest import ADDRESS, make_sale, make_sku

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


def add(client, sku="LAMP", quantity="1", headers=BROWSER):
    return client.post("/basket/add/", {"sku": sku, "quantity": quantity}, headers=headers)


def check_out(client, *, key="k1", **changes):
    fields = ADDRESS | {"email": "ada@example.org", "name": "Ada", "payment_token": "tok_ok"}
    return client.post("/checkout/", fields | {"idempotency_key": key} | changes, headers=BROWSER)


class TestBasket:
    def test_adds_up_what_is_put_in(self, client, lamp):
        response = add(client)
        add(client, quantity="2")

        page = client.get("/basket/")
        assert (response.status_code, response["Location"]) == (303, "/basket/")
        (line,) = page.context["lines"]
        assert (line.sku, line.quantity, line.unit_price, line.total, line.offer.available) == (
            lamp,
            3,
            20,
            60,
            3,
        )
        assert (page.context["total"], page.context["currency"], line.problem) == (60, "USD", "")

    def test_tells_every_page_its_count_in_a_cookie(self, client, lamp):
        cookie = add(client, quantity="2").cookies["basket_count"]

        assert (cookie.value, cookie["path"], cookie["httponly"]) == ("2", "/", "")

    def test_tells_scripts_the_count(self, client, lamp):
        assert add(client, headers={"Accept": "*/*"}).json() == {"count": 1}

    def test_changes_and_removes_lines(self, client, lamp):
        make_sku("CHAIR")
        add(client)
        add(client, "CHAIR")

        client.post("/basket/update/", {"sku": "LAMP", "quantity": "2"}, headers=BROWSER)
        client.post("/basket/remove/", {"sku": "CHAIR"}, headers=BROWSER)

        assert [(line.sku.code, line.quantity) for line in client.get("/basket/").context["lines"]] == [
            ("LAMP", 2)
        ]

    def test_says_what_is_wrong_with_a_line(self, client, lamp):
        add(client, quantity="4")
        make_sku("CHAIR", available=0)
        add(client, "CHAIR")
        make_sale(make_sku("TABLE"), units=1)
        add(client, "TABLE")

        few, none, on_sale = (line.problem for line in client.get("/basket/").context["lines"])

        assert few.startswith("Only 3 left")
        assert none.startswith("Sold out")
        assert "on sale right now" in on_sale

    @pytest.mark.parametrize(
        ("sku", "quantity"),
        [
            ("LAMP", "0"),
            ("LAMP", "-1"),
            ("LAMP", "two"),
            ("LAMP", "²"),
            ("LAMP", "9" * 30),
            ("LAMP", "000001" + "0" * 5000),
            ("NO", "1"),
            ("\0", "1"),
        ],
    )
    def test_takes_in_no_nonsense(self, client, lamp, sku, quantity):
        assert add(client, sku, quantity).status_code == 400
        assert client.get("/basket/").context["lines"] == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
        ],
    )
    def test_takes_nothing_from_another_site(self, client, lamp, headers):
        assert add(client, headers=headers).status_code == 403

    @pytest.mark.parametrize(
        "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}, {}]
    )
    def test_takes_it_from_our_own_pages_and_from_programs(self, client, lamp, headers):
        assert add(client, headers=headers).status_code == 200

    def test_a_forged_session_is_no_session(self, client, lamp):
        client.cookies["sessionid"] = "\0" * 32

        assert client.get("/basket/").status_code == 200

    def test_wants_a_post(self, client, lamp):
        response = client.get("/basket/add/")

        assert (response.status_code, response["Allow"]) == (405, "POST")


class TestCheckout:
    def test_orders_all_lines_at_once(self, client, lamp):
        chair = make_sku("CHAIR", price="5.50")
        add(client, quantity="2")
        add(client, "CHAIR")

        response = check_out(client)

        order = Order.objects.get()
        assert response.status_code == 303
        assert response["Location"].startswith(f"/orders/{order.id}/?token=")
        assert (order.total, order.sale, order.name) == (45.5, None, "Ada")
        assert set(OrderLine.objects.values_list("sku", "quantity")) == {(lamp.pk, 2), (chair.pk, 1)}
        assert [stock.available for stock in Stock.objects.order_by("sku_id")] == [1, 2]

    def test_leaves_an_empty_basket_and_shows_the_order(self, client, lamp):
        add(client)
        response = check_out(client)

        page = client.get(response["Location"])

        assert page.status_code == 200
        assert page.context["order"].name == "Ada"
        assert client.get("/basket/").context["lines"] == []
        assert response.cookies["basket_count"].value == "0"

    def test_pressing_twice_is_one_order(self, client, lamp):
        add(client)

        first, second = check_out(client), check_out(client)

        assert first["Location"] == second["Location"]
        assert Order.objects.count() == 1

    def test_a_basket_that_changed_under_the_key_is_a_conflict(self, client, lamp):
        add(client)
        check_out(client)
        add(client, quantity="2")
        session = client.session
        session["placed"] = {}
        session.save()

        response = check_out(client)

        assert response.status_code == 422
        assert "Your basket changed" in response.context["errors"][""]
        assert Order.objects.count() == 1

    def test_shows_what_is_wrong_beside_what_was_written(self, client, lamp):
        add(client)

        response = check_out(client, email="nobody", city="")

        assert response.status_code == 400
        assert set(response.context["errors"]) == {"email", "city"}
        assert response.context["form"]["email"] == "nobody"
        assert Order.objects.count() == 0

    def test_one_line_that_cannot_be_had_takes_nothing_of_the_others(self, client, lamp):
        make_sku("CHAIR", available=0)
        add(client)
        add(client, "CHAIR")

        response = check_out(client)

        assert response.status_code == 409
        assert (Order.objects.count(), Stock.objects.get(sku=lamp).available) == (0, 3)
        assert len(response.context["lines"]) == 2

    def test_a_line_on_sale_is_named(self, client, lamp):
        make_sale(make_sku("CHAIR"), units=1)
        add(client)
        add(client, "CHAIR")

        response = check_out(client)

        assert response.status_code == 409
        assert response.context["errors"][""].startswith("Chair is on sale right now")

    def test_a_missing_key_is_said(self, client, lamp):
        add(client)

        assert check_out(client, key="").status_code == 400

    def test_the_form_comes_with_a_fresh_key(self, client, lamp):
        add(client)

        keys = {client.get("/checkout/").context["idempotency_key"] for _ in range(2)}

        assert len(keys) == 2
        assert all(uuid.UUID(key) for key in keys)

    def test_the_form_begins_with_no_country_of_its_own(self, client, lamp):
        add(client)

        page = client.get("/checkout/").content.decode()

        # Where none is selected a browser takes the first, as in the form of a product on sale.
        countries = page.partition('name="country"')[2].partition("</select>")[0]
        assert "United States" in countries and "selected" not in countries

    def test_an_empty_basket_leads_back(self, client, db):
        assert client.get("/checkout/")["Location"] == "/basket/"
        assert check_out(client).status_code == 400


LINES = json.loads((Path(__file__).parent.parent / "vectors" / "lines.json").read_text())


@pytest.mark.parametrize("case", LINES, ids=[case["why"] for case in LINES])
def test_a_line_says_why_it_cannot_be_ordered(case):
    price = Decimal("19.99")
    offer = Offer("LAMP", {}, price, price, "USD", case["available"], Status(case["status"]), version=1)

    assert basket.problem(offer, case["quantity"], limit=case.get("limit")) == case["problem"]

"""What became of an order: at the link that was given, on its page, and for programs."""

import uuid

import pytest

from orders.models import Order
from tests.orders.test_classic_order import HTML, URI, order

pytestmark = pytest.mark.django_db


class TestWhatBecameOfIt:
    def test_is_told_at_the_link_that_was_given(self, client, lamp):
        placed = order(client)
        Order.objects.update(status="paid")

        response = client.get(placed["Location"])

        assert response.status_code == 200
        assert response.json() == placed.json() | {"status": "paid"}

    def test_without_the_token_nothing_personal_is_told_and_no_link(self, client, lamp):
        placed = order(client).json()
        uri = f"{URI}/{placed['order_id']}"

        assert client.get(uri).json() == placed | {"status_url": uri}

    def test_a_browser_is_led_to_the_orders_page(self, client, lamp):
        placed = order(client)

        response = client.get(placed["Location"], **HTML)

        assert response.status_code == 303
        assert response["Location"].startswith(f"/orders/{placed.json()['order_id']}/?token=")

    @pytest.mark.parametrize("token", ["x", "é", "0" * 32])
    def test_a_wrong_token_finds_nothing(self, client, lamp, token):
        placed = order(client).json()

        assert client.get(f"{URI}/{placed['order_id']}", {"token": token}).status_code == 404
        assert client.get(f"/orders/{placed['order_id']}/", {"token": token}).status_code == 404
        assert client.get(f"/api/v1/orders/{placed['order_id']}/", {"token": token}).status_code == 404

    def test_an_unknown_order_or_one_of_another_product_is_not_found(self, client, lamp):
        placed = order(client).json()

        assert client.get(f"{URI}/{uuid.uuid4()}").status_code == 404
        assert client.get(f"/shop/rooms/chair/order/{placed['order_id']}").status_code == 404

    def test_programs_read_it_as_its_page_shows_it(self, client, lamp):
        placed = order(client, quantity=2)
        token = placed["Location"].rpartition("=")[2]

        response = client.get(f"/api/v1/orders/{placed.json()['order_id']}/", {"token": token})

        assert response.status_code == 200
        shown = response.json()
        assert (shown["status"], shown["total"], shown["currency"]) == ("placed", "40.00", "USD")
        assert shown["lines"] == [
            {"sku": "LAMP", "product": "lamp", "name": "Lamp", "quantity": 2, "unit_price": "20.00"}
        ]

    def test_an_orders_page_opens_with_its_token_only(self, client, lamp):
        placed = order(client).json()
        page = f"/orders/{placed['order_id']}/?token={placed['status_url'].rpartition('=')[2]}"

        assert client.get(page).status_code == 200
        assert client.get(f"/orders/{placed['order_id']}/").status_code == 404

"""Buying in a real browser: buy.js, and an order's door that does as told."""

import uuid

import pytest
from django.conf import settings
from playwright.sync_api import expect

from fastpath_lambda import identity
from live import publish
from tests.live.site import show, watches

pytestmark = pytest.mark.slow

ORDER = str(uuid.UUID(int=9))
STATUS_URL = f"/shop/lights/lamp/order/{ORDER}?token=" + identity.status_token(
    settings.STATUS_TOKEN_SECRET, ORDER
)
ACCEPTED = {
    "order_id": ORDER,
    "status": "accepted",
    "status_url": STATUS_URL,
    "sku": "LAMP",
    "quantity": 1,
    "unit_price": "149.99",
    "currency": "USD",
}


def test_is_followed_until_it_is_confirmed(page, site):
    watches(page)
    site.door.answers = [(202, ACCEPTED)]

    page.click("[data-buy]")
    result = page.locator("[data-order-result]")
    expect(result).to_contain_text("We have your order")
    expect(result).to_contain_text("1 × Camp lamp at $149.99.")
    expect(result.get_by_role("link")).to_have_attribute("href", STATUS_URL)
    publish.order(ORDER, "confirmed", 3)

    expect(result).to_contain_text("confirmed")
    key, body = site.door.asked[0]
    assert len(key) == 36
    assert body["quantity"] == 1
    assert body["address"]["line1"] == "1 Pier Road"
    assert page.evaluate("sessionStorage.length") == 0


def test_a_failure_is_tried_again_with_the_same_key(page, site):
    site.door.answers = [(503, {}), (503, {}), (202, ACCEPTED)]

    page.click("[data-buy]")

    expect(page.locator("[data-order-result]")).to_contain_text("We have your order")
    assert len({key for key, _ in site.door.asked}) == 1


def test_an_error_of_ours_keeps_the_key_and_other_values_renew_it(page, site):
    site.door.answers = [(500, {}), (500, {}), (500, {})]

    for quantity in ("1", "1", "2"):
        page.fill("[name=quantity]", quantity)
        page.click("[data-buy]")
        expect(page.locator("[data-order-result]")).to_contain_text("you will not buy twice")
        expect(page.locator("[data-buy]")).to_be_enabled()

    keys = [key for key, _ in site.door.asked]
    assert keys[0] == keys[1] != keys[2]


def test_a_refusal_is_a_sentence(page, site):
    site.door.answers = [(409, {"refusal": "sold_out", "detail": "The last one was just sold."})]

    page.click("[data-buy]")

    expect(page.locator("[data-order-result]")).to_have_text("The last one was just sold.")


def test_errors_stand_beside_their_fields_until_the_next_try(page, site):
    problem = {
        "title": "Please check the order",
        "errors": {"email": "Write an e-mail.", "sku": "Choose one."},
    }
    site.door.answers = [(400, problem), (202, ACCEPTED)]

    page.click("[data-buy]")
    expect(page.locator("[name=email] + em")).to_have_text("Write an e-mail.")
    expect(page.locator("[name=email]")).to_be_focused()
    expect(page.locator("[data-order-result]")).to_have_text("Choose one.")
    page.click("[data-buy]")

    expect(page.locator("[data-order-result]")).to_contain_text("We have your order")
    expect(page.locator("em")).to_have_count(0)


def test_what_sold_out_while_it_was_ordered_stays_shut(page, site):
    watches(page)
    site.door.answers = [(503, {})]

    page.click("[data-buy]")
    show(version=3, available=0, status="sold_out")
    expect(page.locator("[data-live=status]")).to_have_text("Sold out")
    site.door.answers = [(409, {"detail": "The last one was just sold."})]

    expect(page.locator("[data-order-result]")).to_contain_text("just sold")
    expect(page.locator("[data-buy]")).to_be_disabled()

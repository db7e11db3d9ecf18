"""README's "A sale in five minutes", line by line, on a whole running shop."""

import json

import pytest

pytestmark = pytest.mark.slow

MUSKIE = "/shop/rods/muskie-casting-rod/"
TOURNEY = "/shop/rods/tourney-casting-rod/"


def test_a_product_that_is_not_on_sale_is_placed_by_the_shop(shop):
    first = shop.order(
        TOURNEY, key="five-minutes-classic", sku=sku_of(shop, "tourney-casting-rod"), email="a@b.org"
    )

    assert first.status == 201
    assert first.json()["status"] == "placed"
    assert first.headers["Location"] == first.json()["status_url"]


def test_the_same_key_gives_the_first_answer_again(shop):
    asked = {"key": "five-minutes-again", "sku": sku_of(shop, "tourney-casting-rod"), "email": "a@b.org"}

    first, second = shop.order(TOURNEY, **asked), shop.order(TOURNEY, **asked)
    other = shop.order(TOURNEY, **asked | {"quantity": 2})

    assert second.status == 201
    assert second.json()["order_id"] == first.json()["order_id"]
    assert other.status == 422


@pytest.fixture
def short_rush(tmp_path):
    """900 visitors in three seconds: the real curve takes seventeen."""
    curve = tmp_path / "short.csv"
    curve.write_text("second,reservations\n20:00:00,200\n20:00:01,400\n20:00:02,300\n")
    return str(curve)


def test_a_sale_from_arming_to_closing(shop, short_rush):
    shop.manage("fastpath", "arm", "muskie-casting-rod", "--units", "500", "--limit", "2")
    assert shop.order(MUSKIE).json()["refusal"] == "not_open"

    shop.manage("fastpath", "open", "muskie-casting-rod")
    shop.manage("fastpath", "pause", "muskie-casting-rod")
    assert shop.order(MUSKIE).json()["refusal"] == "paused"

    shop.manage("fastpath", "resume", "muskie-casting-rod")
    accepted = shop.order(MUSKIE, key="five-minutes-sale", email="ada@example.org", quantity=2)
    assert accepted.status == 202
    assert accepted.json()["status"] == "accepted"
    again = shop.order(MUSKIE, key="five-minutes-sale", email="ada@example.org", quantity=2)
    assert again.json()["order_id"] == accepted.json()["order_id"]
    assert shop.order(MUSKIE, email="ADA@example.org").json()["refusal"] == "over_limit"
    shop.eventually(lambda: shop.ask(accepted.json()["status_url"]).json()["status"] == "confirmed")

    rush = json.loads(shop.manage("rush", "muskie-casting-rod", "--curve", short_rush, "--json"))
    assert rush["accepted"] == 498
    assert not rush["errors"]
    assert rush["web_requests"] == 0

    audit = json.loads(shop.manage("audit_stock", "--json"))
    assert audit["balanced"] is True
    assert shop.order(MUSKIE).json()["refusal"] == "sold_out"
    assert shop.ask(TOURNEY).status == 200

    shop.manage("fastpath", "close", "muskie-casting-rod")
    assert json.loads(shop.manage("fastpath", "status", "muskie-casting-rod", "--json"))["state"] == "closed"
    assert shop.ask(accepted.json()["status_url"]).json()["status"] == "confirmed"
    assert shop.order(MUSKIE).status == 201


def test_what_nobody_can_serve_is_said_in_a_sentence(shop):
    refused = shop.order(TOURNEY, sku="NO-SUCH-SKU")

    assert refused.status == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert "sku" in refused.json()["errors"]


def sku_of(shop, slug):
    return shop.ask(f"/api/v1/products/{slug}/").json()["skus"][0]["sku"]

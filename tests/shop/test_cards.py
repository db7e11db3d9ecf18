"""What a card says, in the same words as the script that keeps it current."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from shop import queries
from shop.models import Product
from shop.offers import Offer, Status
from shop.rooms import Room

CASES = json.loads((Path(__file__).parent.parent / "vectors" / "cards.json").read_text())


def make_offer(number, status, available, price):
    return Offer(
        sku=f"LAMP-{number}",
        options={},
        price=Decimal(price),
        regular_price=Decimal(price),
        currency="USD",
        available=available,
        status=Status(status),
        version=1,
    )


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_a_card_sums_up_its_skus(case):
    offers = [make_offer(number, *value) for number, value in enumerate(case["values"])]

    card = queries.card_of(Product(pk=1, slug="lamp"), offers, Room())

    told = (str(card.price), card.tag, card.stock_words, card.from_price, card.has_few)
    assert told == tuple(case[name] for name in ("price", "tag", "stock", "has_from", "has_few"))

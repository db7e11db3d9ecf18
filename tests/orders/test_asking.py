"""Payments are asked for several at once, and no more than the provider allows."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import advancing, refunding
from orders.models import Order, Payment, Refund
from shop.models import Stock
from tests.orders.paid_through import make_stripe
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
# Long enough for one too many to be seen.
SLOW = 0.1


@pytest.fixture
def provider(server):
    return make_stripe(server, at_once=4).provider


def place(client, name, *, orders, **changes):
    """So many orders, the oldest first."""
    Stock.objects.update(available=100)
    for number in range(orders):
        assert order(client, key=f"{name}-{number}", **changes).status_code == 201


def place_for_stripe(client, name, *, orders):
    place(client, name, orders=orders, payment_token="pm_card_visa")


def advance(provider, *, after=1):
    """Returns how many were taken up."""
    return advancing.advance(provider, now=timezone.now() + timedelta(seconds=after))


def test_one_at_a_time_is_never_asked_for_two(client, lamp, server):
    place_for_stripe(client, "one", orders=4)
    server.slow = SLOW

    turns = [advance(make_stripe(server, at_once=1).provider) for _ in range(2)]

    assert (turns, server.most_at_once) == ([2, 2], 1)


def test_four_at_a_time_are_four(client, lamp, server, provider):
    place_for_stripe(client, "four", orders=8)
    server.slow, server.together = SLOW, 4

    taken = advance(provider)

    assert (taken, server.most_at_once) == (8, 4)
    assert set(Payment.objects.values_list("state", flat=True)) == {"captured"}


def test_each_answer_is_written_to_its_own_order(client, lamp, server, provider):
    tokens = ["pm_card_visa", "pm_card_chargeDeclined", "pm_slow", "pm_gone"] * 2
    for number, token in enumerate(tokens):
        Stock.objects.update(available=100)
        order(client, key=str(number), payment_token=token)

    advance(provider)

    found = Order.objects.values_list("payment_token", "status", "payment__state")
    assert sorted(found) == sorted(
        [
            ("pm_card_visa", "confirmed", "captured"),
            ("pm_card_chargeDeclined", "cancelled", "declined"),
            ("pm_slow", "placed", "waiting"),
            ("pm_gone", "cancelled", "declined"),
        ]
        * 2
    )
    for intent, order_id in Payment.objects.exclude(reference="").values_list("reference", "order_id"):
        assert server.intents[intent]["metadata"]["order_id"] == str(order_id)


def test_refunds_are_asked_for_at_once_too(client, lamp, server, provider):
    place_for_stripe(client, "back", orders=4)
    advance(provider)
    for placed in Order.objects.all():
        refunding.promise(placed.pk, amount=None, key=f"{placed.pk}:refund", by="ada")
    server.slow, server.together, server.most_at_once = SLOW, 4, 0

    advance(provider, after=2)

    assert server.most_at_once == 4
    assert set(Refund.objects.values_list("state", flat=True)) == {"done"}


def test_takes_up_no_more_than_a_turn_can_ask_for(client, lamp, server, provider):
    place_for_stripe(client, "many", orders=11)

    assert [advance(provider, after=0) for _ in range(3)] == [8, 3, 0]

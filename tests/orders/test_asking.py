"""Payments are asked for several at once, and no more than the provider allows."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from orders import advancing, refunding
from orders.models import Order, Payment, Refund
from shop.models import Stock
from tests.orders.paid_through import make_stripe
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
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


def timed_advance(provider, *, after=1):
    began_at = time.monotonic()
    taken = advancing.advance(provider, now=timezone.now() + timedelta(seconds=after))
    return taken, time.monotonic() - began_at


def test_one_at_a_time_takes_as_long_as_all_of_them(client, lamp, server):
    place_for_stripe(client, "one", orders=8)
    server.slow = SLOW

    turns = [timed_advance(make_stripe(server, at_once=1).provider) for _ in range(4)]

    assert ([taken for taken, _ in turns], server.most_at_once) == ([2] * 4, 1)
    assert sum(seconds for _, seconds in turns) >= 8 * 2 * SLOW


def test_four_at_a_time_takes_a_fourth(client, lamp, server, provider):
    place_for_stripe(client, "four", orders=8)
    server.slow = SLOW

    taken, seconds = timed_advance(provider)

    assert (taken, server.most_at_once) == (8, 4)
    # Two rounds to authorise and two to capture; the rest is for a busy machine.
    assert seconds < 8 * 2 * SLOW
    assert set(Payment.objects.values_list("state", flat=True)) == {"captured"}


def test_each_answer_is_written_to_its_own_order(client, lamp, server, provider):
    tokens = ["pm_card_visa", "pm_card_chargeDeclined", "pm_slow", "pm_gone"] * 2
    for number, token in enumerate(tokens):
        Stock.objects.update(available=100)
        order(client, key=str(number), payment_token=token)

    timed_advance(provider)

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
    timed_advance(provider)
    for placed in Order.objects.all():
        refunding.promise(placed.pk, amount=None, key=f"{placed.pk}:refund", by="ada")
    server.slow, server.most_at_once = SLOW, 0

    timed_advance(provider, after=2)

    assert server.most_at_once == 4
    assert set(Refund.objects.values_list("state", flat=True)) == {"done"}


def test_takes_up_no_more_than_a_turn_can_ask_for(client, lamp, server, provider):
    place_for_stripe(client, "many", orders=11)

    assert [timed_advance(provider, after=0)[0] for _ in range(3)] == [8, 3, 0]

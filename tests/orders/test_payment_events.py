"""What the payment provider tells by itself: late, twice, out of order, or not at all from it."""

import json
from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from orders import advancing, payment_events, sandbox_events, workflow
from orders.models import Order, Payment, PaymentEvent
from orders.sandbox import SIGNATURE, Sandbox
from shop.models import Stock
from tests.orders.racing import race
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
Status = Order.Status
ADDRESS = "/payments/sandbox/events/"


@pytest.fixture
def provider(settings):
    return Sandbox(secret=settings.PAYMENT_EVENTS_SECRET)


@pytest.fixture
def late(client, lamp, provider):
    """An order of two lamps whose payment has no answer yet."""
    order(client, quantity=2, payment_token="tok_late")
    advance(provider)
    return Payment.objects.get()


def advance(provider, *, after=timedelta(seconds=1)):
    advancing.advance(provider, now=timezone.now() + after)


def told(payment, state, **fields):
    event = {"id": f"evt-{state}", "order_id": str(payment.pk), "state": state, "reference": "ref"}
    return json.dumps(event | fields).encode()


def hear(provider, body):
    return payment_events.hear(provider, body, {SIGNATURE: provider.sign(body)}, now=timezone.now())


def ends():
    payment = Payment.objects.get()
    return Order.objects.get().status, payment.state, Stock.objects.get().available


class TestHear:
    def test_a_late_authorisation_confirms_the_order(self, late, provider):
        assert hear(provider, told(late, "authorised")) is True
        advance(provider)

        assert ends() == ("confirmed", "captured", 1)
        assert Payment.objects.get().reference == "ref"

    def test_a_late_authorisation_after_cancelling_is_let_go_of(self, late, provider):
        workflow.cancel([late.pk], allowed_from=Status.PLACED)

        hear(provider, told(late, "authorised"))
        advance(provider)

        assert ends() == ("cancelled", "voided", 3)

    def test_money_taken_after_cancelling_is_refunded(self, late, provider):
        workflow.cancel([late.pk], allowed_from=Status.PLACED)

        hear(provider, told(late, "captured"))
        advance(provider)
        advance(provider, after=timedelta(seconds=5))

        payment = Payment.objects.get()
        assert payment.captured == payment.refunded == payment.amount
        assert payment.refunds.get().state == "done"
        assert ends() == ("cancelled", "captured", 3)

    def test_many_refusals_give_the_units_back_once(self, late, provider):
        for number in range(5):
            hear(provider, told(late, "declined", id=f"evt-{number}"))
            advance(provider, after=timedelta(minutes=number))

        assert ends() == ("cancelled", "declined", 3)

    def test_a_repeat_is_known_and_changes_nothing(self, late, provider):
        hear(provider, told(late, "authorised"))

        assert hear(provider, told(late, "authorised")) is False
        assert PaymentEvent.objects.count() == 1

    @pytest.mark.parametrize("states", list(permutations(["authorised", "declined", "captured"])))
    def test_in_any_order_units_and_money_agree(self, late, provider, states):
        for second, state in enumerate(states):
            hear(provider, told(late, state))
            advance(provider, after=timedelta(seconds=second))
        advance(provider, after=timedelta(minutes=1))
        advance(provider, after=timedelta(minutes=2))

        payment = Payment.objects.get()
        kept = payment.captured - payment.refunded
        status, _, available = ends()
        assert (status, kept, available) in {("confirmed", payment.amount, 1), ("cancelled", 0, 3)}


class TestAddress:
    def post(self, client, body, signature):
        return client.post(ADDRESS, body, content_type="application/json", headers={SIGNATURE: signature})

    def test_hears_what_is_signed_once(self, client, late, provider):
        body = told(late, "authorised")

        first, again = (self.post(client, body, provider.sign(body)) for _ in range(2))

        assert [(each.status_code, each.json()) for each in (first, again)] == [
            (200, {"is_new": True}),
            (200, {"is_new": False}),
        ]

    @pytest.mark.parametrize("signature", ["", "0" * 64, "ü"])
    def test_turns_away_who_is_not_the_provider(self, client, late, signature, caplog):
        assert self.post(client, told(late, "authorised"), signature).status_code == 401
        assert PaymentEvent.objects.count() == 0
        assert "not the payment provider" in caplog.text

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"{", b"[]", b"[" * 60_000, b'{"id": 1}', b"\xff", b"x" * 100_000,
            b'{"id": "a", "order_id": "b", "state": "authorised", "reference": ""}',
            b'{"id": "a", "order_id": "%s", "state": "captured", "reference": ""}' % (b"0" * 32),
        ],
    )  # fmt: skip
    def test_asks_for_an_event(self, client, provider, db, body):
        assert self.post(client, body, provider.sign(body)).status_code in (400, 401)

    @pytest.mark.parametrize(
        "field",
        [{"state": "refunded"}, {"state": "waiting"}, {"id": "\0"}, {"reference": "\ud800"}, {"id": ""}],
    )
    def test_refuses_what_no_column_can_hold(self, client, provider, late, field):
        body = told(late, "authorised", **field) if "state" not in field else told(late, **field)

        assert self.post(client, body, provider.sign(body)).status_code == 400


class TestSandbox:
    def test_tells_of_a_late_authorisation_by_itself(self, late, provider):
        sandbox_events.send_late(provider, now=late.opened_at + timedelta(seconds=4))
        assert Payment.objects.get().state == "waiting"

        sandbox_events.send_late(provider, now=late.opened_at + timedelta(seconds=6))
        advance(provider, after=timedelta(seconds=7))

        assert ends() == ("confirmed", "captured", 1)


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_of_one_event_told_by_many_is_heard_once(self, late, provider):
        body = told(late, "declined")

        heard = race(*[lambda: hear(provider, body)] * 6)

        assert sorted(heard) == [False] * 5 + [True]

    def test_of_refusals_turns_and_a_buyer_gives_back_once(self, late, provider):
        def decline(number):
            hear(provider, told(late, "declined", id=f"evt-{number}"))
            advance(provider)

        race(
            *[lambda number=number: decline(number) for number in range(4)],
            *[lambda: workflow.cancel([late.pk], allowed_from=Status.PLACED)] * 2,
        )

        assert ends() == ("cancelled", "declined", 3)

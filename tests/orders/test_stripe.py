"""An order paid through Stripe, from the form to the capture; and what Stripe tells by its webhook."""

import logging
import os
import subprocess
import sys
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from config import env
from config.payments import StripeSettings
from orders import advancing, cancelling, providers, refunding
from orders.models import Order, Payment, PaymentEvent, Refund
from shop.models import Stock
from tests.orders.paid_through import SECRET, signed, stripe_event
from tests.orders.stripe_server import StripeServer
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
ADDRESS = "/payments/stripe/events/"


@pytest.fixture
def server(settings):
    with StripeServer() as server:
        settings.PAYMENT_PROVIDER = "stripe"
        settings.STRIPE = StripeSettings("sk_test_1", SECRET, server.url)
        yield server


@pytest.fixture
def buy(client, lamp, server):
    def make(token="pm_card_visa"):
        return UUID(order(client, quantity=2, payment_token=token).json()["order_id"])

    return make


def advance(*, after=timedelta(seconds=1)):
    advancing.advance(providers.chosen(), now=timezone.now() + after)


def ends():
    payment = Payment.objects.get()
    return Order.objects.get().status, payment.state, Stock.objects.get().available


def tell(client, body, **headers):
    return client.post(ADDRESS, body, "application/json", headers=headers or signed(body))


class TestPaying:
    def test_sets_aside_confirms_and_captures(self, buy, server):
        buy()
        advance()

        assert ends() == ("confirmed", "captured", 1)
        assert server.intents["pi_1"]["status"] == "succeeded"
        assert Payment.objects.get().reference == "pi_1"

    def test_a_declined_card_cancels_and_says_why(self, buy):
        buy("pm_card_chargeDeclined")
        advance()

        assert ends() == ("cancelled", "declined", 3)
        assert Payment.objects.get().reason == "Your card was declined."

    def test_an_answer_that_was_lost_is_asked_for_again_and_charges_once(self, buy, server):
        server.lose = ["payment_intents"]
        buy()
        advance()
        assert ends() == ("placed", "waiting", 1)

        advance(after=timedelta(seconds=9))

        assert ends() == ("confirmed", "captured", 1)
        assert len(server.intents) == 1

    def test_a_cancelled_order_gets_its_money_back(self, buy, server):
        placed = buy()
        advance()
        cancelling.cancel(placed)

        advance()
        advance(after=timedelta(seconds=9))

        assert [refund["amount"] for refund in server.refunds] == [4000]
        assert Refund.objects.get().state == "done"

    def test_what_was_taken_without_our_hearing_of_it_goes_back(self, buy, server):
        placed = buy()
        server.lose = ["capture"]
        advance()
        assert (ends()[:2], server.intents["pi_1"]["status"]) == (("confirmed", "authorised"), "succeeded")
        cancelling.cancel(placed)

        for minute in (1, 2, 3):
            advance(after=timedelta(minutes=minute))

        assert [refund["amount"] for refund in server.refunds] == [4000]
        assert ends() == ("cancelled", "captured", 3)
        assert (Refund.objects.get().state, Payment.objects.get().refunded) == ("done", 40)

    def test_a_part_of_it_goes_back(self, buy, server):
        placed = buy()
        advance()
        refunding.promise(placed, amount=15, key="k", by="ada")

        advance()

        assert [refund["amount"] for refund in server.refunds] == [1500]


class TestWebhook:
    def test_an_authorisation_that_comes_late_confirms_the_order(self, buy, client):
        placed = buy("pm_slow")
        advance()
        body = stripe_event("payment_intent.amount_capturable_updated", order_id=str(placed))

        assert tell(client, body).json() == {"is_new": True}
        assert Payment.objects.get().state == "authorised"

    def test_replayed_changes_nothing(self, buy, client):
        placed = buy("pm_slow")
        advance()
        body = stripe_event("payment_intent.payment_failed", order_id=str(placed))
        tell(client, body)

        response = tell(client, body)

        assert (response.status_code, response.json()) == (200, {"is_new": False})
        assert PaymentEvent.objects.count() == 1

    def test_with_a_bad_signature_is_401_and_logged(self, buy, client, caplog):
        placed = buy()
        body = stripe_event("payment_intent.succeeded", order_id=str(placed))
        forged = signed(body, secret="guessed")

        with caplog.at_level(logging.WARNING):
            response = tell(client, body, **forged)

        assert response.status_code == 401
        assert "Somebody who is not the payment provider" in caplog.text
        assert not PaymentEvent.objects.exists()

    def test_of_something_else_is_heard_and_nothing_done(self, buy, client):
        buy()

        assert tell(client, stripe_event("charge.updated")).json() == {"is_new": False}

    def test_of_an_order_nobody_knows_is_400(self, buy, client):
        assert tell(client, stripe_event("payment_intent.succeeded")).status_code == 400

    def test_of_the_provider_that_was_not_chosen_is_not_there(self, client, server, settings):
        assert client.post("/payments/sandbox/events/").status_code == 404
        settings.PAYMENT_PROVIDER = "sandbox"
        assert client.post(ADDRESS).status_code == 404


class TestChoosing:
    def run(self, **variables):
        code = "import django; django.setup(); from orders import providers, tasks; import sys;"
        code += "print(providers.chosen().name, 'stripe' in sys.modules)"
        command = [sys.executable, "-c", code]
        everything = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
        return subprocess.run(command, cwd=env.ROOT, env=everything, capture_output=True, text=True)

    def test_loads_the_library_only_where_it_is_chosen(self):
        secrets = {
            "STRIPE_API_KEY": "sk_test_1",
            "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
        }

        assert self.run().stdout.split() == ["sandbox", "False"]
        assert self.run(PAYMENT_PROVIDER="stripe", **secrets).stdout.split() == ["stripe", "True"]

    @pytest.mark.parametrize(
        ("variables", "sentence"),
        [
            ({"PAYMENT_PROVIDER": "paypal"}, "PAYMENT_PROVIDER='paypal': write sandbox or stripe."),
            ({"PAYMENT_PROVIDER": "stripe"}, "STRIPE_API_KEY is not set"),
            ({"PAYMENT_PROVIDER": "stripe", "STRIPE_API_KEY": "pk_live_1"}, "begins with sk_"),
            (
                {
                    "PAYMENT_PROVIDER": "stripe",
                    "STRIPE_API_KEY": "sk_live_1",
                    "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
                },
                "one is a test key",
            ),
        ],
    )
    def test_stops_the_process_with_what_to_write(self, variables, sentence):
        stopped = self.run(**variables)

        assert stopped.returncode and sentence in stopped.stderr
        assert "pk_live_1" not in stopped.stderr

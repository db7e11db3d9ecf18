"""A refund that was accepted and failed at the bank: heard once, seen by people, and settled by them."""

import logging
from datetime import timedelta
from threading import Event as Signal

import pytest
from django.utils import timezone

from orders import advancing, payment_events, refunding, sandbox_events
from orders.models import Order, Payment, PaymentEvent, Refund
from orders.payments import BadEvent
from orders.sandbox import Sandbox
from tests.orders.paid_through import make_sandbox
from tests.orders.racing import race
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/refund/"


def advance(provider, *, after=timedelta(seconds=1)):
    advancing.advance(provider, now=timezone.now() + after)


def given_back(client, shop, key="k", **fields):
    """An order whose refund the provider accepted."""
    order(client, payment_token=shop.good, **fields)
    advance(shop.provider)
    refund = refunding.promise(Order.objects.get().pk, amount=None, key=key, by="ada")
    advance(shop.provider, after=timedelta(seconds=2))
    refund.refresh_from_db()
    assert refund.state == "done"
    return refund


def hear(shop, key="k", *, id="evt-1"):
    return payment_events.hear(shop.provider, *shop.refund_failed(key, id=id), now=timezone.now())


def ends():
    refund = Refund.objects.get()
    return refund.state, refund.again, refund.next_at


class TestEveryProvider:
    def test_a_failure_that_comes_later_is_seen_by_ops(self, client, lamp, shop, caplog):
        given_back(client, shop)

        assert hear(shop) is True

        refund, payment = Refund.objects.get(), Payment.objects.get()
        assert (refund.state, refund.next_at) == ("refused", None)
        assert "failed later" in refund.reason
        assert "A refund that was accepted failed later" in caplog.text
        # The buyer is still owed it, and the order stays undone.
        assert (payment.refunded, Order.objects.get().status) == (payment.captured, "refunded")

    def test_told_by_many_events_is_one_failure(self, client, lamp, shop, caplog):
        given_back(client, shop)

        heard = [hear(shop, id=id) for id in ("evt-1", "evt-2", "evt-1", "evt-3")]

        assert heard == [True, True, False, True]
        assert caplog.text.count("A refund that was accepted failed later") == 1
        assert PaymentEvent.objects.filter(state="refused").count() == 3

    def test_asked_again_an_earlier_failure_says_nothing_of_it(self, client, lamp, shop):
        refund = given_back(client, shop)
        hear(shop)
        refunding.ask_again(refund.pk)

        hear(shop, id="evt-2")
        advance(shop.provider)
        assert ends() == ("done", 1, None)

        hear(shop, "k:again:1", id="evt-3")
        assert ends() == ("refused", 1, None)

    def test_of_a_refund_nobody_promised_is_no_event_of_ours(self, client, lamp, shop):
        given_back(client, shop)

        with pytest.raises(BadEvent, match="no payment of nobody is known here"):
            hear(shop, "nobody")


def test_a_failure_that_is_told_before_the_answer_stays(client, lamp):
    shop = make_sandbox()

    class TellsFirst(Sandbox):
        def refund(self, step):
            hear(shop, step.key)
            return super().refund(step)

    order(client)
    advance(shop.provider)
    refunding.promise(Order.objects.get().pk, amount=None, key="k", by="ada")

    advance(TellsFirst(secret="secret"))

    assert ends() == ("refused", 0, None)


def test_the_sandbox_tells_it_by_itself_each_time_it_is_asked(client, lamp, settings):
    shop = make_sandbox()
    shop.good = "tok_refund_fails"
    refund = given_back(client, shop)

    sandbox_events.send_late(shop.provider, now=refund.promised_at + timedelta(seconds=4))
    assert ends()[0] == "done"
    sandbox_events.send_late(shop.provider, now=refund.promised_at + timedelta(seconds=6))
    assert ends()[0] == "refused"

    refunding.ask_again(refund.pk)
    advance(shop.provider)
    sandbox_events.send_late(shop.provider, now=timezone.now() + timedelta(seconds=6))
    assert ends() == ("refused", 1, None)


class TestByHand:
    def settle(self, client, refund):
        fields = {"action": "settle_by_hand", "_selected_action": [refund.pk]}
        return client.post(LIST, fields, follow=True).content.decode()

    def test_settles_what_failed_whatever_is_told_afterwards(self, admin_client, client, lamp):
        shop = make_sandbox()
        refund = given_back(client, shop)
        hear(shop)

        assert "paid by hand" in self.settle(admin_client, refund)

        hear(shop, id="evt-2")
        assert (ends()[0], refunding.ask_again(refund.pk)) == ("by_hand", False)

    def test_is_not_for_what_the_provider_gave_back(self, admin_client, client, lamp):
        refund = given_back(client, make_sandbox())

        assert "only what the provider refused" in self.settle(admin_client, refund)
        assert ends()[0] == "done"


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_is_real_for_who_looks_first(self, client, lamp):
        shop, looked, written = make_sandbox(), Signal(), Signal()
        refund = given_back(client, shop)

        def naive_fail():
            found = Refund.objects.get()
            looked.set()
            written.wait(timeout=60)
            Refund.objects.filter(pk=found.pk).update(state="refused", next_at=None)

        def fail_and_ask_again():
            looked.wait(timeout=60)
            hear(shop)
            refunding.ask_again(refund.pk)
            written.set()

        race(naive_fail, fail_and_ask_again)

        # Asked for again, and nobody ever asks.
        assert ends() == ("refused", 1, None)

    def test_of_many_events_and_asking_again_loses_no_refund(self, client, lamp, caplog):
        shop = make_sandbox()
        refund = given_back(client, shop)
        caplog.set_level(logging.ERROR)

        race(
            *[lambda id=f"evt-{number}": hear(shop, id=id) for number in range(4)],
            *[lambda: refunding.ask_again(refund.pk)] * 3,
        )

        state, again, next_at = ends()
        assert (state, again, next_at is None) in {("refused", 0, True), ("waiting", 1, False)}
        assert caplog.text.count("failed later, see Refunds") == 1

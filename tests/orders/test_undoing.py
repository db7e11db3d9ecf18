"""An order that is undone gives its units back once, and its money, whatever happens meanwhile."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.utils import timezone

from orders import workflow
from orders.models import Order, Payment, Refund
from orders.payments import Answer, Outcome
from shop import stock
from shop.models import Stock
from tests.orders.racing import race
from tests.orders.test_classic_order import order
from tests.orders.test_workflow import Recorded, advance, state, status

pytestmark = pytest.mark.django_db
Status = Order.Status


class TestCancelled:
    def test_twice_gives_back_once(self, client, lamp):
        order(client)
        ids = [Order.objects.get().id]

        first = workflow.cancel(ids, allowed_from=Status.PLACED)
        second = workflow.cancel(ids, allowed_from=Status.PLACED)

        assert (first, second) == (set(ids), set())
        assert Stock.objects.get().available == 3

    def test_before_anybody_was_asked_nobody_is(self, client, lamp):
        order(client)
        Payment.objects.create(
            order=Order.objects.get(), provider="sandbox", amount=20, currency="USD", next_at=timezone.now(),
            authorise_key="a", capture_key="c", void_key="v",
        )  # fmt: skip
        workflow.cancel([Order.objects.get().id], allowed_from=Status.PLACED)
        provider = Recorded()

        advance(provider)

        assert (provider.asked, state(), Payment.objects.get().next_at) == ([], "voided", None)

    def test_while_the_provider_approves_is_let_go_of(self, client, lamp):
        order(client)

        def approve(step):
            workflow.cancel([Order.objects.get().id], allowed_from=Status.PLACED)
            return Answer(Outcome.APPROVED, "late")

        provider = Recorded(authorise=approve)
        advance(provider)
        advance(provider, after=timedelta(seconds=5))

        assert (status(), state(), Stock.objects.get().available) == ("cancelled", "voided", 3)
        assert set(provider.asked) == {"authorise", "void"}

    def test_while_the_money_is_taken_is_refunded(self, client, lamp):
        order(client)

        def take(step):
            workflow.cancel([Order.objects.get().id], allowed_from=Status.CONFIRMED)
            return Answer(Outcome.APPROVED, "late")

        provider = Recorded(capture=take)
        for second in (1, 5, 10):
            advance(provider, after=timedelta(seconds=second))

        assert (status(), Refund.objects.get().state) == ("cancelled", "done")
        assert Payment.objects.get().refunded == Order.objects.get().total
        assert provider.asked == ["authorise", "capture", "refund"]


@pytest.mark.django_db(transaction=True)
class TestRace:
    def naive_cancel(self, id, barrier):
        found = Order.objects.get(id=id)
        barrier.wait(timeout=60)
        if found.status == Status.PLACED:
            line = found.lines.get()
            stock.give_back(sku_id=line.sku_id, quantity=line.quantity, order_id=id)
            Order.objects.filter(id=id).update(status=Status.CANCELLED)

    def test_of_cancelling_and_declining_is_real_for_who_looks_first(self, client, lamp):
        order(client)
        id, barrier = Order.objects.get().id, Barrier(2)

        race(*[lambda: self.naive_cancel(id, barrier)] * 2)

        assert Stock.objects.get().available == 4

    def test_of_cancelling_and_declining_gives_back_once(self, client, lamp):
        order(client, payment_token="tok_declined")
        id = Order.objects.get().id

        race(
            *[lambda: workflow.cancel([id], allowed_from=Status.PLACED)] * 3,
            *[advance] * 3,
        )

        assert (status(), Stock.objects.get().available) == ("cancelled", 3)

    def test_of_cancelling_and_approving_ends_one_way_for_units_and_money_alike(self, client, lamp):
        order(client)
        id = Order.objects.get().id

        race(*[lambda: workflow.cancel([id], allowed_from=Status.PLACED)] * 2, *[advance] * 3)
        advance(after=timedelta(minutes=1))
        advance(after=timedelta(hours=2))

        ends = (
            status(),
            Stock.objects.get().available,
            Payment.objects.values_list("state", flat=True).first(),
        )
        assert ends in {("confirmed", 2, "captured"), ("cancelled", 3, "voided"), ("cancelled", 3, None)}

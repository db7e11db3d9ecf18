"""How an order gets on with its payment. What an undone one gives back is in test_undoing.py."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import advancing, drain
from orders.models import Order, Payment
from orders.payments import Answer, Next, Outcome, next_step
from orders.sandbox import Sandbox
from shop.models import Allotment, OutboxEvent, Stock, StockMovement
from tests.orders.conftest import make_claim
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
Status, State = Order.Status, Payment.State


class Recorded(Sandbox):
    """The sandbox, remembering which keys it was asked; `answers` says otherwise for some steps."""

    def __init__(self, **answers):
        super().__init__(secret="secret")
        self.asked, self.answers = [], answers

    def authorise(self, step):
        return self._note("authorise", step, super().authorise)

    def capture(self, step):
        return self._note("capture", step, super().capture)

    def void(self, step):
        return self._note("void", step, super().void)

    def refund(self, step):
        return self._note("refund", step, super().refund)

    def _note(self, name, step, act):
        self.asked.append(name)
        answer = self.answers.get(name, act)
        return answer(step) if callable(answer) else answer


def advance(provider=None, *, after=timedelta(seconds=1)):
    """One turn, this long from now: what was due by then is taken up."""
    return advancing.advance(provider or Recorded(), now=timezone.now() + after)


def status():
    return Order.objects.get().status


def state():
    return Payment.objects.get().state


class TestAdvance:
    def test_a_good_payment_is_confirmed_and_taken_and_every_step_told(self, client, lamp):
        order(client)
        provider = Recorded()

        assert advance(provider) == 1

        placed = Order.objects.get()
        assert (placed.status, placed.version) == ("confirmed", 3)
        told = OutboxEvent.objects.filter(topic="order.changed").order_by("id")
        assert [(event.payload["status"], event.payload["version"]) for event in told] == [
            ("placed", 1), ("paid", 2), ("confirmed", 3),
        ]  # fmt: skip
        payment = Payment.objects.get()
        assert (payment.state, payment.captured, payment.next_at) == ("captured", placed.total, None)
        assert provider.asked == ["authorise", "capture"]

    def test_a_sales_order_names_its_product_in_every_step(self, sale):
        drain.write_claims([make_claim(sale, "a")])

        advance()

        assert set(OutboxEvent.objects.values_list("payload__product", flat=True)) == {"lamp"}

    def test_a_finished_order_is_left_alone(self, client, lamp):
        order(client)
        advance()
        provider = Recorded()

        assert advance(provider, after=timedelta(days=1)) == 0
        assert (provider.asked, Order.objects.get().version) == ([], 3)

    def test_an_order_that_was_paid_when_a_run_ended_is_confirmed_by_the_next(self, client, lamp):
        order(client)
        Order.objects.update(status="paid", version=2)

        advance()

        assert (status(), state()) == ("confirmed", "captured")

    def test_waits_for_a_provider_that_does_not_answer_and_asks_again_with_the_same_key(self, client, lamp):
        order(client, payment_token="tok_timeout")
        provider = Recorded()

        advance(provider)
        assert (status(), state()) == ("placed", "waiting")
        advance(provider, after=timedelta(seconds=5))

        assert (status(), state()) == ("confirmed", "captured")
        assert provider.asked == ["authorise", "authorise", "capture"]

    def test_asks_less_and_less_often(self, client, lamp):
        order(client)
        silent = Recorded(authorise=Answer(Outcome.UNKNOWN))
        ordered_at = timezone.now()

        for second in range(1, 60):
            advancing.advance(silent, now=ordered_at + timedelta(seconds=second))

        assert len(silent.asked) == 6

    def test_a_worker_that_died_after_asking_is_followed_with_the_same_key(self, client, lamp):
        order(client)

        def die(step):
            raise ConnectionError(step.key)

        with pytest.raises(ConnectionError, match=f"{Order.objects.get().id}:capture"):
            advance(Recorded(capture=die))
        assert (status(), state()) == ("confirmed", "authorised")
        with pytest.raises(ConnectionError, match=f"{Order.objects.get().id}:capture"):
            advance(Recorded(capture=die), after=timedelta(seconds=9))
        advance(after=timedelta(minutes=1))

        assert (status(), state()) == ("confirmed", "captured")


class TestDeclined:
    def test_a_classic_order_is_cancelled_once_and_its_units_are_in_stock_again(self, client, lamp):
        order(client, quantity=2, payment_token="tok_declined")

        for minute in range(3):
            advance(after=timedelta(minutes=minute))

        assert (status(), Stock.objects.get().available) == ("cancelled", 3)
        assert Payment.objects.get().reason == "The card was declined."
        movements = StockMovement.objects.order_by("id").values_list("quantity", "reason")
        assert list(movements) == [(-2, "ordered"), (2, "cancelled")]
        assert OutboxEvent.objects.filter(topic="stock.changed").last().payload["available"] == 3

    def test_a_token_that_nobody_knows_is_declined_and_the_buyer_told_what_to_do(self, client, lamp):
        link = order(client, payment_token="tok_gold")["Location"]

        advance()

        assert status() == "cancelled"
        sentence = "This payment is not known to the payment provider. Order again with another card."
        page = client.get(client.get(link, headers={"Accept": "text/html"})["Location"]).content.decode()
        assert sentence in page
        assert (Payment.objects.get().reason, Stock.objects.get().available) == (sentence, 3)

    def test_a_sales_order_sends_its_units_back_to_the_ledger(self, sale, lamp):
        drain.write_claims([make_claim(sale, "a", quantity=2, payment_token="tok_declined")])

        advance()

        allotment = Allotment.objects.get()
        assert (allotment.ordered, allotment.releasing, Stock.objects.get().available) == (0, 2, 3)

    def test_an_order_of_a_closed_sale_leaves_its_allotment_for_the_shops_stock(self, sale, lamp):
        drain.write_claims([make_claim(sale, "a", quantity=2, payment_token="tok_declined")])
        Allotment.objects.update(closed_at=timezone.now())

        advance()

        allotment = Allotment.objects.get()
        assert (allotment.ordered, allotment.returned, Stock.objects.get().available) == (0, 2, 5)

    def test_money_that_cannot_be_taken_cancels_the_order_and_is_let_go_of(self, client, lamp):
        order(client, payment_token="tok_capture_fails")
        provider = Recorded()

        advance(provider)
        assert (status(), state(), Stock.objects.get().available) == ("cancelled", "authorised", 3)
        advance(provider, after=timedelta(seconds=5))

        assert (state(), provider.asked) == ("voided", ["authorise", "capture", "void"])

    def test_what_is_never_captured_is_held_no_longer_than_any_hold_may_last(self, client, lamp, settings):
        order(client, quantity=2, payment_token="tok_capture_silent")
        advance()
        advance(after=settings.PAYMENT_HOLD_AT_MOST - timedelta(minutes=1))
        assert (status(), state(), Stock.objects.get().available) == ("confirmed", "authorised", 1)

        advance(after=settings.PAYMENT_HOLD_AT_MOST + timedelta(minutes=1))
        assert (status(), Stock.objects.get().available) == ("cancelled", 3)

        advance(after=settings.PAYMENT_HOLD_AT_MOST + timedelta(minutes=2))
        assert state() == "voided"

    def test_a_payment_without_an_answer_holds_units_no_longer_than_allowed(self, client, lamp, settings):
        order(client, payment_token="tok_late")
        advance()
        assert status() == "placed"

        advance(after=settings.PAYMENT_HOLD + timedelta(minutes=1))

        assert (status(), Stock.objects.get().available) == ("cancelled", 3)


class TestNextStep:
    @pytest.mark.parametrize(
        ("state", "status", "attempts", "step"),
        [
            (State.WAITING, Status.PLACED, 1, Next.AUTHORISE),
            (State.WAITING, Status.CANCELLED, 1, Next.FORGET),
            (State.WAITING, Status.CANCELLED, 2, Next.AUTHORISE),
            (State.AUTHORISED, Status.PLACED, 1, Next.CONFIRM),
            (State.AUTHORISED, Status.PAID, 1, Next.CONFIRM),
            (State.AUTHORISED, Status.CONFIRMED, 1, Next.CAPTURE),
            (State.AUTHORISED, Status.CANCELLED, 1, Next.VOID),
            (State.CAPTURED, Status.PLACED, 1, Next.CONFIRM),
            (State.CAPTURED, Status.CONFIRMED, 1, Next.NOTHING),
            (State.CAPTURED, Status.SHIPPED, 1, Next.NOTHING),
            (State.CAPTURED, Status.CANCELLED, 1, Next.REFUND),
            (State.DECLINED, Status.PLACED, 1, Next.CANCEL),
            (State.DECLINED, Status.CANCELLED, 1, Next.NOTHING),
            (State.VOIDED, Status.CANCELLED, 1, Next.NOTHING),
        ],
    )
    def test_follows_from_payment_and_order(self, state, status, attempts, step):
        assert next_step(state, status, attempts=attempts) is step

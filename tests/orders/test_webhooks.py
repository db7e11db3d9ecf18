"""Which deliveries are written, which are due, and how an endpoint that fails is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from orders import post, relay
from orders.receivers import webhooks
from orders.receivers.models import State, Webhook, WebhookDelivery
from orders.receivers.webhooks import Answer
from shop import events
from tests.orders.endpoint import WEBHOOKS, happen, listen, make_webhook

pytestmark = pytest.mark.django_db
__all__ = ["listen"]  # a fixture

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OTHER = "0e2f6b0f-3a52-5e0b-9d53-6f2f5d0c6a11"
OK, DOWN = Answer(200, "thanks"), Answer(None, "ConnectionRefusedError")


def written(webhook):
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("id")
    return [row.payload["status"] for row in rows]


def due(webhook, *, now=None):
    return [row.payload["status"] for row in webhooks.due(webhook, now=now or datetime.now(UTC))]


class TestWrite:
    def test_writes_for_active_endpoints_what_they_asked_for(self):
        orders = make_webhook()
        both = make_webhook(topics=[events.ORDER, events.SALE])
        stock, off = make_webhook(topics=[events.STOCK]), make_webhook(active=False)
        happen("placed", "paid")

        relay.relay_once(to=WEBHOOKS)

        assert written(orders) == written(both) == ["placed", "paid"]
        assert written(stock) == written(off) == []

    def test_an_event_that_comes_twice_is_one_delivery(self):
        webhook = make_webhook()
        happen("placed")
        happened = list(events.OutboxEvent.objects.all())
        webhooks.write(happened)

        webhooks.write(happened)

        assert written(webhook) == ["placed"]


class TestDue:
    def test_a_key_waits_for_its_earlier_event_and_for_no_other_key(self):
        webhook = make_webhook()
        happen("placed", "paid")
        happen("placed", order=OTHER)
        relay.relay_once(to=WEBHOOKS)
        now = datetime.now(UTC)
        first, second = webhooks.due(webhook, now=now)

        webhooks.record(webhook, [(first, DOWN), (second, OK)], now=now)
        assert due(webhook, now=now) == []

        later = now + webhooks.FIRST_PAUSE
        webhooks.record(webhook, [(webhooks.due(webhook, now=later)[0], OK)], now=later)
        assert due(webhook, now=later) == ["paid"]

    def test_an_endpoint_that_never_answers_rests_for_longer_each_time(self):
        webhook = make_webhook()
        rests = []

        for _ in range(9):
            webhooks.record(webhook, [], now=NOON)
            webhook.refresh_from_db()
            rests.append((webhook.resting_until - NOON).total_seconds())

        assert rests == [5, 10, 20, 40, 80, 160, 320, 600, 600]
        assert webhook not in webhooks.awake(now=NOON)

    def test_gives_up_in_the_end_and_lets_the_next_one_through(self):
        webhook = make_webhook()
        happen("placed", "paid")
        relay.relay_once(to=WEBHOOKS)
        now = datetime.now(UTC)

        for day in range(webhooks.MOST_ATTEMPTS):
            now += timedelta(days=day)
            webhooks.record(webhook, [(webhooks.due(webhook, now=now)[0], DOWN)], now=now)

        assert due(webhook, now=now) == ["paid"]
        assert WebhookDelivery.objects.get(state=State.GIVEN_UP).attempts == webhooks.MOST_ATTEMPTS

    def test_an_endpoint_that_is_gone_is_switched_off(self):
        webhook = make_webhook()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        (delivery,) = webhooks.due(webhook, now=datetime.now(UTC))

        webhooks.record(webhook, [(delivery, Answer(410, ""))], now=NOON)

        webhook.refresh_from_db()
        assert not webhook.active

    def test_a_slower_sender_does_not_undo_what_a_quicker_one_wrote(self):
        webhook = make_webhook()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        (quick,), (slow,) = (webhooks.due(webhook, now=datetime.now(UTC)) for _ in range(2))

        webhooks.record(webhook, [(quick, OK)], now=NOON)
        webhooks.record(webhook, [(slow, DOWN)], now=NOON)

        assert WebhookDelivery.objects.get().state == State.DONE


class TestReplay:
    def test_is_sent_again_under_the_same_id_even_to_an_endpoint_that_rests(self, listen):
        endpoint = listen()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        post.send_to(endpoint.webhook.pk)
        webhooks.record(endpoint.webhook, [], now=datetime.now(UTC))

        webhooks.replay(WebhookDelivery.objects.get(), now=datetime.now(UTC))
        post.send_to(endpoint.webhook.pk)

        first, second = (headers["Webhook-Id"] for headers, _ in endpoint.requests)
        assert first == second
        assert WebhookDelivery.objects.get().state == State.DONE

    def test_is_refused_while_the_endpoint_is_switched_off(self):
        webhook = make_webhook()
        happen("placed")
        relay.relay_once(to=WEBHOOKS)
        Webhook.objects.update(active=False)

        with pytest.raises(webhooks.CannotReplay, match="make it active first"):
            webhooks.replay(WebhookDelivery.objects.get(webhook=webhook), now=NOON)

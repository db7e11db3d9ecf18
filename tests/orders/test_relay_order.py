"""In which order events are told, however their commits overlap."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from orders import relay
from shop import events, outbox
from shop.models import OutboxEvent
from shop.outbox import Receiver
from tests.orders.test_relay import happen, statuses

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
class TestOrder:
    def test_the_race_is_real_for_a_cursor_over_ids(self):
        assert _race(_by_id) == ["second"]

    def test_an_event_that_is_committed_late_is_told_late_not_never(self):
        assert _race(_by_position) == ["second", "first"]

    def test_one_key_keeps_its_order_under_concurrent_commits(self, lamp):
        told = []
        mine = Receiver("mine", told.extend)
        writers = [threading.Thread(target=_change_price, args=(lamp.pk, 10)) for _ in range(4)]

        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            relay.relay_once(to=[mine])
        relay.relay_once(to=[mine])

        assert [event.payload["version"] for event in told] == list(range(2, 42))

    def test_two_relays_at_once_tell_once_and_in_order(self):
        told, begun, go_on = [], threading.Event(), threading.Event()
        happen("placed")
        outbox.introduce([Receiver("mine", told.extend)])
        outbox.number()

        def stall(happened):
            begun.set()
            go_on.wait(60)
            told.extend(happened)

        slow = threading.Thread(target=_tell, args=(Receiver("mine", stall),))
        slow.start()
        begun.wait(60)
        happen("paid")
        other = relay.relay_once(to=[Receiver("mine", told.extend)])
        go_on.set()
        slow.join()
        relay.relay_once(to=[Receiver("mine", told.extend)])

        assert other == 1
        assert statuses(told) == ["placed", "paid"]


def _race(read):
    """Two events: the first is written first and committed last. Gives what a reader was told."""
    told, written, committed = [], threading.Event(), threading.Event()

    def write_slowly():
        with transaction.atomic():
            happen("first")
            written.set()
            committed.wait(60)
        connections.close_all()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    written.wait(60)
    happen("second", order="0e2f6b0f-3a52-5e0b-9d53-6f2f5d0c6a11")
    read(told)
    committed.set()
    writer.join()
    read(told)
    return statuses(told)


def _by_id(told):
    last = told[-1].pk if told else 0
    told.extend(OutboxEvent.objects.filter(id__gt=last).order_by("id"))


def _by_position(told):
    relay.relay_once(to=[Receiver("mine", told.extend)])


def _change_price(sku_id, times):
    for _ in range(times):
        events.tell_stock([sku_id])
    connections.close_all()


def _tell(receiver):
    outbox.tell(receiver, now=datetime.now(UTC))
    connections.close_all()

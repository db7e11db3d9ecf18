"""What becomes of an event that a receiver always fails at, and of all that came after it."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import redis
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from orders import relay
from shop import events, outbox, setting_aside
from shop.models import OutboxEvent
from shop.outbox import Receiver
from shop.setting_aside import LATE, SOON
from shop.told import OutboxCursor, SetAside

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
POISONED = "00000000-0000-5000-8000-000000000007"


def order(number):
    return f"00000000-0000-5000-8000-{number:012}"


def happen(*numbers, status="placed", version=1):
    for number in numbers:
        events.tell_order(order(number), status=status, version=version)


def is_poisoned(event):
    return event.payload.get("order_id") == POISONED and event.payload["status"] == "placed"


class Poisoned:
    """Fails at one event, whatever it is told with it. Remembers the others by their last digit."""

    def __init__(self):
        self.told = []
        self.receiver = Receiver("mine", self.receive)

    def receive(self, happened):
        if any(map(is_poisoned, happened)):
            raise ValueError("no such address")
        self.told += [(event.key[-1], event.payload.get("status")) for event in happened]


def relay_until(receiver, failures):
    """Tell this receiver until it has failed so often, its pauses left out."""
    relay.relay_once(to=[receiver])
    while OutboxCursor.objects.get(receiver=receiver.name).failures not in (0, failures):
        again(receiver)


def again(receiver):
    OutboxCursor.objects.update(retry_at=None)
    relay.relay_once(to=[receiver])


class TestWhoFailsAtOneEvent:
    def test_is_told_of_nothing_else_while_nobody_looks_for_it(self):
        mine = Poisoned()
        happen(6, 7, 8)
        outbox.introduce([mine.receiver])
        outbox.number()

        for _ in range(30):
            with pytest.raises(ValueError, match="no such address"):
                outbox.tell(mine.receiver, now=NOON)

        assert mine.told == []

    def test_is_told_of_all_others_in_their_order(self):
        mine = Poisoned()
        happen(5, 6, 7, 8)
        happen(5, 8, status="paid", version=2)
        relay_until(mine.receiver, SOON)

        again(mine.receiver)

        assert mine.told == [("5", "placed"), ("6", "placed"), ("8", "placed"), ("5", "paid"), ("8", "paid")]
        assert OutboxCursor.objects.get().failures == 0

    def test_has_it_set_aside_where_ops_see_it(self):
        mine = Poisoned()
        happen(6, 7, 8)
        relay_until(mine.receiver, SOON)

        again(mine.receiver)

        row = SetAside.objects.get()
        assert (row.key, row.state, row.error) == (
            f"order:{POISONED}",
            "waiting",
            "ValueError: no such address",
        )
        assert [(each.events, each.set_aside) for each in outbox.behind()] == [(0, 1)]

    def test_keeps_no_other_receiver_from_it(self):
        mine, told = Poisoned(), []
        happen(6, 7, 8)

        relay.relay_once(to=[mine.receiver, Receiver("other", told.extend)])

        assert [event.key[-1] for event in told] == ["6", "7", "8"]

    def test_is_told_what_comes_after_it_of_the_same_order(self):
        mine = Poisoned()
        happen(6, 7)
        happen(7, status="cancelled", version=2)
        relay_until(mine.receiver, SOON)

        again(mine.receiver)

        assert mine.told == [("6", "placed"), ("7", "cancelled")]

    def test_finds_it_among_a_thousand(self):
        mine = Poisoned()
        happen(*range(10, 600), 7, *range(600, 1000))
        relay_until(mine.receiver, SOON)

        again(mine.receiver)

        assert SetAside.objects.get().key == f"order:{POISONED}"
        assert len(mine.told) == 990


class TestWhoFailsAtEverything:
    @pytest.mark.parametrize(
        "error", [ConnectionError("away"), redis.ConnectionError("away"), ValueError("broken")]
    )
    def test_is_told_all_of_it_later(self, error):
        def fail(happened):
            raise error

        happen(6, 7, 8)
        relay_until(Receiver("mine", fail), LATE + 3)
        mine = Poisoned()
        OutboxEvent.objects.filter(key=f"order:{POISONED}").delete()

        again(mine.receiver)

        assert not SetAside.objects.exists()
        assert mine.told == [("6", "placed"), ("8", "placed")]

    def test_but_for_what_does_not_concern_it_has_nothing_set_aside_soon(self):
        def fail_at_orders(happened):
            if any(event.topic == events.ORDER for event in happened):
                raise redis.OutOfMemoryError("used memory > maxmemory")

        happen(6, 7)
        OutboxEvent.objects.create(topic=events.SHOW, key="show:lamp", payload={})

        relay_until(Receiver("mine", fail_at_orders), LATE - 1)

        assert not SetAside.objects.exists()

    def test_and_then_no_more_is_told_in_the_order_of_events(self):
        tries, told = [], []

        def fail_for_a_moment(happened):
            tries.append(happened)
            if len(tries) < SOON + 5:
                raise ValueError("not now")
            told.extend(event.key[-1] for event in happened)

        receiver = Receiver("mine", fail_for_a_moment)
        happen(6, 7, 8)
        relay_until(receiver, SOON)
        told.clear()
        while OutboxCursor.objects.get().failures:
            told.clear()
            again(receiver)

        assert told == ["6", "7", "8"]
        assert not SetAside.objects.exists()


class TestWhatWasSetAside:
    @pytest.fixture
    def row(self):
        fields = {"position": 1, "topic": events.ORDER, "key": f"order:{POISONED}", "error": "ValueError: no"}
        payload = {"order_id": POISONED, "status": "placed", "version": 1}
        return SetAside.objects.create(receiver="rooms", event_id=1, payload=payload, **fields)

    def test_is_told_once_more_when_ops_say_so(self, row):
        told = []

        setting_aside.retry(row, Receiver("rooms", told.extend), by="ada", now=NOON)

        assert [(event.id, event.key) for event in told] == [(1, row.key)]
        assert (row.state, row.changed_by, row.changed_at) == ("told", "ada", NOON)

    def test_stays_where_it_fails_again(self, row):
        with pytest.raises(setting_aside.CannotChange, match="rooms still fails at event"):
            setting_aside.retry(row, Receiver("rooms", _fail), by="ada", now=NOON)

        row.refresh_from_db()
        assert (row.state, row.changed_by) == ("waiting", "")

    def test_is_decided_once(self, row):
        setting_aside.skip(SetAside.objects.get(), by="ada", now=NOON)

        with pytest.raises(setting_aside.CannotChange, match=r"skipped \(by ada\)"):
            setting_aside.retry(row, Receiver("rooms", _fail), by="grace", now=NOON)

    def test_is_not_forgotten_while_it_waits(self):
        happen(6, 7, 8)
        relay_until((mine := Poisoned()).receiver, SOON)
        again(mine.receiver)
        OutboxEvent.objects.update(created_at=NOON - timedelta(hours=2))

        outbox.forget([mine.receiver], now=NOON)
        kept = [event.key[-1] for event in OutboxEvent.objects.all()]
        setting_aside.skip(SetAside.objects.get(), by="ada", now=NOON)
        outbox.forget([mine.receiver], now=NOON)

        assert (kept, OutboxEvent.objects.count()) == (["7"], 0)

    def test_is_listed_retried_and_skipped_from_the_terminal(self, row, store):
        assert f"{row.pk}  waiting" in manage("list")
        assert json.loads(manage("show", str(row.pk), "--json"))["payload"]["order_id"] == POISONED
        assert f"Event {row.pk} was told to rooms" in manage("retry", "all")
        assert store.hget(f"spillway:{{{POISONED}}}:order", "status") == b"placed"
        assert "0 event(s) set aside" in manage("list")
        with pytest.raises(CommandError, match="nothing is left to do"):
            manage("skip", str(row.pk))

    def test_is_skipped_in_the_admin_by_whom_it_says(self, row, client):
        client.force_login(User.objects.create_superuser("ada"))
        chosen = {"action": "skip", "_selected_action": [row.pk]}

        answer = client.post(reverse("admin:shop_setaside_changelist"), chosen, follow=True)

        row.refresh_from_db()
        assert (row.state, row.changed_by) == ("skipped", "ada")
        assert f"Event {row.pk} will never be told to rooms." in answer.content.decode()


def _fail(happened):
    raise ValueError("no such address")


def manage(*words):
    said = StringIO()
    call_command("outbox", *words, stdout=said)
    return said.getvalue()

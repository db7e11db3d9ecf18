"""What is told, to whom, in which order, and what happens when somebody does not listen."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from config.service import wait_until
from orders import followers, relay, turns
from shop import events, outbox
from shop.models import OutboxEvent
from shop.outbox import Receiver
from shop.told import OutboxCursor

pytestmark = pytest.mark.django_db

ORDER = "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LONG = timedelta(minutes=10)
ROOT = Path(__file__).resolve().parent.parent.parent


def happen(*statuses, order=ORDER):
    for version, status in enumerate(statuses, start=1):
        events.tell_order(order, status=status, version=version)


def statuses(happened):
    return [event.payload["status"] for event in happened]


def _fail(happened):
    raise ConnectionError("nobody is there")


class TestRelayOnce:
    def test_tells_every_receiver_in_the_order_of_events_and_once(self):
        first, second = [], []
        both = [Receiver("first", first.extend), Receiver("second", second.extend)]
        happen("placed", "paid", "confirmed")

        assert relay.relay_once(to=both) == 3
        assert relay.relay_once(to=both) == 0

        assert statuses(first) == ["placed", "paid", "confirmed"]
        assert first == second

    def test_a_failing_receiver_holds_back_nobody(self):
        before, after = [], []
        happen("placed")

        relay.relay_once(
            to=[
                Receiver("before", before.extend),
                Receiver("broken", _fail),
                Receiver("after", after.extend),
            ]
        )

        assert statuses(before) == statuses(after) == ["placed"]
        found = {each.receiver: (each.events, each.failures, each.error) for each in outbox.behind()}
        assert found == {
            "before": (0, 0, ""),
            "broken": (1, 1, "ConnectionError: nobody is there"),
            "after": (0, 0, ""),
        }

    def test_the_live_rooms_are_told(self, store):
        happen("placed", "paid")

        relay.relay_once()

        order = f"spillway:{{{ORDER}}}:order"
        assert store.hgetall(order) == {b"status": b"paid", b"version": b"2"}


class TestTell:
    def test_a_receiver_on_its_feet_again_hears_all_it_missed(self):
        told = []
        happen("placed", "paid")
        relay.relay_once(to=[Receiver("mine", _fail)])
        happen("confirmed")
        outbox.number()

        outbox.tell(Receiver("mine", told.extend), now=datetime.now(UTC) + timedelta(minutes=1))

        assert statuses(told) == ["placed", "paid", "confirmed"]
        assert OutboxCursor.objects.get().failures == 0

    def test_a_receiver_that_failed_is_left_alone_for_longer_each_time(self):
        outbox.introduce([Receiver("mine", _fail)])
        pauses = []

        for _ in range(7):
            outbox.leave_alone(Receiver("mine", _fail), ConnectionError(), now=NOON)
            pauses.append((OutboxCursor.objects.get().retry_at - NOON).total_seconds())

        assert pauses == [1, 2, 4, 8, 16, 30, 30]

    def test_nobody_is_told_while_left_alone(self):
        told = []
        happen("placed")
        outbox.introduce([Receiver("mine", _fail)])
        outbox.number()
        outbox.leave_alone(Receiver("mine", _fail), ConnectionError(), now=NOON)

        assert outbox.tell(Receiver("mine", told.extend), now=NOON) == 0
        assert outbox.tell(Receiver("mine", told.extend), now=NOON + timedelta(seconds=1)) == 1

    def test_what_a_receiver_wrote_is_undone_with_its_failure(self):
        def write_and_fail(happened):
            OutboxCursor.objects.create(receiver="written by mine")
            raise ConnectionError

        happen("placed")
        relay.relay_once(to=[Receiver("mine", write_and_fail)])

        assert [cursor.receiver for cursor in OutboxCursor.objects.all()] == ["mine"]


@pytest.mark.django_db(transaction=True)
class TestRun:
    @pytest.fixture
    def turn(self, store):
        with turns.take(store, "relay", length=LONG, lease=LONG) as turn:
            yield turn

    def test_is_woken_by_the_commit(self, turn, monkeypatch):
        # By itself it would look again long after this test.
        monkeypatch.setattr(followers, "WAIT_SECONDS", LONG.total_seconds())
        told = []
        runner = _relaying(turn, [Receiver("mine", told.extend)])
        happen("placed")
        assert wait_until(lambda: statuses(told) == ["placed"], 60)
        time.sleep(0.3)  # until it waits

        happen("paid")

        assert wait_until(lambda: statuses(told) == ["placed", "paid"], 60)
        turn.end()
        happen("confirmed")  # so that it looks up, and sees that its turn is over
        runner.join(timeout=60)

    def test_who_is_unhurried_is_told_of_what_gathered_in_a_pause_together(self, turn):
        hurried, unhurried = [], []
        receivers = [
            Receiver("hurried", lambda happened: hurried.append(statuses(happened))),
            Receiver("unhurried", lambda happened: unhurried.append(statuses(happened)), pause_seconds=3600),
        ]
        outbox.introduce(receivers)
        happen("placed")
        outbox.number()
        runner = _relaying(turn, receivers)
        assert wait_until(lambda: hurried and unhurried, 60)

        for status in ("paid", "confirmed"):
            happen(status)
            assert wait_until(lambda status=status: hurried[-1] == [status], 60)
        turn.end()
        happen("shipped")  # so that it looks up
        runner.join(timeout=60)

        assert unhurried == [["placed"]]
        relay.relay_once(to=receivers)
        assert unhurried[1] == ["paid", "confirmed", "shipped"]

    def test_a_receiver_that_hangs_keeps_nobody_waiting(self, turn):
        told, hangs = threading.Event(), threading.Event()
        receivers = [
            Receiver("stuck", lambda happened: hangs.wait(60)),
            Receiver("mine", lambda happened: told.set()),
        ]
        runner = _relaying(turn, receivers)
        happen("placed")

        assert told.wait(30)

        turn.end()
        hangs.set()
        runner.join(timeout=60)

    @pytest.mark.slow
    def test_killed_between_telling_and_noting_it_tells_again(self, tmp_path):
        happen("placed", "paid")
        heard = tmp_path / "heard"

        status = subprocess.run(
            [sys.executable, "-c", KILLED_WHILE_TELLING, str(heard)], env=_on_this_database(), cwd=ROOT
        )
        told = []

        def tell():
            relay.relay_once(to=[Receiver("mine", told.extend)])
            return told

        # PostgreSQL holds the cursor until it sees that nobody is there any more.
        assert wait_until(tell, 60)
        assert status.returncode == -signal.SIGKILL
        assert heard.read_text().split() == statuses(told) == ["placed", "paid"]


class TestForget:
    def test_forgets_only_what_everybody_was_told_long_ago(self):
        everybody = [Receiver("mine", lambda happened: None), Receiver("other", lambda happened: None)]
        happen("placed", "paid", "confirmed")
        relay.relay_once(to=everybody)
        old, behind, _ = OutboxEvent.objects.order_by("id")
        OutboxEvent.objects.filter(pk__in=[old.pk, behind.pk]).update(created_at=NOON - timedelta(hours=2))
        OutboxEvent.objects.exclude(pk__in=[old.pk, behind.pk]).update(created_at=NOON)
        OutboxCursor.objects.filter(receiver="other").update(position=old.position)

        outbox.forget(everybody, now=NOON)

        assert statuses(OutboxEvent.objects.order_by("id")) == ["paid", "confirmed"]


KILLED_WHILE_TELLING = """
import os, signal, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from orders import relay
from shop.outbox import Receiver

def hear_and_die(happened):
    with open(sys.argv[1], "w") as heard:
        heard.write(" ".join(event.payload["status"] for event in happened))
    os.kill(os.getpid(), signal.SIGKILL)

relay.relay_once(to=[Receiver("mine", hear_and_die)])
"""


def _on_this_database():
    database = os.environ["DATABASE_URL"].replace("/spillway", f"/{connection.settings_dict['NAME']}")
    return os.environ | {"DATABASE_URL": database}


def _relaying(turn, receivers):
    runner = threading.Thread(target=_run, args=(turn, receivers), daemon=True)
    runner.start()
    return runner


def _run(turn, receivers):
    try:
        relay.run(turn, to=receivers)
    finally:
        connections.close_all()

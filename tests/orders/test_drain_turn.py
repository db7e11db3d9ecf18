"""From the buffer into orders: what is drained, deleted, rejected, and by how many at once."""

import os
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connections

from config.service import wait_until
from fastpath_lambda import claims
from fastpath_lambda.sqs import QueueError
from orders import buffer as buffer_module
from orders import drain, drain_turn, turns
from orders.buffer import Buffer
from orders.models import Order, OrderLine
from orders.pacing import Pacer
from shop.models import Allotment
from tests.orders.conftest import make_claim, receive_all, take
from tests.orders.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CEILING = 100_000
LONG = timedelta(minutes=2)


@pytest.fixture
def turn(store):
    with turns.take(store, "test", length=LONG, lease=LONG) as turn:
        yield turn


def open_buffer(queue, *, batch=100):
    # No long polls: the test would wait for the last of them.
    return Buffer(queue, batch=batch, hands=1, wait_seconds=0)


def delete(queue):
    queue._call("DeleteQueue", {"QueueUrl": queue.url})


def is_there(queue):
    try:
        return queue.depth() == 0
    except QueueError:
        return False


@pytest.fixture
def soon(monkeypatch):
    """A queue that does not answer is asked again at once, not in a second."""
    monkeypatch.setattr(buffer_module, "RETRY_SECONDS", 0.05)


def drain_all(queue, ledger, turn, *, pacer=None):
    """Run a turn that ends when the queue is empty."""
    stopper = threading.Thread(target=lambda: (_wait_until_empty(queue), turn.end()))
    stopper.start()
    pacer = pacer or Pacer(CEILING)
    new = drain_turn.run(turn, buffer=open_buffer(queue), ledger=ledger, pacer=pacer)
    stopper.join()
    return new


def _wait_until_empty(queue):
    wait_until(lambda: not queue.depth(), 60)


class TestRun:
    def test_turns_claims_into_orders_and_tells_the_ledger(self, queue, ledger, sale, turn):
        taken = take(ledger, sale, range(35))
        queue.send_batch([claims.to_json(claim) for claim in taken])

        assert drain_all(queue, ledger, turn) == 35

        assert Order.objects.count() == OrderLine.objects.count() == Allotment.objects.get().ordered == 35
        assert ledger.count("lamp", 1).pending == ()
        assert queue.depth() == 0

    def test_one_poison_message_in_the_middle_holds_nobody_back(self, queue, ledger, sale, turn):
        good = [claims.to_json(make_claim(sale, key)) for key in range(8)]
        unknown = claims.to_json(make_claim(sale, "bad", sku="NO-SUCH"))
        deep = "[" * 50_000
        queue.send_batch([*good[:4], "{broken", deep, unknown, '{"foreign": true}', *good[4:]])

        assert drain_all(queue, ledger, turn) == 8

        assert queue.depth() == 0
        letters = {m.body: m.attributes["reason"] for m in receive_all(queue.dead_letters())}
        assert set(letters) == {"{broken", deep, unknown, '{"foreign": true}'}
        assert letters["{broken"].startswith("no claim of ours: not JSON")
        assert letters[unknown].startswith("unknown SKU 'NO-SUCH'")
        assert "order_id is None" in letters['{"foreign": true}']

    def test_a_claim_that_waits_as_dead_letter_stays_claimed(self, queue, ledger, sale, turn):
        (taken,) = take(ledger, sale, ["a"])
        Allotment.objects.update(armed=0)
        queue.send(claims.to_json(taken))

        drain_all(queue, ledger, turn)

        assert ledger.count("lamp", 1).pending == (taken,)

    @pytest.mark.django_db(transaction=True)
    def test_two_drainers_of_the_same_messages_make_one_order_each(self, queue, ledger, sale):
        bodies = [claims.to_json(make_claim(sale, key)) for key in range(40)]
        queue.send_batch(bodies + bodies)
        messages = [m for _ in range(8) for m in queue.receive(wait_seconds=1)]

        def drain_them():
            with open_buffer(queue) as buffer:
                return drain_turn.drain_once(messages, buffer=buffer, ledger=ledger)

        first, second = race(drain_them, drain_them)

        assert first + second == Order.objects.count() == Allotment.objects.get().ordered == 40

    def test_what_is_in_hand_when_it_breaks_off_is_there_at_once_for_others(self, queue, sale, turn):
        queue.send(claims.to_json(make_claim(sale, "a")))

        with pytest.raises(AttributeError):
            drain_turn.run(turn, buffer=open_buffer(queue), ledger=None, pacer=Pacer(CEILING))

        assert len(queue.receive(wait_seconds=0)) == 1

    def test_a_queue_that_is_gone_is_made_anew(self, queue, ledger, sale, turn, soon):
        delete(queue)

        with open_buffer(queue):
            assert wait_until(lambda: is_there(queue), 60)

        queue.send(claims.to_json(make_claim(sale, "a")))
        assert drain_all(queue, ledger, turn) == 1

    def test_an_outage_of_the_queue_is_said_when_it_begins_and_when_it_is_over(self, queue, caplog, soon):
        delete(queue)

        with open_buffer(queue, batch=10):
            wait_until(lambda: len(caplog.records) > 1, 60)
            time.sleep(0.2)  # and then no more

        began, ended = (record.getMessage() for record in caplog.records)
        assert began.startswith("The buffer cannot be read, trying again each second: ")
        assert ended == "The buffer can be read again."

    def test_waits_after_each_batch_as_long_as_the_pacer_says(self, queue, ledger, sale, turn):
        queue.send_batch([claims.to_json(make_claim(sale, key)) for key in range(40)])
        started = time.monotonic()

        drain_all(queue, ledger, turn, pacer=Pacer(40))

        # The first batch is half a second's worth; the second had to wait for it.
        assert time.monotonic() - started >= 20 / 40


@pytest.mark.django_db(transaction=True)
class TestWithoutADatabase:
    def test_nothing_is_received(self, queue, ledger, sale, turn, away):
        queue.send(claims.to_json(make_claim(sale, "a")))
        threading.Timer(0.6, turn.end).start()

        assert drain_turn.run(turn, buffer=open_buffer(queue), ledger=ledger, pacer=Pacer(CEILING)) == 0

        (message,) = queue.receive(wait_seconds=0)
        assert message.attributes["ApproximateReceiveCount"] == "1"

    def test_the_turn_goes_on_when_it_is_back(self, queue, ledger, sale, turn, away):
        queue.send(claims.to_json(make_claim(sale, "a")))
        threading.Timer(0.4, away.come_back).start()

        assert drain_all(queue, ledger, turn) == 1

    def test_what_was_in_hand_when_it_went_is_drained_by_the_same_turn(
        self, queue, ledger, sale, turn, monkeypatch
    ):
        queue.send_batch([claims.to_json(make_claim(sale, key)) for key in range(5)])
        lose_the_connection_once(monkeypatch)

        assert drain_all(queue, ledger, turn) == 5


def lose_the_connection_once(monkeypatch):
    """The server ends our session just before a batch is written."""
    write, lost = drain._write, []

    def write_after(batch):
        if not lost:
            lost.append(True)
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(%s)", [connections["default"].connection.info.backend_pid]
                )
        return write(batch)

    monkeypatch.setattr(drain, "_write", write_after)


class TestBuffer:
    def test_gathers_beyond_the_ten_that_one_call_hands_out(self, queue, sale, monkeypatch):
        # As long as a busy machine may take; a full batch waits for nothing.
        monkeypatch.setattr(buffer_module, "LINGER_SECONDS", 20)
        queue.send_batch([claims.to_json(make_claim(sale, key)) for key in range(60)])

        with open_buffer(queue, batch=50) as buffer:
            gathered = buffer.gather(wait=20)

        assert 50 <= len(gathered) < 60

    def test_waits_for_no_more_to_come_once_it_receives_nothing(self, queue, sale, monkeypatch):
        monkeypatch.setattr(buffer_module, "LINGER_SECONDS", 3600)
        queue.send("one")

        with open_buffer(queue) as buffer:
            assert wait_until(lambda: not buffer._received.empty(), 60)
            buffer.leave()
            gathered = buffer.gather(wait=0)

        assert [message.body for message in gathered] == ["one"]

    def test_at_a_slow_rate_gathers_little_and_receives_little_ahead(self, queue, sale):
        queue.send_batch([claims.to_json(make_claim(sale, key)) for key in range(60)])

        with open_buffer(queue) as buffer:
            buffer.keep_to(20)
            gathered = buffer.gather(wait=20)

        assert len(gathered) == 10

    def test_hands_on_what_there_is_a_moment_after_the_first(self, queue, sale):
        queue.send("one")

        with open_buffer(queue) as buffer:
            buffer.gather(wait=60)
            started = time.monotonic()
            queue.send("two")
            gathered = buffer.gather(wait=60)
            seconds = time.monotonic() - started

        assert [message.body for message in gathered] == ["two"]
        assert seconds < 30


class TestWrittenTwice:
    def test_a_message_that_was_not_deleted_changes_nothing(self, queue, ledger, sale, turn):
        claim = make_claim(sale, "a")
        drain.write_claims([claim])
        queue.send(claims.to_json(claim))

        assert drain_all(queue, ledger, turn) == 0
        assert (Order.objects.count(), queue.depth()) == (1, 0)

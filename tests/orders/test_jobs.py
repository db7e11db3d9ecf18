"""What runs beside the shop has one shape, and is quiet while the database is away."""

import logging
import time
from datetime import timedelta

import pytest
import redis

from config.celery import app
from edge.tasks import advance_sales
from fastpath_lambda.sqs import QueueError
from orders import followers, jobs, outage, tasks, turns

LONG = timedelta(minutes=1)
EVERY_JOB = [
    tasks.drain_buffer,
    tasks.relay_outbox,
    tasks.send_post,
    tasks.sweep,
    tasks.collect_dead_letters,
    tasks.advance_orders,
    tasks.release_units,
    advance_sales,
]


def run(work, *, length=LONG):
    """The work's answer, and how often it was handed on."""
    handed = []
    answer = jobs.run(work, "job", length=length, at_once=1, hand_on=lambda: handed.append(True))
    return answer, len(handed)


class TestJob:
    def test_is_known_to_celery_by_its_functions_name(self):
        asked_for = {entry["task"] for entry in app.conf.beat_schedule.values()}

        assert asked_for == {task.name for task in EVERY_JOB}

    def test_ends_at_once_when_its_turn_is_taken(self, store):
        with turns.take(store, "job", length=LONG):
            assert run(lambda turn: "worked") == (None, 0)

        assert run(lambda turn: "worked") == ("worked", 0)

    def test_that_ran_its_time_hands_on(self, store):
        def work(turn):
            while turn.goes_on():
                time.sleep(0.005)

        assert run(work, length=timedelta(milliseconds=20)) == (None, 1)

    def test_that_was_stopped_does_not_hand_on(self, store):
        assert run(lambda turn: turn.end(), length=timedelta(0)) == (None, 0)

    @pytest.mark.parametrize(
        ("away", "said"),
        [
            (QueueError("Unreachable", "timed out"), "The buffer does not answer; job looks again soon: "),
            (redis.ConnectionError("refused"), "Redis does not answer; job looks again soon: refused"),
        ],
    )
    def test_says_in_one_line_what_does_not_answer_and_leaves_it_to_beat(self, store, caplog, away, said):
        def work(turn):
            raise away

        assert run(work) == (None, 0)

        (record,) = caplog.records
        assert record.getMessage().startswith(said)
        assert record.exc_info is None


class TestBroker:
    def test_that_was_wiped_gets_what_its_old_producers_send(self, store):
        with app.producer_pool.acquire(block=True) as producer:
            app.send_task("orders.tasks.drain_buffer", producer=producer)
            store.flushall()

            app.send_task("orders.tasks.drain_buffer", producer=producer)

        # The list that the worker waits at: no binding, which only a new process would make again.
        assert store.llen("spillway:celery:drain") == 1


@pytest.mark.django_db(transaction=True)
class TestOutage:
    def test_is_said_when_it_begins_and_when_it_is_over_and_not_between(self, store, away, caplog):
        caplog.set_level(logging.WARNING)
        # Not the drain first: it would wait for the database as long as its turn.
        for task in [*reversed(EVERY_JOB), *EVERY_JOB]:
            task()
        away.come_back()
        for task in (tasks.advance_orders, tasks.sweep, advance_sales):
            task()

        began, ended = (record.getMessage() for record in caplog.records)

        assert began.startswith("The database is away")
        assert ended.startswith("The database is back after")

    def test_a_broken_connection_is_none(self, store, caplog):
        def work():
            raise outage.OperationalError("deadlock detected")

        outage.sit_out(store, work)

        (record,) = caplog.records
        assert record.getMessage().endswith("done again: deadlock detected")

    def test_a_follower_leaves_it_to_its_turn_to_say_so(self, store, away, caplog):
        assert followers._do(_ask) is False

        assert caplog.records == []

    def test_a_follower_says_what_else_goes_wrong(self, store, caplog):
        assert followers._do(lambda: 1 / 0) is False

        (record,) = caplog.records
        assert record.exc_info


def _ask():
    raise outage.InterfaceError("connection already closed")

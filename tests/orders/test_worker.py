"""The worker itself: a claim becomes a confirmed order, and a deploy waits for nobody."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis
from django.db import connection

from config import embedded
from config.celery import app
from config.service import wait_until
from fastpath_lambda import claims
from fastpath_lambda.sqs import Queue
from orders import relay
from orders.models import Order
from orders.receivers.models import Letter
from shop import outbox
from tests.orders.conftest import take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def worker(store, queue, monkeypatch):
    """A worker on the test's database, in a process group of its own."""
    monkeypatch.setenv("SQS_QUEUE_NAME", queue.name)
    before = sessions()
    database = os.environ["DATABASE_URL"].replace("/spillway", f"/{connection.settings_dict['NAME']}")
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config.celery",
        "--quiet",
        "worker",
        "--loglevel=WARNING",
    ]
    worker = subprocess.Popen(
        [
            *command,
            "--queues=celery,drain,relay,post",
            "--concurrency=5",
            "--without-mingle",
            "--without-gossip",
        ],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database, "EMAIL_BACKEND": "orders.receivers.mailbox.Backend"},
        start_new_session=True,
    )
    yield worker
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    # PostgreSQL ends what a killed session was at before it sees that nobody is there any more.
    assert wait_until(lambda: sessions() <= before, 60)


def sessions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {pid for (pid,) in cursor.fetchall()}


def ask_until(happened, *tasks, send=app.send_task, seconds=60):
    """As beat does: ask for these each second, whoever has their turns, until it has happened."""
    deadline, asked_at = time.monotonic() + seconds, 0.0
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        if time.monotonic() - asked_at > 1:
            asked_at = time.monotonic()
            for task in tasks:
                send(f"orders.tasks.{task}")
        time.sleep(0.02)


def turns(store):
    return sorted(key.decode().rpartition(":")[2] for key in store.scan_iter("spillway:turn:*"))


def test_a_claim_becomes_an_order_its_room_is_told_and_its_buyer_written_to_once(store, ledger, sale, worker):
    (taken,) = take(ledger, sale, ["a"])
    Queue.from_environment().send(claims.to_json(taken))

    def is_told():
        return store.hget(f"spillway:{{{taken.order_id}}}:order", "status") == b"placed"

    ask_until(lambda: Order.objects.filter(id=taken.order_id).exists(), "drain_buffer")
    ask_until(is_told, "relay_outbox")
    ask_until(lambda: [each.events for each in outbox.behind()] == [0] * len(relay.RECEIVERS), "relay_outbox")
    ask_until(lambda: ledger.count("lamp", 1).pending == (), "drain_buffer")
    ask_until(lambda: Letter.objects.exists(), "send_post", "relay_outbox")

    assert Letter.objects.get().message_id.startswith(f"<{taken.order_id}.placed@")


@pytest.mark.parametrize("stop", [os.kill, os.killpg])
def test_sigterm_ends_long_turns_between_two_steps(store, sale, worker, stop):
    everything = ("drain_buffer", "relay_outbox", "send_post")
    ask_until(lambda: turns(store) == ["drain", "post", "relay"], *everything)

    stop(worker.pid, signal.SIGTERM)

    # Each of them would go on for a minute.
    assert worker.wait(timeout=40) == 0
    assert turns(store) == []


def test_a_pool_whose_parent_was_killed_ends_its_turns_and_itself(store, sale, worker):
    ask_until(lambda: turns(store) == ["drain"], "drain_buffer")
    pool = psutil.Process(worker.pid).children()

    worker.kill()

    assert wait_until(lambda: turns(store) == [], 40)
    assert psutil.wait_procs(pool, timeout=40)[1] == []


class TestBroker:
    @pytest.fixture
    def broker(self, tmp_path, monkeypatch):
        """A Redis of its own, which may be killed: it is started again."""
        monkeypatch.delenv("REDIS_URL")
        services = embedded.Embedded(tmp_path)
        monkeypatch.setenv("REDIS_URL", services.start()["REDIS_URL"])
        services.keep_running()
        yield redis.Redis.from_url(os.environ["REDIS_URL"])
        services.stop()

    def test_that_was_killed_is_found_again(self, broker, worker, tmp_path):
        ask_until(lambda: turns(broker) == ["drain"], "drain_buffer", send=send)

        os.kill(int((tmp_path / "redis.pid").read_text()), signal.SIGKILL)

        assert wait_until(lambda: _answers(broker), 60)
        broker.flushall()
        ask_until(lambda: "relay" in turns(broker), "relay_outbox", send=send)
        assert worker.poll() is None


def send(task):
    with app.connection_for_write(os.environ["REDIS_URL"]) as connection:
        app.send_task(task, connection=connection)


def _answers(store):
    try:
        return store.ping()
    except redis.ConnectionError:
        return False

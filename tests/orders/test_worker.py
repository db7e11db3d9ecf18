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
from fastpath_lambda import claims
from fastpath_lambda.sqs import Queue
from orders import drain, relay
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


def wait_for(happened, *, seconds=15):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def turns(store):
    return sorted(key.decode().rpartition(":")[2] for key in store.scan_iter("spillway:turn:*"))


def test_a_claim_becomes_an_order_and_its_room_is_told(store, ledger, sale, worker):
    (taken,) = take(ledger, sale, ["a"])
    Queue.from_environment().send(claims.to_json(taken))

    app.send_task("orders.tasks.drain_buffer")
    app.send_task("orders.tasks.relay_outbox")

    wait_for(lambda: Order.objects.filter(id=taken.order_id).exists())
    wait_for(lambda: store.hget(f"spillway:{{{taken.order_id}}}:order", "status") == b"placed")
    wait_for(lambda: [each.events for each in outbox.behind()] == [0] * len(relay.RECEIVERS))
    assert ledger.count("lamp", 1).pending == ()


def test_a_buyer_is_written_to_once(store, ledger, sale, worker):
    (taken,) = take(ledger, sale, ["a"])
    drain.write_claims([taken])

    app.send_task("orders.tasks.send_post")
    app.send_task("orders.tasks.relay_outbox")

    wait_for(lambda: Letter.objects.exists())
    assert Letter.objects.get().message_id.startswith(f"<{taken.order_id}.placed@")


@pytest.mark.parametrize("stop", [os.kill, os.killpg])
def test_sigterm_ends_long_turns_between_two_steps(store, sale, worker, stop):
    app.send_task("orders.tasks.drain_buffer")
    app.send_task("orders.tasks.relay_outbox")
    app.send_task("orders.tasks.send_post")
    wait_for(lambda: turns(store) == ["drain", "post", "relay"])
    told_at = time.monotonic()

    stop(worker.pid, signal.SIGTERM)

    assert worker.wait(timeout=15) == 0
    assert time.monotonic() - told_at < 6
    assert turns(store) == []


def test_a_pool_whose_parent_was_killed_ends_its_turns_and_itself(store, sale, worker):
    app.send_task("orders.tasks.drain_buffer")
    wait_for(lambda: turns(store) == ["drain"])
    pool = psutil.Process(worker.pid).children()

    worker.kill()

    wait_for(lambda: turns(store) == [], seconds=5)
    assert psutil.wait_procs(pool, timeout=5)[1] == []


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
        send("orders.tasks.drain_buffer")
        wait_for(lambda: turns(broker) == ["drain"])

        os.kill(int((tmp_path / "redis.pid").read_text()), signal.SIGKILL)

        wait_for(lambda: _answers(broker))
        broker.flushall()
        send("orders.tasks.relay_outbox")
        wait_for(lambda: "relay" in turns(broker))
        assert worker.poll() is None


def send(task):
    with app.connection_for_write(os.environ["REDIS_URL"]) as connection:
        app.send_task(task, connection=connection)


def _answers(store):
    try:
        return store.ping()
    except redis.ConnectionError:
        return False

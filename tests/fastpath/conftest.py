"""A sale of lamps, its ledgers, its doors, and its buffer."""

import os
import uuid

import pytest

from fastpath_lambda import resp
from fastpath_lambda.sqs import Queue
from fastpath_lambda.stores.memory import MemoryLedger
from fastpath_lambda.stores.redis import RedisLedger
from tests.fastpath.doors import AsgiDoor, DoorsLedger, LambdaDoor


@pytest.fixture(params=["memory", "redis", "doors"])
def ledger(request):
    """Every store in turn, empty; and Redis again, the way the doors speak to it."""
    if request.param == "memory":
        yield MemoryLedger()
    elif request.param == "redis":
        yield RedisLedger(request.getfixturevalue("store"))
    else:
        request.getfixturevalue("store")
        yield DoorsLedger(resp.Address.parse(os.environ["REDIS_URL"]))


@pytest.fixture
def redis_ledger(store):
    return RedisLedger(store)


@pytest.fixture
def queue(monkeypatch):
    """The buffer: a queue of this test's own."""
    name = f"orders-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("SQS_QUEUE_NAME", name)
    monkeypatch.setenv("SQS_DEAD_LETTER_QUEUE_NAME", f"{name}-dead")
    queue = Queue.from_environment()
    queue.ensure()
    return queue


@pytest.fixture(params=[LambdaDoor, AsgiDoor])
def door(request, store, queue):
    """Each door in turn, before a store that was not wiped. Whoever closes it sees what it sent."""
    RedisLedger(store).vouch(True)
    door = request.param()
    yield door
    door.close()

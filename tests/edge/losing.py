"""A ledger that is lost, and what is done each second until it is rebuilt."""

from datetime import timedelta

import pytest
from django.utils import timezone

from edge import audit, buffer, lifecycle
from fastpath_lambda.sqs import Queue
from orders import drain, late
from shop.models import Sale


@pytest.fixture(autouse=True)
def queue(monkeypatch):
    """A buffer of this test's own, and empty."""
    monkeypatch.setenv("SQS_DEAD_LETTER_QUEUE_NAME", "orders-rebuilding-dead")
    queue = Queue.from_environment("orders-rebuilding")
    queue.ensure()
    queue.purge()
    monkeypatch.setattr(buffer, "connect", lambda: queue)
    return queue


def pass_by(*, seconds=0):
    """What the task does each second; so many seconds from now."""
    lifecycle.advance(now=timezone.now() + timedelta(seconds=seconds))


def rebuild(*, after=3):
    """The turns it takes: one that finds the loss, one that finds the buffer quiet."""
    pass_by()
    pass_by(seconds=after)


def place_late(claim, ledger):
    """As the drain does it with a message that comes now."""
    return late.place(drain.write_claims([claim]), [claim], ledger=ledger)


def state():
    return Sale.objects.get().state


def balance():
    (row,) = audit.audit()
    assert row.is_balanced, row
    return row.left, row.claimed, row.ordered, row.returned

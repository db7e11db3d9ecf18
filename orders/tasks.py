"""What runs beside the shop. Beat starts each again and again; one whose turn is taken ends at once."""

from datetime import timedelta
from functools import cache
from typing import Any

import redis
from celery import shared_task, signals
from django.conf import settings
from django.utils import timezone

from fastpath_lambda import keys
from fastpath_lambda.sqs import Queue
from fastpath_lambda.stores.redis import RedisLedger
from orders import (
    advancing,
    dead_letters,
    drain_turn,
    post,
    relay,
    releasing,
    sandbox_events,
    sweeping,
    turns,
)
from orders.buffer import Buffer
from orders.sandbox import Sandbox

# Not Django's signals: the one word that Celery has for a deploy, said in the parent of the pool.
signals.worker_shutting_down.connect(turns.stop_all)

SHORT = timedelta(seconds=10)
RELAY_TURN = timedelta(seconds=60)
SOON = 5  # seconds


@shared_task  # type: ignore[untyped-decorator]
def drain_buffer() -> int:
    with turns.take(_store(), "drain", length=settings.DRAIN_TURN) as turn:
        if turn is None:
            return 0
        buffer = Buffer(_queue(), batch=settings.DRAIN_BATCH)
        new = drain_turn.run(turn, buffer=buffer, ledger=_ledger(), ceiling=settings.DRAIN_RATE_CEILING)
    if turn.ran_its_time:
        drain_buffer.apply_async(expires=SOON)  # beat's next second is a second of waiting shoppers
    return new


@shared_task  # type: ignore[untyped-decorator]
def relay_outbox() -> None:
    with turns.take(_store(), "relay", length=RELAY_TURN) as turn:
        if turn is None:
            return
        relay.run(turn)
    if turn.ran_its_time:
        relay_outbox.apply_async(expires=SOON)


@shared_task  # type: ignore[untyped-decorator]
def send_post() -> None:
    with turns.take(_store(), "post", length=RELAY_TURN) as turn:
        if turn is None:
            return
        post.run(turn)
    if turn.ran_its_time:
        send_post.apply_async(expires=SOON)


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> int:
    with turns.take(_store(), "sweep", length=SHORT) as turn:
        if turn is None:
            return 0
        return sweeping.sweep(
            _loaded_sales(), ledger=_ledger(), queue=_queue(), older_than=settings.SWEEP_AFTER
        )


@shared_task  # type: ignore[untyped-decorator]
def collect_dead_letters() -> int:
    with turns.take(_store(), "dead-letters", length=SHORT) as turn:
        return dead_letters.collect(_queue().dead_letters()) if turn else 0


@shared_task  # type: ignore[untyped-decorator]
def advance_orders() -> int:
    moved = 0
    with turns.take(_store(), "payments", length=SHORT) as turn:
        if turn:
            sandbox_events.send_late(_provider(), now=timezone.now())
        while turn and turn.goes_on():
            step = advancing.advance(_provider(), now=timezone.now())
            moved += step
            if step < advancing.BATCH:
                break
    return moved


@shared_task  # type: ignore[untyped-decorator]
def release_units() -> int:
    with turns.take(_store(), "releases", length=SHORT) as turn:
        return releasing.settle_all(_ledger()) if turn else 0


def _loaded_sales() -> list[str]:
    slugs: Any = _store().smembers(keys.loaded_sales())
    return sorted(slug.decode() for slug in slugs)


@cache
def _store() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL)


@cache
def _ledger() -> RedisLedger:
    return RedisLedger(_store())


@cache
def _provider() -> Sandbox:
    return Sandbox(secret=settings.PAYMENT_EVENTS_SECRET)


@cache
def _queue() -> Queue:
    return Queue.from_environment()

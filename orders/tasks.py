"""What runs beside the shop, each job in a turn of its own: see jobs.py."""

from datetime import timedelta
from functools import cache
from typing import Any

from celery import signals
from django.conf import settings
from django.utils import timezone

from fastpath_lambda import keys
from fastpath_lambda.sqs import Queue
from orders import (
    advancing,
    dead_letters,
    drain_turn,
    pacing,
    post,
    providers,
    relay,
    releasing,
    sandbox_events,
    sweeping,
    turns,
)
from orders.buffer import Buffer
from orders.jobs import job, ledger, store
from orders.pace import Limits
from orders.payments import Provider
from orders.sandbox import Sandbox
from orders.turns import Turn

# Not Django's signals: the one word that Celery has for a deploy, said in the parent of the pool.
signals.worker_shutting_down.connect(turns.stop_all)

RELAY_TURN = timedelta(seconds=60)


@job("drain", length=settings.DRAIN_TURN, at_once=settings.DRAINERS)
def drain_buffer(turn: Turn) -> int:
    buffer = Buffer(_queue(), batch=settings.DRAIN_BATCH)
    with pacing.following(turn, limits=_limits()) as pacer:
        return drain_turn.run(turn, buffer=buffer, ledger=ledger(), pacer=pacer)


@job("relay", length=RELAY_TURN)
def relay_outbox(turn: Turn) -> None:
    relay.run(turn)


@job("post", length=RELAY_TURN)
def send_post(turn: Turn) -> None:
    post.run(turn)


@job("sweep")
def sweep(turn: Turn) -> int:
    return sweeping.sweep(_loaded_sales(), ledger=ledger(), queue=_queue(), older_than=settings.SWEEP_AFTER)


@job("dead-letters")
def collect_dead_letters(turn: Turn) -> int:
    return dead_letters.collect(_queue().dead_letters())


@job("payments")
def advance_orders(turn: Turn) -> int:
    provider = _provider()
    if isinstance(provider, Sandbox):
        sandbox_events.send_late(provider, now=timezone.now())
    moved = 0
    while turn.goes_on():
        step = advancing.advance(provider, now=timezone.now())
        moved += step
        if step < provider.batch:
            break
    return moved


@job("releases")
def release_units(turn: Turn) -> int:
    return releasing.settle_all(ledger())


def _limits() -> Limits:
    ceiling = settings.DRAIN_RATE_CEILING
    return Limits(ceiling, min(settings.DRAIN_RATE_FLOOR, ceiling), settings.DRAIN_LATENCY_TOLERANCE)


def _loaded_sales() -> list[str]:
    found: Any = store().smembers(keys.loaded_sales())
    return sorted({keys.product_of(sale.decode()) for sale in found})


@cache
def _provider() -> Provider:
    return providers.chosen()


@cache
def _queue() -> Queue:
    return Queue.from_environment()

"""The one shape of what runs beside the shop: take a turn, work, and hand on when it ran its time.

Beat starts each job again and again; one whose turns are all taken ends at once. While
the database is away a job sits still, and the next one that beat starts looks again.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from typing import Any, TypeVar

import redis
from celery import shared_task
from django.conf import settings

from fastpath_lambda.sqs import QueueError
from fastpath_lambda.stores.redis import RedisLedger
from orders import outage, turns
from orders.turns import Turn

logger = logging.getLogger(__name__)

SHORT = timedelta(seconds=10)
SOON = 5  # seconds
T = TypeVar("T")


def job(name: str, *, length: timedelta = SHORT, at_once: int = 1) -> Callable[[Callable[[Turn], T]], Any]:
    """Make this a task of Celery's, of which as many run at once as there are turns."""

    def register(work: Callable[[Turn], T]) -> Any:
        @shared_task(name=f"{work.__module__}.{work.__name__}")  # type: ignore[untyped-decorator]
        def task() -> T | None:
            # Beat's next second is a second of waiting shoppers.
            return run(
                work, name, length=length, at_once=at_once, hand_on=partial(task.apply_async, expires=SOON)
            )

        return task

    return register


def run(
    work: Callable[[Turn], T], name: str, *, length: timedelta, at_once: int, hand_on: Callable[[], object]
) -> T | None:
    """Work for one turn. None where there is no turn to be had, or what it works with is away."""
    try:
        with turns.take(store(), name, length=length, at_once=at_once) as turn:
            if turn is None:
                return None
            done = outage.sit_out(turn.store, partial(work, turn))
    except QueueError as error:
        logger.warning("The buffer does not answer; %s looks again soon: %s", name, error)
        return None
    except redis.RedisError as error:
        logger.warning("Redis does not answer; %s looks again soon: %s", name, error)
        return None
    if turn.ran_its_time:
        hand_on()
    return done


@cache
def store() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL)


@cache
def ledger() -> RedisLedger:
    return RedisLedger(store())

"""Stores that are waited for: a disk that stalls for seconds is no outage, unless a test is about one.

The shop itself waits for half a second or for a little more than one, and does without them then;
so do the doors of the fast path, who moves a sale, the count of guesses, and who sends to the buffer.
A test that is about something else would be told of a stall.
"""

import os
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from edge import ledger
from fastpath_lambda import handler, pipeline, resp, sender, sqs
from live import ops_room
from live.shows import first_look
from shop import rooms

SECONDS = 60.0
LIMITS = (
    (resp, ("CONNECT_SECONDS", "REPLY_SECONDS")),
    (pipeline, ("CONNECT_SECONDS", "REPLY_SECONDS")),
    (handler, ("SEND_SECONDS",)),
    (sender, ("TIMEOUT",)),
    (sqs, ("TIMEOUT",)),
    (ledger, ("PATIENCE_SECONDS",)),
)


def have() -> None:
    """Once, before anything connects: the doors, the buffer and the cache are waited for in every test."""
    for module, names in LIMITS:
        for name in names:
            setattr(module, name, SECONDS)
    of_cache: Any = settings.CACHES["default"]
    of_cache["OPTIONS"].update(socket_timeout=SECONDS, socket_connect_timeout=SECONDS)


def wait_for_stores(monkeypatch):
    """Until the test ends, whoever asks Redis here waits for the answer."""
    monkeypatch.setattr("live.store._LINK_TIMEOUT", SECONDS)
    monkeypatch.setattr(ops_room, "_store", client)
    monkeypatch.setattr(first_look, "_client", client())
    monkeypatch.setattr(rooms, "_client", client())
    # That a test before found the store slow is nothing to this one.
    monkeypatch.setattr(rooms, "_asked_again_at", 0.0)


@cache
def client():
    return redis.Redis.from_url(
        os.environ["REDIS_URL"],
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        # As the shop's own: a test may have ended the connections that were kept.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )

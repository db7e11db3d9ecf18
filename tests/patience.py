"""Stores that are waited for: a disk that stalls for seconds is no outage, unless a test is about one.

The shop itself waits for half a second or for a little more than one, and does without them then.
A test that asks what was read would be told of a stall.
"""

import os
from functools import cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from live import ops_room
from live.shows import first_look
from shop import rooms

SECONDS = 60.0


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

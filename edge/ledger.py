"""The shop's own connection to the ledger of the sales that are on."""

from functools import cache

import redis
from django.conf import settings
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from fastpath_lambda.stores.redis import RedisLedger

# Longer than any script takes, and any disk that it waits for; shorter than somebody waits without a word.
PATIENCE_SECONDS = 10


@cache
def connect() -> RedisLedger:
    """One for each process; its pool opens a connection when one is needed."""
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        # A store that was started anew is asked again. One that hangs was waited for once, that is enough.
        retry=Retry(
            ExponentialWithJitterBackoff(base=1, cap=2), 2, supported_errors=(redis.ConnectionError,)
        ),
    )
    return RedisLedger(client)

"""The shop's own connection to the ledger of the sales that are on."""

from functools import cache

import redis
from django.conf import settings

from fastpath_lambda.stores.redis import RedisLedger


@cache
def connect() -> RedisLedger:
    """One for each process; its pool opens a connection when one is needed."""
    return RedisLedger(redis.Redis.from_url(settings.REDIS_URL))

"""What viewers of a product were last shown, read from its live room.

While a sale is on, the ledger owns these values and the database does not know them.
Everywhere else the database is the truth, and a page never waits for this store long.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings

from fastpath_lambda import keys

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5
_client = redis.Redis.from_url(
    settings.REDIS_URL,
    socket_timeout=PATIENCE_SECONDS,
    socket_connect_timeout=PATIENCE_SECONDS,
)


def get_values(product: str) -> Mapping[str, Mapping[str, Any]]:
    """SKU → its value (DESIGN section 10, "Socket"); empty where there is no room, or it cannot be read."""
    try:
        state: Any = _client.hgetall(keys.room_state(f"product:{product}"))
        return {sku.decode(): json.loads(value) for sku, value in state.items()}
    except (redis.RedisError, ValueError):
        logger.warning("A product's room could not be read; its page shows the database's values.")
        return {}

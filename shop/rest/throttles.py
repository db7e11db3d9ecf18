"""How much one client may ask in a minute; who asks more is told when to come back.

A client is a token's user, or an address. Counted in fixed windows by one atomic
increment, so that any number of processes count the same client together. Without the
store nobody is held off: a shop that answers everybody beats one that answers nobody.
"""

import logging
import time
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger(__name__)

WINDOW = 60
_IPV6_SITE = 64


class PerClient(BaseThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        limit = settings.THROTTLES[self.scope(request)]
        if not limit:
            return True
        self._left = WINDOW - time.time() % WINDOW
        return count(f"throttle:{self.scope(request)}:{self._client(request)}") <= limit

    def wait(self) -> float:
        return self._left

    def scope(self, request: Request) -> str:
        return "token" if request.user.is_authenticated else "anonymous"

    def _client(self, request: Request) -> str:
        if request.user.is_authenticated:
            return f"user-{request.user.pk}"
        return site(self.get_ident(request) or "")


class Catalogue(PerClient):
    """What everybody may read, and many do."""

    def scope(self, request: Request) -> str:
        return "catalogue"


def count(name: str) -> int:
    """The how-manieth this is of that name in the present window."""
    key = f"{name}:{time.time() // WINDOW:.0f}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key)
    # It may be gone between the two, with the store's memory or its restart.
    except (RedisError, ValueError):
        logger.warning("A request could not be counted: it is served.")
        return 0


def site(address: str) -> str:
    """An IPv6 client has more addresses than we could count: its site is who it is."""
    try:
        network = ip_network(address)
    except ValueError:
        return address[:45]
    return str(network.supernet(new_prefix=_IPV6_SITE) if network.version == 6 else address)

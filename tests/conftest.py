"""What every test may use; the services themselves are started by services.py."""

import os
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import caches
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from shop import moments, rooms
from tests import emptying, patience

# One commit, one verdict, however busy the machine: the suite draws the same examples each time, and
# none is too slow. Looking for new ones is `make hunt`, whose finds become examples that stand in the tests.
ANY_MACHINE: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("suite", derandomize=True, **ANY_MACHINE)
settings.register_profile("hunt", print_blob=True, **ANY_MACHINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# Slow hashes keep passwords from being guessed: a third of a second for each user of a test.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TransactionTestCase._fixture_teardown = lambda _: emptying.empty()  # type: ignore[attr-defined]
patience.have()


@pytest.fixture(autouse=True)
def nothing_is_kept_between_tests(monkeypatch):
    moments.forget()
    rooms.forget()
    # A busy machine answers late; a test asks for what was written a line above.
    monkeypatch.setattr(rooms, "HASTE_SECONDS", 10.0)
    patience.wait_for_stores(monkeypatch)
    caches["template_fragments"].clear()


@pytest.fixture
def store():
    """A real, empty Redis, decoding nothing."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()
        yield client

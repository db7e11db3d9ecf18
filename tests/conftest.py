"""What every test may use; the services themselves are started by services.py."""

import os

import pytest
import redis


@pytest.fixture
def store():
    """A real, empty Redis, decoding nothing."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()
        yield client

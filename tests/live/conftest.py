"""The lamp's room in a real, empty Redis."""

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from tests.live import world


@pytest.fixture
def room(store):
    return world.StoredRoom(store)


@pytest.fixture
async def database(transactional_db):
    """The database as the `live` process uses it: from asgiref's one thread, which keeps its connection."""
    yield
    await sync_to_async(connections.close_all)()

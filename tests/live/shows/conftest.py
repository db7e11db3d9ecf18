"""A show of the lamp and the desk, in a shop that has both."""

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from tests.live.shows import world
from tests.orders.conftest import plain_static_files

__all__ = ["plain_static_files"]


@pytest.fixture
async def database(transactional_db):
    """The database as the `live` process uses it: from asgiref's one thread, which keeps its connection."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def show(db):
    """Live since five minutes, with the lamp and the desk, three of each in stock."""
    return world.make_show(status="live")

"""The lamp's room in a real, empty Redis; a site with a browser in front of it."""

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections

from config import asgi
from live import snapshots
from live.hub import Hub
from live.store import RoomStore
from tests.chromium import chromium
from tests.live import world
from tests.live.site import Site, show
from tests.live.talking import connected


@pytest.fixture
def room(store):
    return world.StoredRoom(store)


@pytest.fixture
async def database(transactional_db):
    """The database as the `live` process uses it: from asgiref's one thread, which keeps its connection."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def application(store):
    """The `live` process's."""
    hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.Maker())
    yield asgi.build(hub)
    await hub.close()


@pytest.fixture
async def socket(application):
    async with connected(application) as socket:
        yield socket


@pytest.fixture
async def another(application):
    """Another page's, of the same process."""
    async with connected(application) as another:
        yield another


@pytest.fixture
def site(store):
    site = Site()
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(site, browser):
    """Open a page of the site: in a browser of its own, or as one more tab of `beside`."""
    contexts, complaints = [], []

    def open_page(*, beside=None, port=None, clock=False, path="/", before=None):
        """`before` is done first in each page of that browser."""
        if beside is None:
            contexts.append(browser.new_context())
        if before:
            contexts[-1].add_init_script(f"({before})()")
        page = (beside.context if beside else contexts[-1]).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if clock:
            page.clock.install()
        page.goto(f"http://127.0.0.1:{port or site.port}{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(visit):
    show(version=1)
    return visit()

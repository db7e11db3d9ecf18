"""A link to the store that went silent, and told nobody: as behind a firewall that forgot it."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from live import publish, rooms, snapshots
from live.hub import Hub
from live.store import RoomStore
from tests.live.link import Link
from tests.live.world import Watcher, make_value

LAMP = rooms.parse("product:lamp")
FOUND_WITHIN = 2.0


@pytest.fixture
def link(store):
    with Link(urlsplit(settings.REDIS_URL).port) as link:
        yield link


@pytest.fixture
async def hub(link):
    hub = Hub(RoomStore(f"redis://127.0.0.1:{link.port}/0"), make=snapshots.make)
    yield hub
    await hub.close()


def show(**changes):
    publish.whole_product([make_value(**changes)])


async def watch(hub):
    watcher = Watcher()
    await hub.subscribe(watcher, LAMP)
    return watcher


async def fill_pool(hub):
    """All connections that may ask have asked, and lie ready."""
    await asyncio.gather(*(hub.store.positions(["product:lamp"]) for _ in range(20)))


async def test_is_found_and_made_up_for_within_two_seconds(hub, link):
    show(version=1)
    watcher = await watch(hub)
    await fill_pool(hub)
    await asyncio.sleep(0.1)

    link.silence()
    show(version=2)
    started = time.monotonic()
    await watcher.until(lambda w: 2 in w.versions, seconds=10)

    assert time.monotonic() - started < FOUND_WITHIN


async def test_newcomers_are_let_in_again_as_soon(hub, link):
    show(version=1)
    await watch(hub)
    await fill_pool(hub)

    link.silence()
    await asyncio.sleep(FOUND_WITHIN)
    show(version=1, product="desk")
    newcomer = Watcher()
    await hub.subscribe(newcomer, rooms.parse("product:desk"))

    assert newcomer.versions == [1]


async def test_one_that_only_held_still_loses_nothing(hub, link):
    show(version=1)
    watcher = await watch(hub)

    link.pause()
    for version in range(2, 30):
        show(version=version)
    await asyncio.sleep(0.5)
    link.resume()

    await watcher.until(lambda w: 29 in w.versions, seconds=5)
    assert watcher.versions == sorted(watcher.versions)

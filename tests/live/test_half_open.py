"""A link to the store that went silent, and told nobody: as behind a firewall that forgot it."""

import asyncio
import itertools
import time
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings

from live import rooms, snapshots, store
from live.hub import Hub
from live.store import RoomStore
from live.watching import Unavailable
from tests.live.link import Link
from tests.live.world import Watcher, show
from tests.quickest import quickest

pytestmark = pytest.mark.slow

LAMP = rooms.parse("product:lamp")
LINK_TIMEOUT = store._LINK_TIMEOUT
FOUND_WITHIN = 2.0


@pytest.fixture
def link(store):
    with Link(urlsplit(settings.REDIS_URL).port) as link:
        yield link


@pytest.fixture
async def hub(link, monkeypatch):
    # As it is outside of tests: it is what these are about.
    monkeypatch.setattr("live.store._LINK_TIMEOUT", LINK_TIMEOUT)
    hub = Hub(RoomStore(f"redis://127.0.0.1:{link.port}/0"), make=snapshots.Maker())
    yield hub
    await hub.close()


async def let_in(ask):
    """What this gives once it does: a store that stalls lets nobody in for a moment."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await ask()
            except (redis.RedisError, Unavailable):
                await asyncio.sleep(0.05)


async def watch(hub):
    watcher = Watcher()
    await let_in(lambda: hub.subscribe(watcher, LAMP))
    return watcher


async def fill_pool(hub):
    """All connections that may ask have asked, and lie ready."""
    await let_in(lambda: asyncio.gather(*(hub.store.positions(["product:lamp"]) for _ in range(20))))


async def test_is_found_and_made_up_for_within_two_seconds(hub, link):
    show(version=1)
    watcher = await watch(hub)
    versions = itertools.count(2)

    async def lose():
        await fill_pool(hub)
        link.silence()
        show(version=(version := next(versions)))
        started = time.monotonic()
        await watcher.until(lambda w: version in w.versions)
        return time.monotonic() - started

    assert await quickest(lose, within=FOUND_WITHIN) < FOUND_WITHIN


async def test_newcomers_are_let_in_again_as_soon(hub, link):
    show(version=1)
    await watch(hub)
    newcomers = itertools.count()

    async def come():
        show(version=1, product=(product := f"desk-{next(newcomers)}"))
        await fill_pool(hub)
        link.silence()
        await asyncio.sleep(FOUND_WITHIN)
        started = time.monotonic()
        await let_in(lambda: hub.subscribe(Watcher(), rooms.parse(f"product:{product}")))
        return time.monotonic() - started

    # Who is refused waits for longer than a second before.
    assert await quickest(come, within=0.5) < 0.5


async def test_one_that_only_held_still_loses_nothing(hub, link):
    show(version=1)
    watcher = await watch(hub)

    link.pause()
    for version in range(2, 30):
        show(version=version)
    await asyncio.sleep(0.5)
    link.resume()

    await watcher.until(lambda w: 29 in w.versions)
    assert watcher.versions == sorted(watcher.versions)

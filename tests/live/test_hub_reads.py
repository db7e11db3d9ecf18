"""How often the hub reads a room whole: once, however many come for it and however often it changes."""

import asyncio
import os

import pytest

from live import publish, rooms
from live.hub import Hub
from live.store import RoomStore
from tests.live.world import Watcher, make_value

LAMP = rooms.parse("product:lamp")


class CountingStore(RoomStore):
    reads = 0
    then = staticmethod(lambda: None)

    async def read(self, name, *, log=True):
        self.reads += 1
        stored = await super().read(name, log=log)
        asyncio.get_running_loop().call_soon(self.then)
        return stored


@pytest.fixture
async def hub(store):
    async def make_nothing(room):
        return False

    publish.whole_product([make_value(version=1)])
    hub = Hub(CountingStore(os.environ["REDIS_URL"]), make=make_nothing)
    yield hub
    await hub.close()


async def test_many_at_once_cost_one_read(hub):
    await asyncio.gather(*(hub.subscribe(Watcher(), LAMP) for _ in range(500)))

    assert hub.store.reads == 1


async def test_who_comes_just_as_the_read_ends_causes_no_other(hub):
    late = []
    # A turn of the loop later: it was read, and nobody who waited for it has gone on yet.
    hub.store.then = lambda: late.append(asyncio.create_task(hub.subscribe(Watcher(), LAMP)))

    await hub.subscribe(Watcher(), LAMP)
    await asyncio.gather(*late)

    assert (len(late), hub.store.reads) == (1, 1)


async def test_a_room_that_changes_all_the_time_costs_one_read(hub, monkeypatch):
    monkeypatch.setattr("live.hub.CHECK_EVERY", 0.05)
    watcher = Watcher()
    await hub.subscribe(watcher, LAMP)

    await asyncio.to_thread(change_often, 600)
    await watcher.until(lambda w: 600 in w.versions)

    assert hub.store.reads == 1


def change_often(until):
    for version in range(2, until + 1):
        publish.whole_product([make_value(version=version)])

"""Counts of viewers: over all processes, seldom enough, and without those who are gone."""

import asyncio
import os

import pytest

from fastpath_lambda import keys
from live import viewers
from live.store import RoomStore
from live.viewers import Viewers

LAMP = "product:lamp"


class Listener:
    def __init__(self, *, has_room=True):
        self.has_room = has_room
        self.heard = []

    def tell(self, frame):
        if self.has_room:
            self.heard.append(frame.text)
        return self.has_room


@pytest.fixture
async def stores(store):
    stores = [RoomStore(os.environ["REDIS_URL"]) for _ in range(2)]
    yield stores
    for one in stores:
        await one.close()


class TestStore:
    async def test_adds_up_what_the_processes_say(self, stores):
        await stores[0].viewers({LAMP: 3})

        assert await stores[1].viewers({LAMP: 4, "product:desk": 1}) == {LAMP: 7, "product:desk": 1}
        assert await stores[0].viewers({LAMP: 0}) == {LAMP: 4}

    async def test_a_process_that_was_killed_is_forgotten(self, stores, store):
        await stores[0].viewers({LAMP: 3})
        store.hset(keys.room_viewers(LAMP), "killed", "500:1700000000")

        assert await stores[0].viewers({LAMP: 3}) == {LAMP: 3}
        assert store.hlen(keys.room_viewers(LAMP)) == 1


class TestViewers:
    async def test_tells_who_listens_and_only_what_changed(self, stores):
        ours, listener = {LAMP: 2}, Listener()
        counting = Viewers(stores[0], watching=lambda: ours)
        counting.listen(listener, LAMP)

        for _ in range(3):
            await counting.count()
        ours[LAMP] = 5
        await asyncio.sleep(0.01)
        await counting.count()
        await counting.close()

        assert [text[-2] for text in listener.heard] == ["2", "5"]

    async def test_who_had_no_room_hears_of_it_the_next_time(self, stores):
        listener = Listener(has_room=False)
        counting = Viewers(stores[0], watching=lambda: {LAMP: 2})
        counting.listen(listener, LAMP)
        await counting.count()

        listener.has_room = True
        await asyncio.sleep(0.01)
        await counting.count()
        await counting.close()

        assert len(listener.heard) == 1

    async def test_a_large_crowd_is_told_less_often(self, stores, monkeypatch):
        monkeypatch.setattr(viewers, "TOLD_A_SECOND", 10)
        ours, crowd = {LAMP: 20}, [Listener() for _ in range(20)]
        counting = Viewers(stores[0], watching=lambda: ours)
        for listener in crowd:
            counting.listen(listener, LAMP)

        for number in range(30):
            ours[LAMP] = number
            await counting.count()
        await counting.close()

        assert len(crowd[0].heard) == 1

    async def test_a_room_that_everybody_left_counts_none(self, stores):
        ours = {LAMP: 2}
        counting = Viewers(stores[0], watching=lambda: ours)
        await counting.count()

        ours.clear()
        await counting.count()

        assert await stores[1].viewers({LAMP: 1}) == {LAMP: 1}

"""Counts of viewers: over all processes, seldom enough, and without those who are gone."""

import asyncio
import json
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
    @pytest.fixture
    async def counting(self, stores):
        counting = Viewers(stores[0])
        yield counting
        await counting.close()

    async def test_tells_who_is_counted_and_only_what_changed(self, counting):
        listener, other = Listener(), Listener()
        counting.listen(listener, LAMP)

        for _ in range(3):
            await counting.count()
        counting.listen(other, LAMP)
        await asyncio.sleep(0.01)
        await counting.count()

        assert counts(listener) == [1, 2]
        assert counts(other) == [2]

    async def test_a_newcomer_hears_of_it_though_another_left(self, counting):
        first, second = Listener(), Listener()
        counting.listen(first, LAMP)
        await counting.count()

        counting.listen(second, LAMP)
        counting.leave(first, LAMP)
        await asyncio.sleep(0.01)
        await counting.count()

        assert counts(second) == [1]

    async def test_who_had_no_room_hears_of_it_the_next_time(self, counting):
        listener = Listener(has_room=False)
        counting.listen(listener, LAMP)
        await counting.count()

        listener.has_room = True
        await asyncio.sleep(0.01)
        await counting.count()

        assert counts(listener) == [1]

    async def test_a_large_crowd_is_told_less_often(self, counting, monkeypatch):
        monkeypatch.setattr(viewers, "TOLD_A_SECOND", 10)
        crowd = [Listener() for _ in range(20)]

        for listener in crowd:
            counting.listen(listener, LAMP)
            await counting.count()

        assert len(crowd[0].heard) < 4

    async def test_a_room_that_everybody_left_counts_none(self, stores, counting):
        listeners = [Listener(), Listener()]
        for listener in listeners:
            counting.listen(listener, LAMP)
        await counting.count()

        for listener in listeners:
            counting.leave(listener, LAMP)
        await counting.count()

        assert await stores[1].viewers({LAMP: 1}) == {LAMP: 1}


def counts(listener):
    return [json.loads(text)["count"] for text in listener.heard]

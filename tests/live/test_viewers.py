"""Counts of viewers: over all processes, seldom enough, and without those who are gone."""

import json
import os

import pytest

from config import asgi
from fastpath_lambda import keys
from live import snapshots, viewers
from live.hub import Hub
from live.store import RoomStore
from live.viewers import Viewers
from tests.live.talking import Socket
from tests.live.world import Clock, show

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
async def stores(store, monkeypatch):
    # Nobody is gone because the machine was away for a while.
    monkeypatch.setattr("live.store.GONE_AFTER", 600)
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
    async def clock(self):
        return Clock()

    @pytest.fixture
    async def counting(self, stores, clock, monkeypatch):
        # No more often than a test counts itself.
        monkeypatch.setattr(viewers, "EVERY", 600.0)
        counting = Viewers(stores[0])
        yield counting
        await counting.close()

    async def test_tells_who_is_counted_and_only_what_changed(self, counting, clock):
        listener, other = Listener(), Listener()
        counting.listen(listener, LAMP)

        for _ in range(3):
            await counting.count()
        counting.listen(other, LAMP)
        await clock.move(1)
        await counting.count()

        assert counts(listener) == [1, 2]
        assert counts(other) == [2]

    async def test_a_newcomer_hears_of_it_though_another_left(self, counting, clock):
        first, second = Listener(), Listener()
        counting.listen(first, LAMP)
        await counting.count()

        counting.listen(second, LAMP)
        counting.leave(first, LAMP)
        await clock.move(1)
        await counting.count()

        assert counts(second) == [1]

    async def test_who_had_no_room_hears_of_it_the_next_time(self, counting, clock):
        listener = Listener(has_room=False)
        counting.listen(listener, LAMP)
        await counting.count()

        listener.has_room = True
        await clock.move(1)
        await counting.count()

        assert counts(listener) == [1]

    async def test_a_large_crowd_is_told_less_often(self, counting, clock, monkeypatch):
        monkeypatch.setattr(viewers, "TOLD_A_SECOND", 10)
        crowd = [Listener() for _ in range(20)]

        for listener in crowd:
            counting.listen(listener, LAMP)
            await counting.count()
        told_at_first = len(crowd[0].heard)
        await clock.move(2)
        await counting.count()

        assert told_at_first == 1
        assert counts(crowd[0]) == [1, 20]

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


class TestOverTheSocket:
    async def test_who_looks_is_counted_and_told_over_all_processes(self, application, store, monkeypatch):
        monkeypatch.setattr(viewers, "EVERY", 0.05)
        show(version=1)
        elsewhere = Hub(RoomStore(os.environ["REDIS_URL"]), make=snapshots.Maker())
        sockets = [Socket(application) for _ in range(3)] + [Socket(asgi.build(elsewhere))]
        for socket in sockets:
            await socket.connect()
        in_a_list, first, hidden, other = sockets

        await in_a_list.ask("product:lamp")
        for socket in sockets[1:]:
            await socket.ask("product:lamp", viewers=True)
        counts = [await hear_count(first, 3)]
        await hidden.ask("product:lamp")
        counts.append(await hear_count(first, 2))
        await other.disconnect()
        counts.append(await hear_count(first, 1))

        assert {count["type"] for count in counts} == {"viewers"}
        assert await in_a_list.hears_nothing()
        for socket in sockets[:3]:
            await socket.disconnect()
        await elsewhere.close()


async def hear_count(socket, count):
    while (heard := await socket.hear())["count"] != count:
        assert heard["room"] == "product:lamp"
    return heard

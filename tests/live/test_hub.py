"""The hub against a real Redis, with watchers that only remember."""

import asyncio
import itertools
import json
import os
import threading

import pytest

from fastpath_lambda import keys
from live import publish, rooms, watching
from live.hub import Hub
from live.messages import Position
from live.store import RoomStore
from tests.live.world import Watcher, make_value, show, until_it_reads

LAMP = rooms.parse("product:lamp")


async def make_nothing(room):
    return False


@pytest.fixture
async def hub(store):
    hub = Hub(RoomStore(os.environ["REDIS_URL"]), make=make_nothing)
    yield hub
    await hub.close()


async def watch(hub, name="product:lamp", position=None):
    watcher = Watcher()
    await hub.subscribe(watcher, rooms.parse(name), position)
    return watcher


class TestSubscribe:
    async def test_answers_with_the_state_and_then_tells_changes(self, hub):
        show(version=1)
        watcher = await watch(hub)

        show(version=2)
        await watcher.until(lambda w: w.versions == [1, 2])

        assert [frame["type"] for _, frame in watcher.frames] == ["snapshot", "update"]

    async def test_another_room_is_followed_at_once(self, hub, store, monkeypatch):
        # Nobody would wait for the end of this read.
        monkeypatch.setattr("live.store._WAIT_MS", 50_000)
        show(version=1)
        show(product="desk", version=1)
        await watch(hub)
        await until_it_reads(hub, store)

        watcher = await watch(hub, "product:desk")
        show(product="desk", version=2)

        await watcher.until(lambda w: 2 in w.versions)

    async def test_nothing_falls_between_the_answer_and_the_first_update(self, hub, store):
        show(version=1)
        enough = threading.Event()
        writing = asyncio.create_task(asyncio.to_thread(hammer, enough.is_set))
        watchers = []
        for _ in range(15):
            watchers.append(await watch(hub))
            await asyncio.sleep(0.02)
        enough.set()
        last = await writing

        await asyncio.gather(*(watcher.until(lambda w: w.versions[-1] == last) for watcher in watchers))

        for watcher in watchers:
            assert watcher.versions == sorted(set(watcher.versions))
            assert watcher.values[-1] == json.loads(store.hget(keys.room_state("product:lamp"), "LAMP"))

    async def test_a_room_that_cannot_be_made_is_unknown(self, hub):
        with pytest.raises(watching.UnknownRoom):
            await watch(hub, "product:nothing")

    async def test_what_is_not_there_is_not_looked_for_at_a_floods_rate(self, store, monkeypatch):
        monkeypatch.setattr("live.hub.UNKNOWN_FOR", 600.0)
        looked = []

        async def look(room):
            looked.append(room.name)
            return False

        hub = Hub(RoomStore(os.environ["REDIS_URL"]), make=look)
        for _ in range(20):
            with pytest.raises(watching.UnknownRoom):
                await watch(hub, "product:nothing")

        assert looked == ["product:nothing"]
        await hub.close()

    async def test_a_partial_room_is_made_whole_first(self, store):
        async def make(room):
            publish.whole_product([make_value("LAMP-S", version=1), make_value("LAMP-L", version=1)])
            return True

        hub = Hub(RoomStore(os.environ["REDIS_URL"]), make=make)
        publish.product([make_value("LAMP-S", version=2)])

        watcher = await watch(hub)

        assert {sku: value["version"] for sku, value in watcher.last["state"].items()} == {
            "LAMP-S": 2,
            "LAMP-L": 1,
        }
        await hub.close()

    async def test_who_left_is_told_nothing_more(self, hub):
        show(version=1)
        leaver, stayer = await watch(hub), await watch(hub)

        hub.unsubscribe(leaver, "product:lamp")
        show(version=2)
        await stayer.until(lambda w: 2 in w.versions)

        assert leaver.versions == [1]

    async def test_a_room_that_everybody_left_is_read_anew(self, hub):
        show(version=1)
        first = await watch(hub)
        hub.unsubscribe(first, "product:lamp")
        await until_forgotten(hub, "product:lamp")
        show(version=2)

        assert (await watch(hub)).versions == [2]


async def until_forgotten(hub, name):
    """Let the reader look round: it forgets what nobody watches."""
    show(product="desk", version=1)
    await watch(hub, "product:desk")
    async with asyncio.timeout(30):
        while name in hub._watches:
            await asyncio.sleep(0.005)


def hammer(is_enough):
    """Change the lamp again and again; its last version."""
    version = 1
    while not is_enough():
        version += 1
        show(version=version)
    return version


class TestPosition:
    async def test_a_position_in_the_log_recovers_what_was_missed(self, hub, room):
        for version in range(1, 6):
            show(version=version)

        watcher = await watch(hub, position=Position(room.epoch, 3))

        assert (watcher.last["type"], watcher.last["recovered"]) == ("update", True)
        assert watcher.versions == [5]

    async def test_a_trimmed_log_gives_a_snapshot(self, hub, room, store):
        for version in range(1, 6):
            show(version=version)
        store.xtrim(keys.room_log("product:lamp"), maxlen=1, approximate=False)

        assert (await watch(hub, position=Position(room.epoch, 3))).last["type"] == "snapshot"
        assert (await watch(hub, position=Position(room.epoch, 4))).last["type"] == "update"

    async def test_another_epoch_gives_a_snapshot(self, hub):
        show(version=1)

        assert (await watch(hub, position=Position("before", 1))).last["type"] == "snapshot"


class TestCoalescing:
    async def test_the_latest_wins_about_ten_times_a_second(self, hub):
        show(version=1)
        watcher = await watch(hub)

        changes = itertools.count()
        last = await asyncio.to_thread(hammer, lambda: next(changes) == 500)
        await watcher.until(lambda w: last in w.versions)

        moments = [moment for moment, _ in watcher.frames]
        assert len(moments) < (moments[-1] - moments[0]) / watching.WINDOW + 4
        assert watcher.versions == sorted(watcher.versions)

    async def test_sold_out_and_back_in_stock_go_at_once(self, hub, monkeypatch):
        show(version=1)
        watcher = await watch(hub)
        show(version=2)
        await watcher.until(lambda w: 2 in w.versions)

        # What waits for the end of this window is not seen here.
        monkeypatch.setattr(watching, "WINDOW", 600.0)
        for version, status in ((3, "sold_out"), (4, "in_stock")):
            show(version=version, status=status)
            await watcher.until(lambda w, version=version: version in w.versions)
        show(version=5)
        show(version=6, status="sold_out")
        await watcher.until(lambda w: 6 in w.versions)

        assert watcher.versions == [1, 2, 3, 4, 6]


class TestLoss:
    async def test_a_store_begun_anew_ends_in_a_snapshot(self, hub, store):
        for version in range(1, 9):
            show(version=version)
        watcher = await watch(hub)
        await until_it_reads(hub, store)  # It waits for entry 9, which will never be the next one.

        store.flushall()
        show(version=1, available=77)
        await watcher.until(lambda w: w.last["type"] == "snapshot" and w.values[-1]["available"] == 77)

        assert watcher.last["position"]["offset"] == 1

    async def test_a_lost_link_is_taken_up_again(self, hub, store):
        show(version=1)
        watcher = await watch(hub)
        await until_it_reads(hub, store)

        store.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        publish._store().connection_pool.disconnect()
        show(version=2)

        await watcher.until(lambda w: 2 in w.versions)

    async def test_a_log_that_was_trimmed_before_it_was_read_loses_nothing(self, hub, store):
        show(version=1)
        watcher = await watch(hub)
        show(product="desk", version=1)
        await watch(hub, "product:desk")
        await until_it_reads(hub, store)

        # One step for the store, so the reader is told of the last entry and never sees the others.
        with store.pipeline(transaction=True) as pipeline:
            for offset in range(2, 30):
                value = json.dumps(make_value(version=offset))
                pipeline.hset(keys.room_meta("product:lamp"), "offset", offset)
                pipeline.hset(keys.room_state("product:lamp"), "LAMP", value)
                changes = json.dumps({"LAMP": json.loads(value)})
                pipeline.xadd(keys.room_log("product:lamp"), {"changes": changes}, id=f"{offset}-0")
            pipeline.xtrim(keys.room_log("product:lamp"), maxlen=1, approximate=False)
            pipeline.execute()

        await watcher.until(lambda w: 29 in w.versions)
        assert watcher.last["type"] == "update"

"""A show's room is put together from its own log and its products' rooms, and is one room to its watchers."""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async

from fastpath_lambda import keys
from live import composing, publish, rooms, snapshots, watching
from live.hub import Hub
from live.messages import PinValue, Position
from live.models import Show
from live.publish import ShowChange
from live.shows import first_look, values
from live.store import RoomStore
from live.watching import UnknownRoom
from tests.live.shows.world import add, make_show
from tests.live.world import StoredRoom, Watcher, make_value
from tests.orders.conftest import make_sku

SHOW = rooms.parse("show:tailrace")


@asynccontextmanager
async def process():
    """A `live` process of its own."""
    hub = Hub(RoomStore(os.environ["REDIS_URL"]), make=snapshots.Maker())
    yield hub
    await hub.close()


@pytest.fixture
async def hub(store, database):
    await sync_to_async(make_show)(status="live")
    async with process() as hub:
        yield hub


async def watch(hub, name="show:tailrace", position=None):
    watcher = Watcher()
    await hub.subscribe(watcher, rooms.parse(name), position)
    return watcher


def pin(number, product="lamp", at="2026-03-09T12:00:00.000Z", version=1):
    publish.show([ShowChange("tailrace", f"pin:{number}", PinValue(at, product, version))])


def sell(sku, **changes):
    publish.product([make_value(sku, product=sku.lower(), **changes)])


def position(message):
    return Position(**message["position"])


class TestSnapshot:
    async def test_has_all_that_a_late_joiner_needs(self, hub):
        pin(1)

        state = (await watch(hub)).last["state"]

        assert state["show"]["status"] == "live"
        assert state["show"]["products"] == ["lamp", "desk"]
        assert state["pin:1"]["product"] == "lamp"
        assert (state["LAMP"]["available"], state["DESK"]["available"]) == (3, 3)

    async def test_is_the_same_in_every_process_and_on_the_page(self, hub):
        ours = (await watch(hub)).last

        async with process() as other:
            theirs = (await watch(other)).last
        page = await sync_to_async(first_look.snapshot)("tailrace")

        assert ours == theirs == page

    async def test_costs_a_crowd_one_read_of_each_room_and_the_shop_nothing(self, hub, store):
        reads = []

        class CountingStore(RoomStore):
            async def read(self, name, *, log=True):
                reads.append(name)
                return await super().read(name, log=log)

        async def ask_the_database(room):
            raise AssertionError(f"the database was asked for {room.name}")

        await watch(hub)
        crowded = Hub(CountingStore(os.environ["REDIS_URL"]), make=ask_the_database)
        await asyncio.gather(*(watch(crowded) for _ in range(200)))
        await crowded.close()

        assert sorted(reads) == ["product:desk", "product:lamp", "show:tailrace"]

    async def test_a_show_that_is_none_is_unknown(self, hub):
        with pytest.raises(UnknownRoom):
            await watch(hub, "show:nothing")

    async def test_a_product_with_nothing_to_sell_does_not_hold_up_the_show(self, hub, database):
        def empty():
            chair = make_sku("CHAIR").product
            chair.skus.all().delete()
            add(make_show("chairs", skus=()), chair)

        await sync_to_async(empty)()

        state = (await watch(hub, "show:chairs")).last["state"]

        assert set(state) == {"show"}


class TestUpdates:
    async def test_of_products_and_of_the_show_come_as_the_shows(self, hub):
        watcher = await watch(hub)

        sell("LAMP", version=2, available=2)
        await watcher.until(lambda w: "LAMP" in w.last.get("changes", {}))
        pin(7)
        await watcher.until(lambda w: "pin:7" in w.last.get("changes", {}))

        assert {message["room"] for _, message in watcher.frames} == {"show:tailrace"}
        assert {message["type"] for _, message in watcher.frames[1:]} == {"update"}

    async def test_many_products_are_coalesced_into_one_rooms_pace(self, hub):
        watcher = await watch(hub)

        for version in range(2, 60):
            await asyncio.to_thread(sell, "LAMP", version=version)
            await asyncio.to_thread(sell, "DESK", version=version)
        await watcher.until(lambda w: {"LAMP", "DESK"} <= at_version(w, 59))

        moments = [moment for moment, _ in watcher.frames]
        assert len(moments) < (moments[-1] - moments[0]) / watching.WINDOW * 1.2 + 4

    async def test_sold_out_goes_at_once(self, hub, monkeypatch):
        watcher = await watch(hub)
        sell("LAMP", version=2)
        await watcher.until(lambda w: at_version(w, 2))

        # What waits for the end of this window is not seen here.
        for module in (watching, composing):
            monkeypatch.setattr(module, "WINDOW", 600.0)
        sell("LAMP", version=3, available=0, status="sold_out")
        await watcher.until(lambda w: at_version(w, 3))

        assert watcher.last["changes"]["LAMP"]["status"] == "sold_out"

    async def test_who_left_is_told_nothing_more(self, hub):
        leaver, stayer = await watch(hub), await watch(hub)

        hub.unsubscribe(leaver, "show:tailrace")
        pin(1)
        await stayer.until(lambda w: "pin:1" in w.last.get("changes", {}))

        assert len(leaver.frames) == 1

    async def test_a_show_that_everybody_left_leaves_its_products_rooms(self, hub):
        watcher = await watch(hub)

        hub.unsubscribe(watcher, "show:tailrace")
        hub._forget_unwatched()

        assert hub._watches == {}


def at_version(watcher, version):
    """Names whose value of this version the watcher was shown."""
    told = [(message.get("state") or message.get("changes")) for _, message in watcher.frames]
    return {name for values in told for name, value in values.items() if value["version"] == version}


class TestRecovery:
    async def test_tells_what_the_show_said_since_and_every_sku_as_it_is(self, hub):
        pin(1)
        seen = position((await watch(hub)).last)
        pin(2, product="desk")
        sell("LAMP", version=2, available=1)

        async with process() as elsewhere:
            missed = (await watch(elsewhere, position=seen)).last

        assert (missed["type"], missed["recovered"]) == ("update", True)
        assert set(missed["changes"]) == {"pin:2", "LAMP", "DESK"}
        assert missed["changes"]["LAMP"]["available"] == 1

    async def test_a_position_from_the_future_gets_everything(self, hub):
        seen = position((await watch(hub)).last)

        assert (await watch(hub, position=Position(seen.epoch, 9_000))).last["type"] == "snapshot"

    async def test_a_store_begun_anew_is_a_snapshot_for_everybody(self, hub, store):
        watcher = await watch(hub)
        sell("LAMP", version=90, available=1)
        await watcher.until(lambda w: at_version(w, 90))
        before = position(watcher.last)

        store.flushall()
        await watcher.until(lambda w: w.last["type"] == "snapshot" and lamp(w.last) < 90)

        assert position(watcher.last).epoch != before.epoch
        assert shows_all(watcher.last)

    async def test_a_products_room_alone_begun_anew_is_one_too(self, hub, store):
        watcher = await watch(hub)
        before = position(watcher.last)

        store.delete(keys.room_meta("product:lamp"), keys.room_state("product:lamp"))
        await watcher.until(lambda w: w.last["type"] == "snapshot" and len(w.frames) > 1)

        assert position(watcher.last).epoch != before.epoch
        assert shows_all(watcher.last)


def lamp(snapshot):
    return snapshot["state"]["LAMP"]["version"]


def shows_all(snapshot):
    return {"show", "LAMP", "DESK"} <= snapshot["state"].keys()


class TestAProductThatJoins:
    async def test_is_in_a_snapshot_for_everybody(self, hub, store):
        watcher = await watch(hub)

        await sync_to_async(join)("tailrace", "CHAIR")
        await watcher.until(lambda w: "CHAIR" in w.last.get("state", {}))
        sell("CHAIR", version=2, available=1)
        await watcher.until(lambda w: "CHAIR" in w.last.get("changes", {}))

        assert StoredRoom(store, "show:tailrace").state["show"]["products"] == ["lamp", "desk", "chair"]


def join(slug, code):
    show = add_to(slug, make_sku(code).product)
    publish.show([ShowChange(slug, "show", values.of_show(show))])


def add_to(slug, product):
    Show.objects.filter(slug=slug).update(version=2)
    show = Show.objects.get(slug=slug)
    add(show, product, position=5)
    return show

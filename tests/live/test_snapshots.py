"""A room that the store lacks is made from the database, once."""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test.utils import CaptureQueriesContext

from live import publish, rooms, snapshots
from live.hub import Hub
from live.store import RoomStore
from live.watching import Unavailable, UnknownRoom
from shop.models import Category, Product, Sale, Sku, Stock
from tests.live.world import Watcher, make_value

LAMP = rooms.parse("product:lamp")


def make_lamp(*, available=3, version=5):
    category = Category.objects.create(name="Lights", slug="lights")
    product = Product.objects.create(category=category, name="Lamp", slug="lamp")
    for code in ("LAMP-S", "LAMP-L"):
        sku = Sku.objects.create(product=product, code=code, price="149.99")
        Stock.objects.create(sku=sku, available=available, version=version)
    return product


class TestProduct:
    def test_reads_every_sku(self, db):
        make_lamp()

        values = {value["sku"]: value for value in snapshots.product("lamp")}

        assert values["LAMP-S"] == make_value("LAMP-S", available=3, version=5)
        assert set(values) == {"LAMP-S", "LAMP-L"}

    def test_nothing_left_is_sold_out(self, db):
        make_lamp(available=0)

        assert {value["status"] for value in snapshots.product("lamp")} == {"sold_out"}

    def test_on_sale_without_a_ledger_nobody_can_buy(self, db):
        sale = Sale.objects.create(product=make_lamp(), price=1, units=1, state=Sale.State.OPEN)
        Stock.objects.update(sale=sale)

        assert {value["status"] for value in snapshots.product("lamp")} == {"paused"}


@asynccontextmanager
async def fresh_process():
    hub = Hub(RoomStore(os.environ["REDIS_URL"]), make=snapshots.Maker())
    yield hub
    await hub.close()


class TestReadThrough:
    async def test_the_first_watcher_brings_all_skus_and_keeps_what_is_newer(self, store, room, database):
        await sync_to_async(make_lamp)(version=5)
        publish.product([make_value("LAMP-S", version=6)])

        async with fresh_process() as hub:
            watcher = Watcher()
            await hub.subscribe(watcher, LAMP)

        versions = {sku: value["version"] for sku, value in watcher.last["state"].items()}
        assert versions == {"LAMP-S": 6, "LAMP-L": 5}
        assert "partial" not in room.meta

    async def test_afterwards_no_process_asks_the_database(self, store, database):
        await sync_to_async(make_lamp)()
        async with fresh_process() as hub:
            await hub.subscribe(Watcher(), LAMP)
        await sync_to_async(Product.objects.all().delete)()

        async with fresh_process() as hub:
            watcher = Watcher()
            await hub.subscribe(watcher, LAMP)

        assert set(watcher.last["state"]) == {"LAMP-S", "LAMP-L"}

    async def test_without_the_database_it_is_unavailable_not_unknown(self, store, database, monkeypatch):
        with monkeypatch.context() as outage:
            outage.setitem(connections.settings["default"], "HOST", "/nowhere")

            async with fresh_process() as hub:
                with pytest.raises(Unavailable):
                    await hub.subscribe(Watcher(), LAMP)

    async def test_a_slug_that_is_no_product_makes_no_room(self, store, database):
        async with fresh_process() as hub:
            with pytest.raises(UnknownRoom):
                await hub.subscribe(Watcher(), LAMP)

        assert store.dbsize() == 0


@asynccontextmanager
async def counted():
    """Counts what the database is asked, as its one thread here asks it."""
    capture = await sync_to_async(lambda: CaptureQueriesContext(connections["default"]).__enter__())()
    yield capture
    await sync_to_async(capture.__exit__)(None, None, None)


class TestManyAtOnce:
    @pytest.fixture(autouse=True)
    async def lamp(self, store, database):
        await sync_to_async(make_lamp)()

    async def test_are_a_question_each_where_they_come_in_turn(self):
        make = snapshots.Maker()

        async with counted() as questions:
            for number in range(5):
                await make(rooms.parse(f"product:gone-{number}"))

        assert len(questions) == 5

    async def test_are_made_together(self):
        make = snapshots.Maker()
        asked = [*(rooms.parse(f"product:gone-{number}") for number in range(100)), LAMP]

        async with counted() as questions:
            made = await asyncio.gather(*map(make, asked))

        assert made == [False] * 100 + [True]
        assert len(questions) == 1

    async def test_that_come_meanwhile_are_in_the_next_round(self, monkeypatch):
        monkeypatch.setattr(snapshots, "TOGETHER", 40)
        make = snapshots.Maker()

        async with counted() as questions:
            made = await asyncio.gather(*(make(rooms.parse(f"product:gone-{n}")) for n in range(100)))

        assert made == [False] * 100
        assert len(questions) == 3

    async def test_all_hear_of_an_outage_and_the_next_round_of_its_end(self, monkeypatch):
        make = snapshots.Maker()
        with monkeypatch.context() as outage:
            await sync_to_async(connections.close_all)()
            outage.setitem(connections.settings["default"], "HOST", "/nowhere")
            failed = await asyncio.gather(
                make(LAMP), make(rooms.parse("product:desk")), return_exceptions=True
            )
        await sync_to_async(connections.close_all)()

        assert [type(error) for error in failed] == [Unavailable, Unavailable]
        assert await make(LAMP)

    async def test_who_leaves_does_not_take_it_from_the_others(self):
        make = snapshots.Maker()
        leaves, stays = (asyncio.ensure_future(make(LAMP)) for _ in range(2))
        await asyncio.sleep(0)

        leaves.cancel()

        assert await stays

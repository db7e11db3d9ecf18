"""The room `ops`: staff with a pass see how the sales stand, once a second; nobody else does."""

import asyncio
import json
import time
from datetime import timedelta

import pytest
from django.core.signing import TimestampSigner, b62_encode

from config import asgi
from fastpath_lambda import keys
from fastpath_lambda.sqs import Queue
from live import ops_room, passes, publish, snapshots, viewers
from live import store as live_store
from live.hub import Hub
from live.store import RoomStore
from tests.live.talking import Socket
from tests.orders.conftest import ledger, make_sale, make_sku, plain_static_files, queue, take

__all__ = ["ledger", "plain_static_files", "queue"]  # fixtures of the orders' tests


@pytest.fixture(autouse=True)
def buffer(queue, monkeypatch):
    # It waits for as long as it takes: a busy machine's queue is no buffer that does not answer.
    monkeypatch.setattr(ops_room, "_buffer", lambda: Queue.from_environment(queue.name, timeout=60.0))
    return queue


@pytest.fixture
async def socket(store, settings):
    hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.Maker())
    socket = Socket(asgi.build(hub))
    socket.hub = hub
    await socket.connect()
    yield socket
    await socket.disconnect()
    await hub.close()


class TestPass:
    def test_lets_staff_in(self):
        assert passes.is_good(passes.issue(7))

    @pytest.mark.parametrize("text", ["", "7", "7:abc:def", "ä" * 50])
    def test_what_is_none_does_not(self, text):
        assert not passes.is_good(text)

    def test_one_of_another_use_does_not(self):
        assert not passes.is_good(TimestampSigner(salt="password-reset").sign("7"))

    def test_one_that_ran_out_does_not(self, monkeypatch):
        issued = passes.issue(7)
        monkeypatch.setattr(passes, "GOOD_FOR", timedelta(seconds=-1))

        assert not passes.is_good(issued)


class TestRoom:
    async def test_without_a_pass_it_is_forbidden(self, socket):
        for token in ({}, {"token": "guess"}):
            error = await socket.ask("ops", **token)

            assert (error["type"], error["code"]) == ("error", "forbidden")

    async def test_moves_every_second_and_asks_the_database_nothing(self, socket, monkeypatch):
        monkeypatch.setattr(ops_room, "EVERY", 0.05)
        monkeypatch.setattr(ops_room, "_TURN_MS", 20)

        first = await socket.ask("ops", token=passes.issue(7))
        later = await socket.hear()

        assert first["state"]["now"]["sales"] == []
        assert later["changes"]["now"]["version"] > first["state"]["now"]["version"]

    async def test_nobody_draws_while_nobody_looks(self, socket, monkeypatch):
        monkeypatch.setattr(ops_room, "EVERY", 0.02)
        await socket.ask("ops", token=passes.issue(7))
        drawing = socket.hub.ops._drawing

        await socket.say(type="unsubscribe", rooms=[{"room": "ops"}])

        await asyncio.wait_for(drawing, 30)

    async def test_goes_on_for_no_longer_than_the_pass(self, socket, monkeypatch):
        with monkeypatch.context() as ahead:
            # By a server whose clock is ahead: it does not run out while it is being looked at.
            ahead.setattr(TimestampSigner, "timestamp", lambda _: b62_encode(int(time.time()) + 600))
            given = passes.issue(7)
        monkeypatch.setattr(passes, "GOOD_FOR", timedelta(seconds=0.3))
        assert (await socket.ask("ops", token=given))["type"] == "snapshot"

        while (heard := await socket.hear())["type"] != "error":
            pass

        assert (heard["code"], heard["room"]) == ("forbidden", "ops")

    async def test_is_drawn_by_one_process_at_a_time(self, store, monkeypatch):
        monkeypatch.setattr(ops_room, "_TURN_MS", 60_000)

        for _ in range(3):
            await asyncio.to_thread(ops_room.draw)

        assert store.hget(keys.room_meta("ops"), "offset") == b"1"


class TestPicture:
    def test_has_each_sale_as_the_ledger_has_it(self, db, ledger, store):
        take(ledger, make_sale(make_sku("LAMP"), units=100), ["a", "b", "c"])

        (sale,) = ops_room.look().sales

        assert (sale.product, sale.state, sale.left, sale.accepted, sale.waiting) == (
            "lamp",
            "open",
            97,
            3,
            3,
        )
        assert 0 <= sale.lag_seconds < 60

    def test_what_is_drained_waits_no_more(self, db, ledger, store):
        claims = take(ledger, make_sale(make_sku("LAMP"), units=100), ["a", "b", "c"])
        ledger.confirm("lamp", 1, [claim.order_id for claim in claims])

        (sale,) = ops_room.look().sales

        assert (sale.accepted, sale.waiting, sale.lag_seconds) == (3, 0, 0)

    def test_has_the_depth_of_the_buffer(self, store, buffer):
        buffer.send("{}")

        found = ops_room.look()

        assert (found.buffered, found.dead) == (1, 0)

    def test_says_so_where_the_buffer_does_not_answer(self, store, monkeypatch):
        monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:1")

        assert ops_room.look().buffered is None

    async def test_counts_the_sockets_of_all_processes(self, store, settings, monkeypatch):
        for module in (ops_room, live_store):
            monkeypatch.setattr(module, "GONE_AFTER", 600)
        counting = [viewers.Viewers(RoomStore(settings.REDIS_URL)) for _ in range(2)]
        for process, sockets in zip(counting, (3, 4), strict=True):
            process.count_sockets(lambda sockets=sockets: sockets)
            await process.count()

        found = await asyncio.to_thread(ops_room.look)
        for process in counting:
            await process.close()
            await process._store.close()

        assert found.sockets == 7


def test_the_page_carries_a_pass_and_each_look_brings_the_next(admin_client, store):
    page = admin_client.get("/ops/").content.decode()
    look = admin_client.get("/ops/now/")

    assert passes.is_good(page.partition('data-pass="')[2].partition('"')[0])
    assert passes.is_good(look["Spillway-Pass"])


def test_publishing_is_what_the_schema_says(store):
    publish.ops(ops_room.look())

    held = json.loads(store.hget(keys.room_state("ops"), "now"))
    assert set(held) == {"at", "sales", "buffered", "dead", "sockets", "version"}

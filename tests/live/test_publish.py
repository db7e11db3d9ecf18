"""What the shop writes into rooms, and what is dropped on the way."""

import asyncio
from types import SimpleNamespace

import pytest
from channels.layers import get_channel_layer

from fastpath_lambda import keys
from live import publish, receivers, rooms
from live.messages import OrderValue
from tests.live.world import make_value

ORDER = "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"


def shown(value):
    return {field: value[field] for field in value if field != "product"}


class TestProduct:
    def test_writes_position_state_and_log_together(self, room):
        value = make_value(version=4)

        publish.product([value])

        assert room.offset == 1
        assert room.state == {"LAMP": shown(value)}
        assert room.log == [("1-0", {"LAMP": shown(value)})]

    def test_keeps_the_epoch_and_counts_on(self, room):
        publish.product([make_value(version=1)])
        epoch = room.epoch

        publish.product([make_value(version=2)])

        assert (room.epoch, room.offset) == (epoch, 2)

    @pytest.mark.parametrize("version", [4, 5])
    def test_drops_what_is_not_newer(self, room, version):
        publish.product([make_value(version=5, available=1)])

        publish.product([make_value(version=version, available=2)])

        assert room.state["LAMP"]["available"] == 1
        assert room.offset == 1

    def test_writes_only_the_newest_of_many(self, room):
        publish.product([make_value(version=version) for version in (3, 9, 6)])

        assert room.state["LAMP"]["version"] == 9
        assert room.offset == 1

    def test_writes_several_skus_as_one_change(self, room):
        publish.product([make_value("LAMP-S"), make_value("LAMP-L")])

        assert [set(changes) for _, changes in room.log] == [{"LAMP-S", "LAMP-L"}]

    def test_a_name_with_quotes_stays_one_name(self, room):
        publish.product([make_value('7" \\ "x')])

        assert set(room.log[0][1]) == {'7" \\ "x'}

    def test_the_log_is_bounded(self, room, monkeypatch):
        monkeypatch.setattr(publish, "LOG_LENGTH", 100)

        for version in range(1, 401):
            publish.product([make_value(version=version)])

        assert len(room.log) <= 200


class TestOwnership:
    @pytest.mark.parametrize("state", ["armed", "open", "paused", "closing"])
    def test_while_the_ledger_owns_the_room_the_shop_writes_nothing(self, store, room, state):
        publish.product([make_value(version=1)])
        store.hset(keys.sale("lamp"), "state", state)

        publish.product([make_value(version=2)])

        assert room.state["LAMP"]["version"] == 1
        assert room.offset == 1

    def test_after_closing_the_shop_writes_again(self, store, room):
        store.hset(keys.sale("lamp"), "state", "closed")

        publish.product([make_value(version=2)])

        assert room.state["LAMP"]["version"] == 2


class TestPartialRooms:
    def test_one_skus_change_does_not_make_a_whole_room(self, room):
        publish.product([make_value("LAMP-S")])

        assert room.meta["partial"] == b"1"

    def test_all_skus_make_it_whole_and_cover_nothing_newer(self, room):
        publish.product([make_value("LAMP-S", version=6)])

        publish.whole_product([make_value("LAMP-S", version=5), make_value("LAMP-L", version=1)])

        assert "partial" not in room.meta
        assert {sku: value["version"] for sku, value in room.state.items()} == {"LAMP-S": 6, "LAMP-L": 1}

    def test_what_the_ledger_wrote_is_whole(self, store, room):
        publish.product([make_value("LAMP-S")])
        store.hset(keys.sale("lamp"), "state", "open")

        publish.whole_product([make_value("LAMP-S", version=5)])

        assert "partial" not in room.meta
        assert room.state["LAMP-S"]["version"] == 1


class TestOrders:
    def test_keeps_the_newest_status(self, store):
        publish.order(ORDER, "placed", 1)
        publish.order(ORDER, "paid", 2)
        publish.order(ORDER, "placed", 1)

        assert store.hgetall(keys.order(ORDER)) == {b"status": b"paid", b"version": b"2"}

    async def test_of_one_that_moved_on_meanwhile_only_the_newest_is_told(self, store):
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(rooms.order_group(ORDER), channel)

        publish.orders([OrderValue(ORDER, "paid", 2), OrderValue(ORDER, "confirmed", 3)])

        assert (await layer.receive(channel))["status"] == "confirmed"
        assert store.hgetall(keys.order(ORDER)) == {b"status": b"confirmed", b"version": b"3"}

    async def test_reaches_a_group_of_the_channel_layer(self, store):
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(rooms.order_group(ORDER), channel)

        publish.order(ORDER, "placed", 1)

        assert await asyncio.wait_for(layer.receive(channel), 30) == {
            "type": "order.changed",
            "order_id": ORDER,
            "status": "placed",
            "version": 1,
        }

    def test_many_at_once(self, store):
        changes = [
            OrderValue(f"{number:08}-0000-0000-0000-000000000000", "placed", 1) for number in range(2500)
        ]

        publish.orders(changes)

        assert store.dbsize() == 2500


class TestDeliver:
    def test_hands_each_event_to_its_room(self, store, room):
        receivers.deliver(
            [
                SimpleNamespace(topic="stock.changed", key="product:lamp", payload=make_value()),
                SimpleNamespace(
                    topic="order.changed",
                    key=f"order:{ORDER}",
                    payload={"order_id": ORDER, "status": "paid", "version": 2, "product": None},
                ),
                SimpleNamespace(topic="review.written", key="product:lamp", payload={}),
            ]
        )

        assert room.state["LAMP"]["version"] == 1
        assert store.hget(keys.order(ORDER), "status") == b"paid"

    def test_an_event_that_cannot_be_read_holds_nobody_up(self, store, room):
        broken = SimpleNamespace(topic="stock.changed", key="product:lamp", payload={"sku": "LAMP"})
        whole = SimpleNamespace(topic="stock.changed", key="product:lamp", payload=make_value())

        receivers.deliver([broken, whole])

        assert room.state["LAMP"]["version"] == 1

"""What the Redis store keeps beside the common promise: the room, its keys, its scripts."""

import json

import pytest
import redis

from fastpath_lambda import keys, rules
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import State
from fastpath_lambda.stores.redis import RedisLedger
from tests.fastpath.world import A_MINUTE, ask, loaded, make_sale, now, release

ROOM = "product:lamp"


def state(store):
    return {sku.decode(): json.loads(value) for sku, value in store.hgetall(keys.room_state(ROOM)).items()}


def log(store):
    return [
        (entry.decode(), json.loads(fields[b"changes"]))
        for entry, fields in store.xrange(keys.room_log(ROOM))
    ]


class TestRoom:
    def test_shows_a_loaded_sale(self, redis_ledger, store):
        loaded(redis_ledger, state=State.ARMED)

        assert state(store)["LAMP"] == {
            "sku": "LAMP", "available": 3, "price": "149.99", "currency": "USD",
            "status": "opens_soon", "version": 1,
        }  # fmt: skip

    def test_is_written_in_the_same_step_as_a_take(self, redis_ledger, store):
        sale = loaded(redis_ledger)

        redis_ledger.take(sale, ask("alice", 2))

        (_, shown) = log(store)[-1]
        assert shown == state(store)
        assert shown["LAMP"]["available"] == 1

    def test_tells_of_every_change_once_and_with_a_newer_version(self, redis_ledger, store):
        sale = loaded(redis_ledger, units=2, state=State.ARMED)
        redis_ledger.move("lamp", 1, to=State.OPEN, allowed_from=[State.ARMED])
        redis_ledger.take(sale, ask("alice"))
        redis_ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])
        redis_ledger.move("lamp", 1, to=State.OPEN, allowed_from=[State.PAUSED])
        redis_ledger.take(sale, ask("bob"))
        redis_ledger.take(sale, ask("carol"))
        redis_ledger.move("lamp", 1, to=State.CLOSING, allowed_from=[State.OPEN])

        seen = [changes["LAMP"] for _, changes in log(store)]

        assert [value["status"] for value in seen] == [
            "opens_soon", "on_sale", "on_sale", "paused", "on_sale", "sold_out"
        ]  # fmt: skip
        assert [value["available"] for value in seen] == [2, 2, 1, 1, 1, 0]
        assert [value["version"] for value in seen] == [1, 2, 3, 4, 5, 6]
        assert [entry for entry, _ in log(store)] == [f"{offset}-0" for offset in range(1, 7)]

    def test_tells_when_the_clock_opens_the_sale(self, redis_ledger, store):
        sale = loaded(redis_ledger, state=State.ARMED, opens_at=now() - A_MINUTE)

        redis_ledger.take(sale, ask("alice"))

        assert [changes["LAMP"]["status"] for _, changes in log(store)] == [
            "opens_soon",
            "on_sale",
            "on_sale",
        ]

    def test_tells_in_the_same_step_that_the_last_unit_is_back(self, redis_ledger, store):
        claim = redis_ledger.take(loaded(redis_ledger, units=1), ask("alice"))
        assert state(store)["LAMP"]["status"] == "sold_out"

        redis_ledger.give_back(release(claim))
        redis_ledger.give_back(release(claim))

        shown = state(store)["LAMP"]
        assert (shown["status"], shown["available"], shown["version"]) == ("on_sale", 1, 3)
        assert len(log(store)) == 3

    def test_of_a_closed_sale_is_left_to_the_shop(self, redis_ledger, store):
        claim = redis_ledger.take(loaded(redis_ledger), ask("alice"))
        redis_ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])
        told = len(log(store))

        redis_ledger.give_back(release(claim))

        assert len(log(store)) == told

    def test_counts_on_from_the_shops_position(self, redis_ledger, store):
        store.hset(keys.room_meta(ROOM), mapping={"epoch": "of the shop", "offset": 41})

        loaded(redis_ledger)

        assert store.hgetall(keys.room_meta(ROOM)) == {b"epoch": b"of the shop", b"offset": b"42"}

    def test_begins_a_new_epoch_when_its_position_was_lost(self, redis_ledger, store):
        sale = loaded(redis_ledger)
        before = store.hget(keys.room_meta(ROOM), "epoch")
        store.delete(keys.room_meta(ROOM))

        assert isinstance(redis_ledger.take(sale, ask("alice")), Claim)

        assert store.hget(keys.room_meta(ROOM), "epoch") != before
        assert [entry for entry, _ in log(store)] == ["1-0"]

    def test_is_bounded(self, redis_ledger, store):
        sale = loaded(redis_ledger)
        with store.pipeline(transaction=False) as many:
            for offset in range(2, 2001):
                many.xadd(keys.room_log(ROOM), {"changes": "{}"}, id=f"{offset}-0")
            many.hset(keys.room_meta(ROOM), "offset", 2000)
            many.execute()

        redis_ledger.take(sale, ask("alice"))

        assert 1000 <= store.xlen(keys.room_log(ROOM)) <= 1100

    @pytest.mark.parametrize("sku", ['SIZE "8/0"', "back\\slash", "Þráð", "a:b*c", "%d%s"])
    def test_writes_any_sku_as_json(self, redis_ledger, store, sku):
        sale = loaded(redis_ledger, prices={sku: "1.00"})

        redis_ledger.take(sale, ask("alice", sku=sku))

        assert state(store)[sku]["sku"] == sku
        assert state(store)[sku]["available"] == 2

    @pytest.mark.parametrize("of", list(State))
    @pytest.mark.parametrize("left", [0, 1])
    def test_shows_the_status_that_the_rules_say(self, redis_ledger, store, of, left):
        loaded(redis_ledger, units=left, state=of)

        assert state(store)["LAMP"]["status"] == rules.status(of, left)


class TestScripts:
    def test_are_sent_again_to_a_server_that_forgot_them(self, redis_ledger, store):
        sale = loaded(redis_ledger)
        store.script_flush()

        assert isinstance(redis_ledger.take(sale, ask("alice")), Claim)

    def test_touch_one_hash_slot_only(self, redis_ledger, store):
        redis_ledger.take(loaded(redis_ledger), ask("alice"))

        written = {key.decode() for key in store.scan_iter()} - {keys.loaded_sales()}

        assert len(written) == 8
        assert all("{lamp}" in key for key in written)

    def test_take_nothing_where_a_key_was_misused(self, redis_ledger, store):
        sale = loaded(redis_ledger)
        store.set(keys.buyers("lamp", 1), "not a hash")

        with pytest.raises(redis.ResponseError):
            redis_ledger.take(sale, ask("alice"))

        assert redis_ledger.count("lamp", 1).left == {"LAMP": 3}


class TestKeys:
    def test_name_the_products_that_are_loaded(self, redis_ledger, store):
        loaded(redis_ledger)
        assert store.smembers(keys.loaded_sales()) == {b"lamp:1"}

        redis_ledger.retire("lamp", 1, keep_for=60)

        assert store.smembers(keys.loaded_sales()) == set()

    def test_name_the_next_sale_whoever_retires_the_last_one_again(self, redis_ledger, store):
        loaded(redis_ledger)
        redis_ledger.retire("lamp", 1, keep_for=60)
        loaded(redis_ledger, generation=2)

        redis_ledger.retire("lamp", 1, keep_for=60)

        # Else nobody would sweep it: what the buffer never took would never be an order.
        assert store.smembers(keys.loaded_sales()) == {b"lamp:2"}

    def test_of_a_retired_sale_expire(self, redis_ledger, store):
        claim = redis_ledger.take(loaded(redis_ledger), ask("alice"))
        redis_ledger.give_back(release(claim))

        redis_ledger.retire("lamp", 1, keep_for=60)

        generation = (keys.left, keys.buyers, keys.claims, keys.intents, keys.given_back)
        assert all(0 < store.ttl(key("lamp", 1)) <= 60 for key in generation)
        assert store.ttl(keys.room_state(ROOM)) == -1

    def test_keep_the_queued_text_equal_to_the_claim(self, redis_ledger, store):
        claim = redis_ledger.take(loaded(redis_ledger), ask("alice"))

        (stored,) = store.hvals(keys.claims("lamp", 1))

        assert json.loads(stored) == {"number": 1, "accepted_ms": claim.accepted_ms} | json.loads(stored)
        assert redis_ledger.find("lamp", 1, claim.order_id) == claim


class TestClients:
    def test_may_decode_replies(self, store):
        options = store.connection_pool.connection_kwargs
        with redis.Redis(host=options["host"], port=options["port"], decode_responses=True) as decoding:
            ledger = RedisLedger(decoding)
            sale = loaded(ledger)
            ledger.take(sale, ask("alice"))

            assert ledger.get_sale("lamp") == sale
            assert ledger.count("lamp", 1).left == {"LAMP": 2}


def test_a_sale_must_have_an_sku():
    with pytest.raises(ValueError, match="no SKU"):
        make_sale(prices={})

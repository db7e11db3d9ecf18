"""Many takes in one call are decided as if each had come alone, and viewers are told once."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastpath_lambda import gathering, keys
from fastpath_lambda.asgi import converse
from fastpath_lambda.claims import Claim
from fastpath_lambda.gathering import Gathering
from fastpath_lambda.ledger import KeyConflict, Stale
from fastpath_lambda.rules import Refusal, State
from fastpath_lambda.stores import redis_steps
from fastpath_lambda.stores.memory import MemoryLedger
from fastpath_lambda.stores.redis import RedisLedger
from tests.fastpath.doors import ORDER, AsgiDoor, order, post
from tests.fastpath.world import A_MINUTE, ask, loaded, now

pytestmark = pytest.mark.slow

ROOM = "product:lamp"

TWO_SKUS = {"LAMP": "149.99", "LAMP-XL": "199.99"}


def together(ledger, sale, requests):
    """The outcomes of takes that came up in one turn of the loop."""

    async def run(command):
        return ledger._run(command)

    async def all_of_them():
        gathered = Gathering(run)
        return await asyncio.gather(
            *(converse(redis_steps.take(sale, one), gathered.run) for one in requests)
        )

    return [taken.outcome for taken in asyncio.run(all_of_them())]


def told(store):
    return [json.loads(fields[b"changes"]) for _, fields in store.xrange(keys.room_log(ROOM))]


def calls_of_scripts(store):
    return store.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]


def of_the_shop(order_id):
    scratch = MemoryLedger()
    return replace(scratch.take(loaded(scratch), ask("alice")), generation=0, order_id=order_id)


def no_clock(outcome):
    return replace(outcome, accepted_ms=0) if isinstance(outcome, Claim) else outcome


def no_order(count):
    """Claims of one millisecond have none in Redis."""
    pending = sorted(map(no_clock, count.pending), key=lambda claim: claim.number)
    return replace(count, pending=tuple(pending))


class TestMany:
    REQUESTS = st.builds(
        ask,
        st.sampled_from(["alice", "bob", "carol"]),
        st.integers(1, 3),
        attempt=st.integers(1, 3),
        sku=st.sampled_from(["LAMP", "LAMP-XL", "CHAIR"]),
        body=st.sampled_from(["as shown", "another"]),
        account=st.sampled_from([None, None, 17, 18]),
    )
    PAST, FUTURE = now() - A_MINUTE, now() + 60 * A_MINUTE
    # None has closed before anybody saw it open: the ledger in memory opens it first.
    WINDOWS = st.sampled_from(
        [
            {},
            {"opens_at": PAST},
            {"opens_at": FUTURE},
            {"opens_at": PAST, "closes_at": FUTURE},
            {"closes_at": PAST},
        ]
    )
    SALES = st.builds(
        lambda window, **others: window | others,
        WINDOWS,
        units=st.integers(0, 6),
        limit_per_buyer=st.integers(1, 5),
        state=st.sampled_from([State.OPEN, *State]),
    )

    # With the number of an order that the same key made before the sale, of which the shop knows two.
    ASKED_BEFORE = st.tuples(REQUESTS, st.integers(0, 5))

    @settings(max_examples=200)
    @given(
        changes=SALES,
        earlier=st.sampled_from([(), (0,), (0, 9), (9, 0)]),
        batches=st.lists(
            st.tuples(st.lists(ASKED_BEFORE, min_size=1, max_size=12), st.sampled_from([1, 1, 1, 2])),
            max_size=4,
        ),
    )
    def test_are_decided_as_one_by_one(self, store, changes, earlier, batches):
        store.flushdb()
        at_once, one_by_one = RedisLedger(store), MemoryLedger()
        sale = loaded(at_once, prices=TWO_SKUS, **changes)
        loaded(one_by_one, prices=TWO_SKUS, **changes)
        for ledger in (at_once, one_by_one):
            ledger.remember("lamp", [of_the_shop("before-0"), of_the_shop("before-1")], keep_for=60)

        for numbered, revision in batches:
            asked = replace(sale, revision=revision)
            requests = [
                replace(request, earlier=tuple((generation, f"before-{number}") for generation in earlier))
                for request, number in numbered
            ]
            expected = [one_by_one.take(asked, request) for request in requests]

            assert list(map(no_clock, together(at_once, asked, requests))) == list(map(no_clock, expected))

        assert no_order(at_once.count("lamp", 1)) == no_order(one_by_one.count("lamp", 1))
        assert at_once.get_sale("lamp").state is one_by_one.get_sale("lamp").state

    def test_are_one_call(self, redis_ledger, store):
        sale = loaded(redis_ledger, units=9)
        together(redis_ledger, sale, [ask("a buyer who brings the script")])
        before = calls_of_scripts(store)

        together(redis_ledger, sale, [ask(f"buyer{number}") for number in range(8)])

        assert calls_of_scripts(store) == before + 1

    def test_give_the_last_unit_to_exactly_one(self, redis_ledger):
        sale = loaded(redis_ledger, units=1)

        outcomes = together(redis_ledger, sale, [ask(f"buyer{number}") for number in range(8)])

        assert isinstance(outcomes[0], Claim)
        assert outcomes[1:] == [Refusal.SOLD_OUT] * 7
        assert redis_ledger.count("lamp", 1).left == {"LAMP": 0}

    def test_hold_a_buyer_to_the_limit(self, redis_ledger):
        sale = loaded(redis_ledger, units=8)

        outcomes = together(redis_ledger, sale, [ask("alice", attempt=number) for number in range(4)])

        assert outcomes[2:] == [Refusal.OVER_LIMIT] * 2
        assert redis_ledger.count("lamp", 1).left == {"LAMP": 6}

    def test_answer_one_key_once(self, redis_ledger):
        sale = loaded(redis_ledger)

        first, again, other = together(redis_ledger, sale, [ask(), ask(), ask(body="another")])

        assert (again, other) == (first, KeyConflict())
        assert redis_ledger.count("lamp", 1).left == {"LAMP": 2}

    def test_of_an_older_revision_are_all_told_so(self, redis_ledger):
        sale = loaded(redis_ledger, revision=2)

        outcomes = together(redis_ledger, replace(sale, revision=1), [ask("alice"), ask("bob")])

        assert outcomes == [Stale(), Stale()]

    def test_tell_viewers_once_what_is_left_after_all(self, redis_ledger, store):
        sale = loaded(redis_ledger, units=2, prices=TWO_SKUS)
        before = len(told(store))

        together(redis_ledger, sale, [ask("alice"), ask("bob"), ask("carol", sku="LAMP-XL"), ask("dave")])

        (change,) = told(store)[before:]
        shown = {sku: (value["available"], value["status"]) for sku, value in change.items()}
        assert shown == {"LAMP": (0, "sold_out"), "LAMP-XL": (1, "on_sale")}
        assert change["LAMP"]["version"] == redis_ledger.count("lamp", 1).versions["LAMP"]

    def test_tell_viewers_nothing_when_all_are_refused(self, redis_ledger, store):
        sale = loaded(redis_ledger, units=0)
        before = told(store)

        together(redis_ledger, sale, [ask("alice"), ask("bob")])

        assert told(store) == before

    def test_may_each_be_of_another_sku(self, redis_ledger):
        prices = {f"LAMP-{number}": "1.00" for number in range(gathering.MOST_TOGETHER)}
        sale = loaded(redis_ledger, prices=prices)

        outcomes = together(redis_ledger, sale, [ask(sku, sku=sku) for sku in prices])

        assert [claim.sku for claim in outcomes] == list(prices)
        assert set(redis_ledger.count("lamp", 1).left.values()) == {2}


class TestDoor:
    @pytest.fixture
    def door(self, store, queue):
        door = AsgiDoor()
        yield door
        door.close()

    @staticmethod
    def order_of(buyer):
        headers = {"Content-Type": "application/json", "Idempotency-Key": buyer}
        return "POST", ORDER, headers, json.dumps(order(email=f"{buyer}@example.org")).encode(), ""

    def orders(self, count):
        return [self.order_of(f"buyer{number}") for number in range(count)]

    def test_takes_what_arrives_together_in_one_call(self, door, redis_ledger, store):
        loaded(redis_ledger, units=21)
        # Now it knows the sale, and Redis the script.
        post(door)
        before = calls_of_scripts(store)

        replies = door.ask_together(*self.orders(20))

        assert [reply.status for reply in replies] == [202] * 20
        assert len({reply.json()["order_id"] for reply in replies}) == 20
        assert calls_of_scripts(store) == before + 1

    def test_gives_the_last_unit_to_exactly_one(self, door, redis_ledger):
        loaded(redis_ledger, units=1)

        statuses = [reply.status for reply in door.ask_together(*self.orders(8))]

        assert sorted(statuses) == [202] + [409] * 7

    def test_asks_all_to_come_back_when_the_call_fails(self, door, redis_ledger, store):
        loaded(redis_ledger)
        store.set(keys.buyers("lamp", 1), "not a hash")

        replies = door.ask_together(*self.orders(3))

        assert [reply.status for reply in replies] == [503] * 3
        assert redis_ledger.count("lamp", 1).left == {"LAMP": 3}

"""What became of an order, the same through both doors; also where the ledger was lost meanwhile."""

from dataclasses import replace

import pytest

from fastpath_lambda import identity, keys
from fastpath_lambda.rules import State
from tests.fastpath.doors import BROWSER, ORDER, post
from tests.fastpath.world import loaded, make_sale


def look(door, answer, *, accept="application/json", method="GET"):
    path, _, query = answer["status_url"].partition("?")
    return door.ask(method, path, query=query, headers={"Accept": accept})


class TestStatus:
    def test_is_accepted_until_the_shop_says_more(self, door, redis_ledger, store):
        loaded(redis_ledger)
        answer = post(door).json()

        assert look(door, answer).json() == answer

        store.hset(keys.order(answer["order_id"]), mapping={"status": "confirmed", "version": 3})
        assert look(door, answer).json() == answer | {"status": "confirmed"}

    def test_is_not_found_with_a_wrong_token(self, door, redis_ledger):
        loaded(redis_ledger)
        answer = post(door).json()

        for query in ("token=", "token=%ff", f"token={'0' * 32}"):
            reply = door.ask("GET", answer["status_url"].partition("?")[0], query=query)
            assert (reply.status, reply.json()["refusal"]) == (404, "not_found")

    def test_without_a_token_gives_none_away(self, door, redis_ledger):
        loaded(redis_ledger)
        answer = post(door).json()
        path = answer["status_url"].partition("?")[0]

        reply = door.ask("GET", path)

        assert (reply.status, reply.json()) == (200, answer | {"status_url": path})

    @pytest.mark.parametrize("accept", ["application/json", BROWSER])
    def test_shows_nothing_personal(self, door, redis_ledger, accept):
        loaded(redis_ledger)
        answer = post(door, name="Ada Lovelace", email="ada@example.org").json()

        body = look(door, answer, accept=accept).body

        assert not [word for word in ("Lovelace", "ada@", "Pier", "HU1", "tok_ok") if word in body]

    def test_is_a_page_for_a_browser_that_follows_the_order(self, door, redis_ledger):
        loaded(redis_ledger, name="Lamp <b>")
        answer = post(door).json()

        reply = look(door, answer, accept=BROWSER)

        assert reply.status == 200
        assert f'data-room="order:{answer["order_id"]}"' in reply.body
        assert answer["status_url"].partition("token=")[2] in reply.body
        assert "Lamp &lt;b&gt;" in reply.body
        assert 'http-equiv="refresh"' in reply.body

    def test_of_a_finished_order_is_not_reloaded(self, door, redis_ledger, store):
        loaded(redis_ledger)
        answer = post(door).json()
        store.hset(keys.order(answer["order_id"]), mapping={"status": "shipped", "version": 4})

        assert 'http-equiv="refresh"' not in look(door, answer, accept=BROWSER).body

    def test_has_no_body_when_only_the_head_is_asked(self, door, redis_ledger):
        loaded(redis_ledger)
        answer = post(door).json()

        reply = look(door, answer, method="HEAD")

        assert (reply.status, reply.body) == (200, "")

    def test_of_an_unknown_order_is_not_found(self, door, redis_ledger):
        loaded(redis_ledger)
        unknown = identity.order_id(scope="lamp", generation=1, key="never")

        assert door.ask("GET", f"{ORDER}/{unknown}").status == 404

    @pytest.mark.parametrize(("accept", "folder"), [("*/*", "/api/v1/orders"), (BROWSER, "/orders")])
    def test_of_an_order_that_the_shop_placed_is_asked_there(self, door, redis_ledger, accept, folder):
        loaded(redis_ledger)
        classic = identity.order_id(scope="lamp", generation=0, key="before the sale")
        token = identity.status_token("embedded-only-status-secret", classic)

        reply = look(door, {"status_url": f"{ORDER}/{classic}?token={token}"}, accept=accept)

        assert (reply.status, reply.headers["location"]) == (303, f"{folder}/{classic}/?token={token}")

    def test_of_an_earlier_generation_is_still_found(self, door, redis_ledger):
        loaded(redis_ledger)
        answer = post(door).json()
        redis_ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])
        redis_ledger.load(replace(make_sale(), generation=2), units={"LAMP": 1}, versions={})

        assert look(door, answer).status == 200

    def test_cannot_be_posted_to(self, door, redis_ledger):
        loaded(redis_ledger)
        answer = post(door).json()

        reply = look(door, answer, method="POST")

        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


class TestLostLedger:
    """Its store was wiped: what is not there may be on sale all the same, and nobody is told otherwise."""

    def test_asks_buyers_to_come_back(self, door, redis_ledger, store):
        loaded(redis_ledger)
        post(door)
        store.flushall()

        reply = post(door, key="k-2")

        assert (reply.status, reply.json()["refusal"], reply.headers["retry-after"]) == (
            503, "unavailable", "5",
        )  # fmt: skip

    def test_says_the_same_of_an_orders_status(self, door, redis_ledger, store):
        loaded(redis_ledger)
        answer = post(door).json()
        store.flushall()

        # Who saw the sale a moment ago believes for another that it is there.
        torch = answer | {"status_url": f"/shop/lights/torch/order/{answer['order_id']}"}
        assert look(door, torch).status == 503

    def test_that_was_rebuilt_answers_with_the_first_claim(self, door, redis_ledger, store):
        sale = loaded(redis_ledger)
        first = post(door)
        kept = redis_ledger.count("lamp", 1).pending
        store.flushall()
        redis_ledger.recall("lamp", 1, kept)
        redis_ledger.load(replace(sale, revision=2), units={"LAMP": 2}, versions={}, epoch=1)

        assert (post(door).status, post(door).body) == (202, first.body)
        assert post(door, key="k-2", email="bob@example.org").status == 202

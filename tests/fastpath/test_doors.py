"""What a shopper gets, the same through both doors; with a real ledger and a real buffer behind them."""

import json
from urllib.parse import urlencode

import pytest

from fastpath_lambda import claims, identity
from fastpath_lambda.rules import State
from tests.fastpath.doors import BROWSER, ORDER, flat, order, post
from tests.fastpath.world import A_MINUTE, loaded, now

FORM = "application/x-www-form-urlencoded"


def left(ledger):
    return ledger.count("lamp", 1).left["LAMP"]


def post_form(door, *, accept=BROWSER, key=None, **changes):
    headers = {"Content-Type": FORM, "Accept": accept} | ({"Idempotency-Key": key} if key else {})
    return door.ask("POST", ORDER, headers=headers, body=urlencode(flat(**changes)).encode())


class TestOrder:
    def test_is_accepted_with_the_place_where_to_look(self, door, redis_ledger):
        loaded(redis_ledger)

        reply = post(door, quantity=2)

        order_id = identity.order_id(scope="lamp", generation=1, key="k-1")
        token = identity.status_token("embedded-only-status-secret", order_id)
        assert reply.status == 202
        assert reply.json() == {
            "order_id": order_id, "status": "accepted", "status_url": f"{ORDER}/{order_id}?token={token}",
            "sku": "LAMP", "quantity": 2, "unit_price": "149.99", "currency": "USD",
        }  # fmt: skip
        assert reply.headers["location"] == reply.json()["status_url"]
        assert reply.headers["content-type"] == "application/json"
        assert left(redis_ledger) == 1

    def test_is_handed_to_the_buffer(self, door, redis_ledger, queue):
        loaded(redis_ledger)

        post(door)
        door.close()

        (message,) = queue.receive(wait_seconds=2)
        assert (claims.from_json(message.body),) == redis_ledger.count("lamp", 1).pending

    def test_asked_again_gets_the_first_answer(self, door, redis_ledger, queue):
        loaded(redis_ledger)

        first, second = post(door), post(door)
        door.close()

        assert (second.status, second.body) == (first.status, first.body)
        assert left(redis_ledger) == 2
        assert queue.depth() == 1

    def test_asked_again_after_closing_gets_the_first_answer(self, door, redis_ledger):
        loaded(redis_ledger)
        first = post(door)
        redis_ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])

        assert post(door).body == first.body

    def test_of_a_sale_that_was_armed_anew_is_taken_from_the_new_one(self, door, redis_ledger):
        loaded(redis_ledger, units=1)
        post(door)
        redis_ledger.move("lamp", 1, to=State.CLOSED, allowed_from=[State.OPEN])
        loaded(redis_ledger, generation=2, prices={"LAMP": "99.00"})

        assert post(door, key="k-2").json()["unit_price"] == "99.00"

    def test_survives_a_store_that_forgot_its_scripts(self, door, redis_ledger, store):
        loaded(redis_ledger)
        store.script_flush()

        assert post(door).status == 202


class TestForm:
    def test_is_answered_with_a_redirect_to_the_status(self, door, redis_ledger):
        loaded(redis_ledger)

        reply = post_form(door)

        assert reply.status == 303
        assert reply.headers["location"].startswith(f"{ORDER}/")
        assert left(redis_ledger) == 2

    def test_is_answered_as_json_to_who_did_not_ask_for_a_page(self, door, redis_ledger):
        loaded(redis_ledger)

        assert post_form(door, accept="*/*").json()["status"] == "accepted"

    def test_is_the_same_order_as_the_same_json(self, door, redis_ledger):
        loaded(redis_ledger)

        assert post_form(door, accept="*/*", key="k-1").body == post(door).body

    def test_is_refused_with_a_page_that_leads_back(self, door, redis_ledger):
        loaded(redis_ledger, state=State.PAUSED)

        reply = post_form(door)

        assert reply.status == 409
        assert reply.headers["content-type"].startswith("text/html")
        assert "<h1>Paused</h1>" in reply.body
        assert 'href="/shop/lights/lamp/"' in reply.body

    def test_shows_nothing_of_what_was_typed(self, door, redis_ledger):
        loaded(redis_ledger)

        assert "<script" not in post_form(door, email="<script>alert(1)</script>").body

    def test_of_json_is_refused_in_json_even_to_a_browser(self, door, redis_ledger):
        loaded(redis_ledger, state=State.PAUSED)

        assert post(door, accept=BROWSER).json()["refusal"] == "paused"


class TestRefusal:
    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"state": State.ARMED}, "not_open"),
            ({"state": State.PAUSED}, "paused"),
            ({"state": State.CLOSING}, "closed"),
            ({"limit_per_buyer": 1}, "over_limit"),
            ({"units": 1}, "sold_out"),
        ],
    )
    def test_says_why(self, door, redis_ledger, changes, refusal):
        loaded(redis_ledger, **changes)

        reply = post(door, quantity=2)

        assert (reply.status, reply.json()["refusal"]) == (409, refusal)
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["detail"].endswith(".")

    def test_says_when_the_sale_opens(self, door, redis_ledger):
        opens_at = (now() + A_MINUTE).replace(microsecond=0)
        loaded(redis_ledger, state=State.ARMED, opens_at=opens_at)

        assert post(door).json()["opens_at"] == opens_at.isoformat()

    def test_says_that_some_are_left_to_who_wants_more(self, door, redis_ledger):
        loaded(redis_ledger, units=1)

        assert "fewer" in post(door, quantity=2).json()["detail"]

    def test_is_not_remembered(self, door, redis_ledger):
        loaded(redis_ledger, state=State.ARMED)
        post(door)
        redis_ledger.move("lamp", 1, to=State.OPEN, allowed_from=[State.ARMED])

        assert post(door).status == 202


class TestBadInput:
    @pytest.mark.parametrize("quantity", [0, -1, 10**9, "two", 1.5, True, None])
    def test_of_a_quantity(self, door, redis_ledger, quantity):
        loaded(redis_ledger)

        assert set(post(door, quantity=quantity).json()["errors"]) == {"quantity"}
        assert left(redis_ledger) == 3

    def test_of_an_sku_that_is_not_on_sale(self, door, redis_ledger):
        loaded(redis_ledger)

        reply = post(door, sku="CHAIR")

        assert (reply.status, set(reply.json()["errors"])) == (400, {"sku"})

    def test_of_a_key_used_for_another_body(self, door, redis_ledger):
        loaded(redis_ledger)
        post(door)

        reply = post(door, name="Bob")

        assert (reply.status, reply.json()["refusal"]) == (422, "key_conflict")
        assert left(redis_ledger) == 2

    @pytest.mark.parametrize(
        ("body", "kind", "status"),
        [
            (b"{", "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b"[" * 16_000, "application/json", 400),
            (b"a=%ff", FORM, 400),
            (b"", "application/json", 400),
            (json.dumps(order(name="x" * 20_000)).encode(), "application/json", 413),
            (json.dumps(order()).encode(), "text/plain", 415),
            (json.dumps(order()).encode(), "", 415),
        ],
    )
    def test_of_a_body(self, door, redis_ledger, body, kind, status):
        loaded(redis_ledger)

        reply = door.ask("POST", ORDER, headers={"Content-Type": kind, "Idempotency-Key": "k"}, body=body)

        assert (reply.status, reply.json()["status"]) == (status, status)
        assert left(redis_ledger) == 3

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
    def test_of_a_method(self, door, redis_ledger, method):
        loaded(redis_ledger)

        reply = door.ask(method, ORDER)

        assert (reply.status, reply.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize(
        "path",
        ["/", "/shop/", "/shop/lights/chair/order", "/shop/rods/lamp/order", "/shop//lamp/order",
         "/shop/lights/{lamp}/order", "/shop/lights/lamp/order/", "/shop/lights/lamp/order/1"],
    )  # fmt: skip
    def test_of_an_address(self, door, redis_ledger, path):
        loaded(redis_ledger)

        assert post(door, path=path).status == 404


class TestHealth:
    def test_says_that_the_process_answers(self, door):
        assert door.ask("GET", "/healthz").json() == {"status": "ok"}

    def test_names_each_dependency(self, door):
        reply = door.ask("GET", "/readyz")

        assert (reply.status, reply.json()) == (
            200,
            {"ready": True, "takes": True, "checks": {"redis": "ok", "queue": "ok"}},
        )

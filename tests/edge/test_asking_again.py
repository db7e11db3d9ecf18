"""A key asked again gets its first answer, through whichever door the product has by then.

A phone loses the connection while its order is answered, and comes back minutes later with the
same key: the sale may have closed meanwhile, and the same address be the shop's again.
"""

import json

import pytest
import redis
from django.utils import timezone

from edge import lifecycle
from edge.lifecycle import rebuilding
from fastpath_lambda import resp
from fastpath_lambda.claims import to_json
from fastpath_lambda.exchange import Asked
from fastpath_lambda.fastpath import FastPath
from fastpath_lambda.stores.commands import drive
from orders.models import DeadLetter, Order
from shop.models import Sale

pytestmark = pytest.mark.django_db

URI = "/shop/camp/lamp/order"
ADDRESS = {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}
ORDER = {"sku": "LAMP", "quantity": 1, "email": "ada@example.org", "name": "Ada", "payment_token": "tok_ok"}


def body(**changes):
    return json.dumps(ORDER | {"address": ADDRESS} | changes).encode()


@pytest.fixture
def ask_shop(client):
    """`ask_shop()`: Ada's order at the classic door. Gives status and members."""

    def ask(key="k", **changes):
        headers = {"Idempotency-Key": key}
        answer = client.post(URI, body(**changes), content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def ask_fast_path(settings, store):
    """The same at the fast path's door."""
    connection = resp.Connection(resp.Address.parse(settings.REDIS_URL))
    door = FastPath(secret=settings.STATUS_TOKEN_SECRET, account_secret="a")

    def ask(key="k", **changes):
        asked = Asked("POST", URI, content_type="application/json", idempotency_key=key, body=body(**changes))
        answer = drive(door.answer(asked), connection.run)
        return answer.status, json.loads(answer.body)

    return ask


def arm_and_open(**terms):
    lifecycle.arm("lamp", by="ada", **terms)
    lifecycle.open_sale("lamp", by="ada")


class TestOnTheFastPath:
    def test_gets_what_the_shop_answered_before(self, make_plan, ask_shop, ask_fast_path, ledger):
        make_plan(units=3)
        first = ask_shop()
        arm_and_open()

        assert ask_fast_path() == first
        assert first[0] == 201
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_is_a_conflict_with_another_body(self, make_plan, ask_shop, ask_fast_path):
        make_plan()
        ask_shop()
        arm_and_open()

        assert ask_fast_path(name="Bob")[0] == 422

    def test_gets_what_the_sale_before_answered(self, open_sale, ask_fast_path, drain_all):
        open_sale()
        first = ask_fast_path()
        drain_all()
        lifecycle.close("lamp", by="ada")
        arm_and_open(units=3)

        assert ask_fast_path() == first
        assert ask_fast_path(key="another")[1]["order_id"] != first[1]["order_id"]

    def test_gets_it_from_a_ledger_that_was_lost_and_rebuilt(
        self, make_plan, ask_shop, ask_fast_path, ledger, settings
    ):
        make_plan(units=3)
        first = ask_shop()
        arm_and_open()
        redis.Redis.from_url(settings.REDIS_URL).flushall()
        sale = Sale.objects.get()
        lost_at = timezone.now()
        rebuilding.attend(sale, by="ada", now=lost_at)
        rebuilding.attend(sale, by="ada", now=lost_at + rebuilding.LONGEST_WAIT)

        assert ask_fast_path() == first

    def test_asks_the_ledger_for_nothing_that_nobody_answered(self, open_sale, ledger):
        open_sale()

        assert ledger.get_sale("lamp").earlier == ()


class TestAtTheShopAfterTheSale:
    def test_gets_what_the_sale_answered(self, open_sale, ask_fast_path, ask_shop, drain_all):
        open_sale()
        first = ask_fast_path()
        drain_all()
        lifecycle.close("lamp", by="ada")

        assert ask_shop() == first
        assert first[0] == 202
        assert Order.objects.count() == 1

    def test_is_a_conflict_with_another_body(self, open_sale, ask_fast_path, ask_shop, drain_all):
        open_sale()
        ask_fast_path()
        drain_all()
        lifecycle.close("lamp", by="ada")

        assert ask_shop(name="Bob")[0] == 422
        assert Order.objects.count() == 1

    def test_gets_it_though_nothing_is_left(
        self, make_product, open_sale, ask_fast_path, ask_shop, drain_all
    ):
        open_sale(product=make_product(stock=1), units=1)
        first = ask_fast_path()
        drain_all()
        lifecycle.close("lamp", by="ada")

        assert ask_shop() == first
        assert ask_shop(key="another")[1]["refusal"] == "sold_out"

    def test_gets_it_while_the_claim_is_with_a_person(self, open_sale, ask_fast_path, ask_shop, ledger):
        open_sale()
        first = ask_fast_path()
        (claim,) = ledger.count("lamp", 1).pending
        DeadLetter.objects.create(message_id="m", body=to_json(claim), reason="why", order_id=claim.order_id)
        lifecycle.close("lamp", by="ada")

        assert ask_shop() == first
        assert Order.objects.count() == 0

    def test_another_key_is_another_order(self, open_sale, ask_fast_path, ask_shop, drain_all):
        open_sale()
        ask_fast_path()
        drain_all()
        lifecycle.close("lamp", by="ada")

        assert ask_shop(key="another")[0] == 201
        assert Order.objects.count() == 2

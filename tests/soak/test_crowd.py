"""The soak's crowd: what it asks, and that it notices a shop that breaks its word."""

import itertools

import pytest
from aiohttp import web

from tests.soak import crowd


class Shop:
    """It gives one unit to each e-mail. Its faults are switched on by the test."""

    def __init__(self):
        self.orders = {}
        self.is_forgetful = False
        self.silent_for = 0
        self._ids = itertools.count(1)

    async def order(self, request):
        if self.silent_for:
            self.silent_for -= 1
            return web.Response(status=503)
        key, email = request.headers["Idempotency-Key"], (await request.json())["email"]
        first_key, order_id = self.orders.setdefault(email, (key, f"order-{next(self._ids)}"))
        if key != first_key:
            return web.json_response({"refusal": "over_limit"}, status=409)
        order_id = f"order-{next(self._ids)}" if self.is_forgetful else order_id
        return web.json_response({"order_id": order_id}, status=202)


@pytest.fixture
async def shop():
    shop = Shop()
    app = web.Application()
    app.add_routes([web.post("/lamp/order", shop.order)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shop
    await runner.cleanup()


async def send(shop, *, connections=4, **fields):
    errand = crowd.Errand(
        edge_url=shop.url,
        page="/lamp/",
        run="r",
        skus=["LAMP"],
        requests=20,
        connections=connections,
        **fields,
    )
    return await crowd.send(errand)


async def test_a_buyer_comes_ten_times_for_one_unit_twice_with_the_same_key(shop):
    tally = await send(shop, connections=1)

    assert sorted(shop.orders) == ["soak-r-0@example.org", "soak-r-1@example.org"]
    assert (tally.answered, len(tally.orders)) == (20, 2)
    assert tally.refused == {"over_limit": 16}
    assert tally.contradicted == 0


async def test_who_gets_no_answer_asks_again_with_the_same_key(shop):
    shop.silent_for = 5

    tally = await send(shop, try_again_after=0.01)

    assert (tally.answered, tally.retried, tally.unanswered) == (20, 5, 0)
    assert tally.troubles == {"status 503": 5}


async def test_another_order_for_the_same_key_is_noticed(shop):
    shop.is_forgetful = True

    tally = await send(shop, connections=1)

    assert tally.contradicted > 0


async def test_a_shop_that_is_gone_for_good_ends_it(shop):
    shop.silent_for = 10**9

    tally = await send(shop, try_again_after=0.01, patience=0.2)

    assert (tally.answered, tally.unanswered) == (0, 20)

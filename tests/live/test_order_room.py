"""The room of one order, over the socket: from a claim to its last status, for who has its link."""

import asyncio
import uuid

import pytest
from django.conf import settings

from fastpath_lambda import identity
from live import order_room, publish

ORDER = str(uuid.UUID(int=7))
TOKEN = identity.status_token(settings.STATUS_TOKEN_SECRET, ORDER)


async def test_a_claim_is_accepted_and_then_followed(socket):
    snapshot = await socket.ask(f"order:{ORDER}", token=TOKEN)
    publish.order(ORDER, "placed", 1)
    update = await socket.hear()

    assert snapshot["position"] == {"epoch": "order", "offset": 0}
    assert snapshot["state"]["order"] == {"order_id": ORDER, "status": "accepted", "version": 0}
    assert update["changes"]["order"] == {"order_id": ORDER, "status": "placed", "version": 1}
    assert update["position"] == {"epoch": "order", "offset": 1}


async def test_resumes_from_a_position(socket):
    publish.order(ORDER, "paid", 2)

    answer = await socket.ask(f"order:{ORDER}", token=TOKEN, position={"epoch": "order", "offset": 1})

    assert (answer["type"], answer["recovered"]) == ("update", True)
    assert answer["changes"]["order"]["status"] == "paid"


async def test_nothing_is_lost_or_told_backwards_while_it_changes(socket):
    changing = asyncio.create_task(asyncio.to_thread(advance, 200))

    heard = [await socket.ask(f"order:{ORDER}", token=TOKEN)]
    while heard[-1]["position"]["offset"] < 200:
        heard.append(await socket.hear())
    await changing

    offsets = [message["position"]["offset"] for message in heard]
    assert offsets == sorted(set(offsets))


async def test_what_the_layer_lost_is_found_again(socket, store, monkeypatch):
    monkeypatch.setattr(order_room, "LOOK_AGAIN_AFTER", 0.05)
    await socket.ask(f"order:{ORDER}", token=TOKEN)

    store.hset(f"spillway:{{{ORDER}}}:order", mapping={"status": "paid", "version": 2})

    assert (await socket.hear())["changes"]["order"]["status"] == "paid"


async def test_a_left_order_is_silent(socket, another):
    for one in (socket, another):
        await one.ask(f"order:{ORDER}", token=TOKEN)

    await socket.leave(f"order:{ORDER}")
    publish.order(ORDER, "placed", 1)

    assert (await another.hear())["changes"]["order"]["version"] == 1
    assert await socket.hears_nothing()


@pytest.mark.parametrize("token", [None, "", "nonsense", "ä", identity.status_token("another secret", ORDER)])
async def test_wants_the_token_of_its_link(socket, token):
    error = await socket.ask(f"order:{ORDER}", token=token)

    assert (error["type"], error["code"]) == ("error", "forbidden")


def advance(until):
    for version in range(1, until + 1):
        publish.order(ORDER, "placed", version)

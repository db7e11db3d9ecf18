"""What bad input gets, by the table in docs/live.md, on a real server; and that nobody else feels it."""

import asyncio
import json
import re
import uuid

import pytest
import websockets
from django.conf import settings

from fastpath_lambda import identity
from live import admission, codes, contract, messages
from tests.live.test_server import connect, hear, hear_until, serve, subscription
from tests.live.world import show

pytestmark = pytest.mark.slow

ORDER, OTHER = (str(uuid.UUID(int=number)) for number in (7, 8))
EPOCH = "9f3c2a"


def token(order_id):
    return identity.status_token(settings.STATUS_TOKEN_SECRET, order_id)


def ask(**interest):
    return json.dumps({"type": "subscribe", "rooms": [{"room": "product:lamp"} | interest]})


def ask_many(number):
    rooms = [
        {"room": f"order:{uuid.UUID(int=n)}", "token": token(str(uuid.UUID(int=n)))} for n in range(number)
    ]
    return json.dumps({"type": "subscribe", "rooms": rooms})


def ask_too_many_in_turn():
    number = messages.MAX_ROOMS // 2
    halves = [json.loads(ask_many(2 * number))["rooms"][half : half + number] for half in (0, number)]
    return [*(json.dumps({"type": "subscribe", "rooms": half}) for half in halves), subscription()]


def ask_for_what_is_not_there():
    # Names that are no room, which a database need not be asked for.
    return [json.dumps({"type": "subscribe", "rooms": [{"room": f"nothing-{n}"}]}) for n in range(130)]


FLOOD = [subscription()] * 2000
NOT_THERE = "a product that is not there"

# Of each row of the table: what is sent, and what the last answer says.
CASES = {
    "not JSON": (["hello"], "not_json"),
    "bytes, not text": ([b"\x00\x01"], "not_json"),
    "an unknown type": (['{"type": "buy"}'], "bad_message"),
    "a field of another type": (['{"type": "subscribe", "rooms": "product:lamp"}'], "bad_message"),
    "a message of more than 16,384 characters": (["x" * (messages.MAX_LENGTH + 1)], "too_large"),
    "a message of 1 MB": (["x" * 1_000_000], codes.TABLE[3].code),
    "500 rooms in a message": (
        [json.dumps({"type": "subscribe", "rooms": [{"room": "ops"}] * 500})],
        "too_many_rooms",
    ),
    "more than 100 rooms in turn": (ask_too_many_in_turn(), "too_many_rooms"),
    "a name that is no room": ([ask(room="lamp")], "unknown_room"),
    NOT_THERE: ([ask(room="product:nothing")], "unknown_room"),
    "a position from the future": ([ask(position={"epoch": "theirs", "offset": 9_999})], "snapshot"),
    "a position of another epoch": ([ask(position={"epoch": EPOCH, "offset": 1})], "snapshot"),
    "a position below 0, or past 2^53": ([ask(position={"epoch": EPOCH, "offset": -1})], "bad_message"),
    "an order's room without its token": ([ask(room=f"order:{ORDER}")], "forbidden"),
    "a token of another order": ([ask(room=f"order:{ORDER}", token=token(OTHER))], "forbidden"),
    "the room for staff": ([ask(room="ops")], "forbidden"),
    "more than 100 rooms in turn that are not there": (ask_for_what_is_not_there(), codes.FLOODING.code),
    "a flood of subscribes": (FLOOD, codes.FLOODING.code),
}


@pytest.fixture(params=["live.wire:FrameProtocol", "websockets-sansio"])
async def address(store, request, monkeypatch):
    # However long a flood takes to be read, it is one.
    monkeypatch.setattr(admission, "A_SECOND", 0.0)
    show(version=1)
    async with serve(request.param) as (_, address):
        yield address


@pytest.mark.parametrize("row", [row for row in CASES if row != NOT_THERE])
async def test_gets_what_the_table_says_and_nobody_else_feels_it(address, room, row):
    said, expected = CASES[row]
    said = [text.replace("theirs", room.epoch) if isinstance(text, str) else text for text in said]
    async with connect(address) as bystander:
        await bystander.send(subscription())
        await hear(bystander)

        assert await say(address, said) == expected

        show(version=2, status="sold_out")
        assert await hear_until(bystander, 2) == 1


async def test_a_product_that_is_not_there_is_unknown(database, address):
    said, expected = CASES[NOT_THERE]

    assert await say(address, said) == expected


async def say(address, said):
    """The last answer to all this: its type, an error's code, or the code of the close."""
    last = None
    async with connect(address) as client:
        try:
            sending = asyncio.create_task(send_all(client, said))
            while (heard := await hear(client)) != {"type": "pong"}:
                last = heard
            await sending
        except websockets.ConnectionClosed as closed:
            await asyncio.gather(sending, return_exceptions=True)
            return closed.rcvd.code
    return last.get("code") or last["type"]


async def send_all(client, said):
    for text in [*said, '{"type": "ping"}']:
        await client.send(text)


@pytest.mark.parametrize(
    ("row", "origin", "status"),
    [
        ("no Origin", None, 101),
        ("a foreign Origin", "https://evil.example.net", 403),
        ("the Origin `null`", "null", 403),
    ],
)
async def test_an_origin_is_ours_or_none(address, row, origin, status):
    try:
        async with connect(address, origin=origin) as client:
            assert client.response.status_code == status
    except websockets.InvalidStatus as refused:
        assert refused.response.status_code == status


def test_every_row_of_the_table_is_tried():
    text = (contract.ROOT / "docs" / "live.md").read_text().partition("## What bad input gets")[2]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", text.partition("\n## ")[0], re.M)[1:]
    tried = {row: str(expected) for row, (_, expected) in CASES.items()}
    tried |= {"no Origin": "let in", "a foreign Origin": "403", "the Origin `null`": "403"}

    assert {what: gets.partition("`")[2].rstrip("`") or gets for what, gets in rows} == tried

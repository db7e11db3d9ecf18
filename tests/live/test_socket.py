"""The whole application behind `/live/`: what a page says, and what it is told."""

import asyncio
import json
import uuid

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from config import asgi
from fastpath_lambda import identity
from live import admission, codes, messages, order_room, publish, snapshots, viewers
from live.admission import Door
from live.hub import Hub
from live.store import RoomStore
from tests.live.world import make_value

ORDER = str(uuid.UUID(int=7))
TOKEN = identity.status_token(settings.STATUS_TOKEN_SECRET, ORDER)
OURS = [(b"host", b"shop.example.org"), (b"origin", b"https://shop.example.org")]


@pytest.fixture
async def application(store):
    hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.make)
    yield asgi.build(hub)
    await hub.close()


@pytest.fixture
async def socket(application):
    socket = Socket(application)
    await socket.connect()
    yield socket
    await socket.disconnect()


class Socket:
    """A page's end of a connection."""

    def __init__(self, application, path="/live/", headers=OURS, **scope):
        self.wire = ApplicationCommunicator(
            application, {"type": "websocket", "path": path, "headers": headers} | scope
        )

    async def connect(self):
        await self.wire.send_input({"type": "websocket.connect"})
        return (await self.wire.receive_output())["type"] == "websocket.accept"

    async def disconnect(self):
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait()

    async def send(self, **content):
        await self.wire.send_input({"type": "websocket.receive"} | content)

    async def say(self, **message):
        await self.send(text=json.dumps(message))

    async def hear(self):
        return json.loads((await self.wire.receive_output())["text"])

    async def ask(self, room, **interest):
        await self.say(type="subscribe", rooms=[{"room": room} | interest])
        return await self.hear()


def show(**changes):
    publish.whole_product([make_value(**changes)])


class TestProductRoom:
    async def test_a_snapshot_and_then_updates(self, socket):
        show(version=1)

        snapshot = await socket.ask("product:lamp")
        show(version=2, available=0, status="sold_out")
        update = await socket.hear()

        assert snapshot["type"] == "snapshot"
        assert snapshot["state"]["LAMP"]["version"] == 1
        assert update["changes"]["LAMP"]["status"] == "sold_out"
        assert update["position"]["offset"] == snapshot["position"]["offset"] + 1

    async def test_resumes_from_a_position(self, socket):
        show(version=1)
        position = (await socket.ask("product:lamp"))["position"]
        await socket.say(type="unsubscribe", rooms=[{"room": "product:lamp"}])
        show(version=2)
        await asyncio.sleep(0.05)

        answer = await socket.ask("product:lamp", position=position)

        assert (answer["type"], answer.get("recovered")) in (("update", True), ("update", None))
        assert answer["changes"] or (await socket.hear())["changes"]

    async def test_an_unsubscribed_room_is_silent(self, socket):
        show(version=1)
        await socket.ask("product:lamp")

        await socket.say(type="unsubscribe", rooms=[{"room": "product:lamp"}])
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}
        show(version=2, status="sold_out")

        assert await socket.wire.receive_nothing(0.1)

    @pytest.mark.parametrize("room", ["product:nothing", "show:nothing"])
    async def test_a_slug_of_nothing_is_unknown(self, socket, database, room):
        error = await socket.ask(room)

        assert (error["type"], error["code"], error["room"]) == ("error", "unknown_room", room)


class TestOrderRoom:
    async def test_a_claim_is_accepted_and_then_followed(self, socket):
        snapshot = await socket.ask(f"order:{ORDER}", token=TOKEN)
        publish.order(ORDER, "placed", 1)
        update = await socket.hear()

        assert snapshot["position"] == {"epoch": "order", "offset": 0}
        assert snapshot["state"]["order"] == {"order_id": ORDER, "status": "accepted", "version": 0}
        assert update["changes"]["order"] == {"order_id": ORDER, "status": "placed", "version": 1}
        assert update["position"] == {"epoch": "order", "offset": 1}

    async def test_resumes_from_a_position(self, socket):
        publish.order(ORDER, "paid", 2)

        answer = await socket.ask(f"order:{ORDER}", token=TOKEN, position={"epoch": "order", "offset": 1})

        assert (answer["type"], answer["recovered"]) == ("update", True)
        assert answer["changes"]["order"]["status"] == "paid"

    async def test_nothing_is_lost_or_told_backwards_while_it_changes(self, socket):
        changing = asyncio.create_task(asyncio.to_thread(advance, 200))

        heard = [await socket.ask(f"order:{ORDER}", token=TOKEN)]
        while heard[-1]["position"]["offset"] < 200:
            heard.append(await socket.hear())
        await changing

        offsets = [message["position"]["offset"] for message in heard]
        assert offsets == sorted(set(offsets))

    async def test_what_the_layer_lost_is_found_again(self, socket, store, monkeypatch):
        monkeypatch.setattr(order_room, "LOOK_AGAIN_AFTER", 0.05)
        await socket.ask(f"order:{ORDER}", token=TOKEN)

        store.hset(f"spillway:{{{ORDER}}}:order", mapping={"status": "paid", "version": 2})

        assert (await socket.hear())["changes"]["order"]["status"] == "paid"

    async def test_a_left_order_is_silent(self, socket):
        await socket.ask(f"order:{ORDER}", token=TOKEN)

        await socket.say(type="unsubscribe", rooms=[{"room": f"order:{ORDER}"}])
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}
        publish.order(ORDER, "placed", 1)

        assert await socket.wire.receive_nothing(0.1)

    @pytest.mark.parametrize(
        "token", [None, "", "nonsense", "ä", identity.status_token("another secret", ORDER)]
    )
    async def test_wants_the_token_of_its_link(self, socket, token):
        error = await socket.ask(f"order:{ORDER}", token=token)

        assert (error["type"], error["code"]) == ("error", "forbidden")


def advance(until):
    for version in range(1, until + 1):
        publish.order(ORDER, "placed", version)


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("hello", "not_json"),
            ("{}", "bad_message"),
            ('{"type": "buy"}', "bad_message"),
            ("x" * (messages.MAX_LENGTH + 1), "too_large"),
            (json.dumps({"type": "subscribe", "rooms": [{"room": "ops"}] * 500}), "too_many_rooms"),
            (json.dumps({"type": "subscribe", "rooms": [{"room": "ops"}]}), "forbidden"),
            (json.dumps({"type": "subscribe", "rooms": [{"room": "lamp"}]}), "unknown_room"),
        ],
    )
    async def test_each_has_its_error_and_the_connection_goes_on(self, socket, text, code):
        await socket.send(text=text)
        error = await socket.hear()
        await socket.say(type="ping")

        assert (error["type"], error["code"]) == ("error", code)
        assert error["message"]
        assert await socket.hear() == {"type": "pong"}

    async def test_bytes_are_no_message(self, socket):
        await socket.send(bytes=b"\x00")

        assert (await socket.hear())["code"] == "not_json"

    async def test_a_connection_watches_so_many_rooms_and_no_more(self, socket):
        orders = [str(uuid.UUID(int=number)) for number in range(messages.MAX_ROOMS + 1)]
        for order_id in orders[:-1]:
            token = identity.status_token(settings.STATUS_TOKEN_SECRET, order_id)
            assert (await socket.ask(f"order:{order_id}", token=token))["type"] == "snapshot"

        assert (await socket.ask("product:lamp"))["code"] == "too_many_rooms"

    async def test_one_bad_room_does_not_take_the_others_with_it(self, socket):
        show(version=1)
        rooms = [{"room": "product:lamp"}, {"room": "nonsense"}]

        await socket.say(type="subscribe", rooms=rooms)

        assert [(await socket.hear())["type"] for _ in rooms] == ["snapshot", "error"]


class TestConnect:
    @pytest.mark.parametrize(
        ("headers", "welcome"),
        [
            (OURS, True),
            ([(b"host", b"10.0.0.1:8002"), (b"x-forwarded-host", b"shop.example.org"), OURS[1]], True),
            ([(b"host", b"10.0.0.1:8002"), (b"origin", settings.EDGE_URL.encode())], True),
            ([(b"host", b"shop.example.org")], True),
            ([(b"host", b"shop.example.org"), (b"origin", b"https://evil.example.net")], False),
            ([(b"host", b"shop.example.org"), (b"origin", b"null")], False),
            ([(b"origin", b"null")], False),
        ],
    )
    async def test_only_our_own_pages_may(self, application, headers, welcome):
        assert await Socket(application, headers=headers).connect() is welcome

    async def test_no_other_path_is_a_socket(self, application):
        assert not await Socket(application, path="/other/").connect()


class TestDoor:
    async def test_who_finds_no_place_is_told_when_to_come_back(self, store):
        hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.make)
        application = asgi.build(hub, Door(most=2, most_of_one=1))
        first = Socket(application, client=("203.0.113.1", 1))
        await first.connect()

        crowded, other, full = [
            Socket(application, client=(address, 1))
            for address in ("203.0.113.1", "203.0.113.2", "203.0.113.3")
        ]
        for socket in (crowded, other, full):
            await socket.connect()
        endings = [await crowded.wire.receive_output(), await full.wire.receive_output()]
        await first.disconnect()
        await crowded.disconnect()
        await full.disconnect()
        await crowded_again_is_welcome(application)
        await other.disconnect()
        await hub.close()

        assert [ending["code"] for ending in endings] == [codes.CROWDED.code, codes.FULL.code]
        assert json.loads(endings[0]["reason"])["retry_within_ms"] > 1000

    async def test_a_flood_of_messages_ends_its_own_connection(self, application, socket):
        flooder = Socket(application)
        await flooder.connect()

        for _ in range(int(admission.BURST) + 50):
            await flooder.say(type="ping")
        heard = await flooder.wire.receive_output()
        while heard["type"] == "websocket.send":
            heard = await flooder.wire.receive_output()
        await flooder.disconnect()
        await socket.say(type="ping")

        assert heard["code"] == codes.FLOODING.code
        assert not codes.FLOODING.is_resumable
        assert await socket.hear() == {"type": "pong"}


async def crowded_again_is_welcome(application):
    again = Socket(application, client=("203.0.113.1", 1))
    await again.connect()
    await again.say(type="ping")
    assert await again.hear() == {"type": "pong"}
    await again.disconnect()


class TestViewers:
    async def test_who_looks_is_counted_and_told_over_all_processes(self, application, store, monkeypatch):
        monkeypatch.setattr(viewers, "EVERY", 0.05)
        show(version=1)
        elsewhere = Hub(RoomStore(settings.REDIS_URL), make=snapshots.make)
        sockets = [Socket(application) for _ in range(3)] + [Socket(asgi.build(elsewhere))]
        for socket in sockets:
            await socket.connect()
        in_a_list, first, hidden, other = sockets

        await in_a_list.ask("product:lamp")
        for socket in sockets[1:]:
            await socket.ask("product:lamp", viewers=True)
        counts = [await hear_count(first, 3)]
        await hidden.ask("product:lamp")
        counts.append(await hear_count(first, 2))
        await other.disconnect()
        counts.append(await hear_count(first, 1))

        assert {count["type"] for count in counts} == {"viewers"}
        assert await in_a_list.wire.receive_nothing(0.1)
        for socket in sockets[:3]:
            await socket.disconnect()
        await elsewhere.close()


async def hear_count(socket, count):
    while (heard := await socket.hear())["count"] != count:
        assert heard["room"] == "product:lamp"
    return heard


class TestHealth:
    @pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/live/", 404)])
    async def test_says_how_it_is(self, application, database, path, status):
        wire = ApplicationCommunicator(application, {"type": "http", "method": "GET", "path": path})
        await wire.send_input({"type": "http.request"})

        assert (await wire.receive_output())["status"] == status
        assert json.loads((await wire.receive_output())["body"])

"""The whole application behind `/live/`: what a page says, and what it is told."""

import json
import uuid

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from fastpath_lambda import identity
from live import messages
from tests.live.talking import OURS, PATIENCE, Socket
from tests.live.world import show


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
        await socket.leave("product:lamp")
        show(version=2)

        answer = await socket.ask("product:lamp", position=position)

        assert (answer["type"], answer.get("recovered")) in (("update", True), ("update", None))
        assert answer["changes"] or (await socket.hear())["changes"]

    async def test_an_unsubscribed_room_is_silent(self, socket, another):
        show(version=1)
        for one in (socket, another):
            await one.ask("product:lamp")

        await socket.leave("product:lamp")
        show(version=2, status="sold_out")

        assert (await another.hear())["changes"]["LAMP"]["version"] == 2
        assert await socket.hears_nothing()

    @pytest.mark.parametrize("room", ["product:nothing", "show:nothing"])
    async def test_a_slug_of_nothing_is_unknown(self, socket, database, room):
        error = await socket.ask(room)

        assert (error["type"], error["code"], error["room"]) == ("error", "unknown_room", room)


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


class TestHealth:
    @pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/live/", 404)])
    async def test_says_how_it_is(self, application, database, path, status):
        wire = ApplicationCommunicator(application, {"type": "http", "method": "GET", "path": path})
        await wire.send_input({"type": "http.request"})

        assert (await wire.receive_output(PATIENCE))["status"] == status
        assert json.loads((await wire.receive_output(PATIENCE))["body"])

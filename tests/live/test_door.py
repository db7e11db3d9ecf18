"""Who finds no place in a process, and who asks it for too much, over the socket."""

import json
import uuid

import pytest
from django.conf import settings

from config import asgi
from live import admission, codes, messages, snapshots
from live.admission import Door
from live.hub import Hub
from live.store import RoomStore
from tests.live.talking import Socket
from tests.live.world import show


class TestDoor:
    async def test_who_finds_no_place_is_told_when_to_come_back(self, store):
        hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.Maker())
        application = asgi.build(hub, Door(most=2, most_of_one=1))
        first = Socket(application, client=("203.0.113.1", 1))
        await first.connect()

        crowded, other, full = [
            Socket(application, client=(address, 1))
            for address in ("203.0.113.1", "203.0.113.2", "203.0.113.3")
        ]
        for socket in (crowded, other, full):
            await socket.connect()
        endings = [await crowded.receive(), await full.receive()]
        await first.disconnect()
        await crowded.disconnect()
        await full.disconnect()
        await crowded_again_is_welcome(application)
        await other.disconnect()
        await hub.close()

        assert [ending["code"] for ending in endings] == [codes.CROWDED.code, codes.FULL.code]
        assert json.loads(endings[0]["reason"])["retry_within_ms"] > 1000

    async def test_a_flood_of_messages_ends_its_own_connection(self, application, socket, monkeypatch):
        # However long these take to be read, it is a flood.
        monkeypatch.setattr(admission, "A_SECOND", 0.0)
        flooder = Socket(application)
        await flooder.connect()

        for _ in range(int(admission.BURST) + 50):
            await flooder.say(type="ping")
        heard = await flooder.receive()
        while heard["type"] == "websocket.send":
            heard = await flooder.receive()
        await flooder.disconnect()
        await socket.say(type="ping")

        assert heard["code"] == codes.FLOODING.code
        assert not codes.FLOODING.is_resumable
        assert await socket.hear() == {"type": "pong"}


class TestWhoAsksForWhatIsNotThere:
    @pytest.fixture(autouse=True)
    def standing_clock(self, monkeypatch):
        monkeypatch.setattr(admission, "A_SECOND", 0.0)

    @pytest.mark.parametrize(
        "room", ["product:gone-{}", "show:gone-{}", "lamp{}", f"order:{uuid.UUID(int=7)}"]
    )
    async def test_in_hundreds_is_closed(self, database, application, room):
        guesser = Socket(application)
        await guesser.connect()

        for number in range(300):
            await guesser.say(type="subscribe", rooms=[{"room": room.format(number)}])
        heard, errors = await guesser.receive(), 0
        while heard["type"] == "websocket.send":
            heard, errors = await guesser.receive(), errors + 1
        await guesser.disconnect()

        assert heard["code"] == codes.FLOODING.code
        assert errors == admission.BURST / (1 + admission.REFUSED)

    async def test_in_one_message_is_asked_for_no_more_once_closed(self, application, monkeypatch):
        monkeypatch.setattr(admission, "REFUSED", 300)
        guesser = Socket(application)
        await guesser.connect()

        await guesser.say(type="subscribe", rooms=[{"room": f"lamp{number}"} for number in range(50)])
        heard = [(await guesser.receive())["type"] for _ in range(2)]
        said_more = not await guesser.wire.receive_nothing(0.05)
        await guesser.disconnect()

        assert (heard, said_more) == (["websocket.send", "websocket.close"], False)

    async def test_because_it_was_all_taken_off_the_shop_goes_on(self, database, room, socket):
        gone = [{"room": f"product:gone-{number}"} for number in range(messages.MAX_ROOMS)]
        show(version=1)

        await socket.say(type="subscribe", rooms=gone)
        errors = [(await socket.hear())["code"] for _ in gone]

        assert set(errors) == {"unknown_room"}
        assert (await socket.ask("product:lamp"))["type"] == "snapshot"


async def crowded_again_is_welcome(application):
    again = Socket(application, client=("203.0.113.1", 1))
    await again.connect()
    await again.say(type="ping")
    assert await again.hear() == {"type": "pong"}
    await again.disconnect()

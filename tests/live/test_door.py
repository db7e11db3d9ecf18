"""Who finds no place in a process, and who asks it for too much, over the socket."""

import json

from django.conf import settings

from config import asgi
from live import admission, codes, snapshots
from live.admission import Door
from live.hub import Hub
from live.store import RoomStore
from tests.live.talking import Socket


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


async def crowded_again_is_welcome(application):
    again = Socket(application, client=("203.0.113.1", 1))
    await again.connect()
    await again.say(type="ping")
    assert await again.hear() == {"type": "pong"}
    await again.disconnect()

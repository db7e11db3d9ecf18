"""A page's end of a connection to the application, without a server between."""

import json
from contextlib import asynccontextmanager

from asgiref.testing import ApplicationCommunicator

OURS = [(b"host", b"shop.example.org"), (b"origin", b"https://shop.example.org")]
# Nobody waits so long but where something is wrong, or the machine stalls.
PATIENCE = 30


class Socket:
    def __init__(self, application, path="/live/", headers=OURS, **scope):
        self.wire = ApplicationCommunicator(
            application, {"type": "websocket", "path": path, "headers": headers} | scope
        )

    async def connect(self):
        await self.wire.send_input({"type": "websocket.connect"})
        return (await self.receive())["type"] == "websocket.accept"

    async def disconnect(self):
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(PATIENCE)

    async def send(self, **content):
        await self.wire.send_input({"type": "websocket.receive"} | content)

    async def say(self, **message):
        await self.send(text=json.dumps(message))

    async def receive(self):
        return await self.wire.receive_output(PATIENCE)

    async def hear(self):
        return json.loads((await self.receive())["text"])

    async def hears_nothing(self):
        """Of what somebody else heard by now: whoever is told of it at all is told in the same turn."""
        return await self.wire.receive_nothing(0.05)

    async def ask(self, room, **interest):
        await self.say(type="subscribe", rooms=[{"room": room} | interest])
        return await self.hear()

    async def leave(self, room):
        """Returns once it was left."""
        await self.say(type="unsubscribe", rooms=[{"room": room}])
        await self.say(type="ping")
        while await self.hear() != {"type": "pong"}:
            pass


@asynccontextmanager
async def connected(application):
    socket = Socket(application)
    await socket.connect()
    yield socket
    await socket.disconnect()

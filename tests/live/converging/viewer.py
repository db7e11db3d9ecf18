"""A client that does what docs/live.md asks of one, and holds the server to its promises."""

import asyncio
import json
import random

import websockets

QUIET, PATIENCE = 1.5, 1.5


class Viewer:
    """Watches its rooms through whichever door is open, until it is told to stop."""

    def __init__(self, ports, rooms, *, seed):
        self.ports = ports
        self.positions = dict.fromkeys(rooms)
        self.state = {room: {} for room in rooms}
        self.wrong = []
        self.connects = self.epochs = 0
        self._random = random.Random(seed)

    async def run(self):
        while True:
            try:
                await self._watch(self._random.choice(self.ports))
            except (OSError, TimeoutError, websockets.WebSocketException):
                await asyncio.sleep(self._random.uniform(0, 0.3))

    async def _watch(self, port):
        url = f"ws://127.0.0.1:{port}/live/"
        # The newest version that this connection told of each name, within an epoch.
        told = {}
        async with websockets.connect(url, open_timeout=3, ping_interval=None, close_timeout=0.2) as link:
            self.connects += 1
            await self._subscribe(link, self.positions)
            while True:
                message = json.loads(await self._hear(link))
                if message["type"] in ("snapshot", "update"):
                    self._check(message, told)
                    self._take(message)
                elif message["type"] == "error":
                    await asyncio.sleep(self._random.uniform(0.1, 0.4))
                    await self._subscribe(link, [message["room"]])

    async def _subscribe(self, link, rooms):
        asked = [
            {"room": room} | ({"position": self.positions[room]} if self.positions[room] else {})
            for room in rooms
        ]
        await link.send(json.dumps({"type": "subscribe", "rooms": asked}))

    async def _hear(self, link):
        try:
            async with asyncio.timeout(QUIET):
                return await link.recv()
        except TimeoutError:
            await link.send('{"type": "ping"}')
            async with asyncio.timeout(PATIENCE):
                return await link.recv()

    def _take(self, message):
        room, position = message["room"], message["position"]
        held, before = self.state[room], self.positions[room]
        is_same = before is not None and before["epoch"] == position["epoch"]
        self.epochs += not is_same
        for name, value in _values(message).items():
            if not is_same or name not in held or value["version"] > held[name]["version"]:
                held[name] = value
        self.positions[room] = position

    def _check(self, message, told):
        """No connection tells anything twice or backwards, and an update follows on what was told."""
        room, epoch = message["room"], message["position"]["epoch"]
        before = self.positions[room]
        if message["type"] == "update" and (before is None or before["epoch"] != epoch):
            self.wrong.append(f"{room}: an update of epoch {epoch} after {before}")
        for name, value in _values(message).items():
            newest = told.get((room, epoch, name), -1)
            if value["version"] < newest or (message["type"] == "update" and value["version"] == newest):
                self.wrong.append(f"{room}: {name} at {value['version']} after {newest}")
            told[room, epoch, name] = value["version"]


def _values(message):
    return message.get("state") or message.get("changes") or {}

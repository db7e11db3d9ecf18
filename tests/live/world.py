"""The lamp that these tests sell: its values as the shop tells them, its room as it stands in Redis."""

import asyncio
import json
import time

from fastpath_lambda import keys
from live import publish

LAMP = "product:lamp"


def make_value(sku="LAMP", *, available=3, version=1, status="in_stock", price="149.99", product="lamp"):
    return {
        "product": product,
        "sku": sku,
        "available": available,
        "price": price,
        "currency": "USD",
        "status": status,
        "version": version,
    }


def show(**changes):
    publish.whole_product([make_value(**changes)])


class StoredRoom:
    """Reads a room from Redis with plain commands."""

    def __init__(self, store, name=LAMP):
        self.store, self.name = store, name

    @property
    def meta(self):
        return {
            field.decode(): value for field, value in self.store.hgetall(keys.room_meta(self.name)).items()
        }

    @property
    def offset(self):
        return int(self.meta["offset"])

    @property
    def epoch(self):
        return self.meta["epoch"].decode()

    @property
    def state(self):
        held = self.store.hgetall(keys.room_state(self.name))
        return {name.decode(): json.loads(value) for name, value in held.items()}

    @property
    def log(self):
        entries = self.store.xrange(keys.room_log(self.name))
        return [(entry_id.decode(), json.loads(fields[b"changes"])) for entry_id, fields in entries]


class Watcher:
    """Watches a room and remembers what it was told, and when."""

    write = None

    def __init__(self):
        self.frames = []
        self.came = asyncio.Event()

    def offer(self, mirror, frame):
        self.frames.append((time.monotonic(), json.loads(frame.text)))
        self.came.set()

    @property
    def last(self):
        return self.frames[-1][1]

    @property
    def versions(self):
        return [value["version"] for value in self.values]

    @property
    def values(self):
        messages = [frame for _, frame in self.frames]
        return [
            value
            for message in messages
            for value in (message.get("state") or message.get("changes")).values()
        ]

    async def until(self, arrived, *, seconds=30.0):
        async with asyncio.timeout(seconds):
            while not arrived(self):
                self.came.clear()
                await self.came.wait()


class Clock:
    """The running loop's time, which stands still until it is moved: however long the machine takes."""

    def __init__(self):
        self._now = asyncio.get_running_loop().time()
        asyncio.get_running_loop().time = lambda: self._now

    async def move(self, seconds):
        """On by so many, and everything that is due then is done."""
        self._now += seconds
        await turns()


async def turns(count=20):
    """So many turns of the loop."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until_it_reads(hub, store):
    """The hub's reader waits in the store for news of every room that is watched."""
    async with asyncio.timeout(30):
        while not (
            hub._is_waiting and hub._asked == hub._wanted and store.info("clients")["blocked_clients"]
        ):
            await asyncio.sleep(0.005)

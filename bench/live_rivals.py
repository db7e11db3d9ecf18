"""What the hub is measured against: plain Channels, and websockets' own broadcast.

`bench.live_rivals:plain` and the like are ASGI applications; run as a module with a port
it is the server that broadcasts with websockets, told what by the same Redis.
"""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any

import django
import redis.asyncio as redis
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

# Consumers can be imported only from here on.
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.layers import channel_layers  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from config import asgi  # noqa: E402

TOPIC = "bench.live"
SNAPSHOT = {"type": "snapshot", "room": "product:lamp", "state": {}}

# The defaults refuse more than 100 undelivered messages of a process.
settings.CHANNEL_LAYERS["core"] = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    "CONFIG": {"hosts": [settings.REDIS_URL], "prefix": "bench", "capacity": 100_000},
}


class Plain(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """As the documentation of Channels writes it."""

    group = "plain"

    async def connect(self) -> None:
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def receive_json(self, content: Any, **_: Any) -> None:
        await self.send_json(SNAPSHOT)

    async def stock_changed(self, message: dict[str, Any]) -> None:
        await self.send_json(message["update"])


class OverCore(Plain):
    channel_layer_alias = "core"
    group = "core"


class Tuned(Plain):
    group = "tuned"


class OverCoreTuned(OverCore):
    group = "core-tuned"


async def tell(group: str, update: dict[str, Any]) -> None:
    layer = channel_layers["core" if group.startswith("core") else "default"]
    await layer.group_send(group, {"type": "stock.changed", "update": update})


class _Tuning:
    """The collector as `live` sets it, where a rival is to have that too."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        asgi.tune_garbage_collection()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


plain = ProtocolTypeRouter({"websocket": Plain.as_asgi()})
core = ProtocolTypeRouter({"websocket": OverCore.as_asgi()})
tuned = ProtocolTypeRouter({"websocket": Tuned.as_asgi(), "lifespan": _Tuning()})
core_tuned = ProtocolTypeRouter({"websocket": OverCoreTuned.as_asgi(), "lifespan": _Tuning()})


async def serve_broadcast(port: int) -> None:
    connections: set[ServerConnection] = set()

    async def watch(connection: ServerConnection) -> None:
        # The crowd goes without a goodbye.
        with contextlib.suppress(ConnectionClosed):
            async for _ in connection:
                await connection.send(json.dumps(SNAPSHOT))
                connections.add(connection)

    asgi.tune_garbage_collection()
    store = redis.Redis.from_url(settings.REDIS_URL)
    told = store.pubsub()
    await told.subscribe(TOPIC)
    async with serve(watch, "127.0.0.1", port, compression=None, ping_interval=None, backlog=2048):
        async for message in told.listen():
            if message["type"] == "message":
                broadcast(connections, message["data"].decode())


if __name__ == "__main__":
    asyncio.run(serve_broadcast(int(sys.argv[1])))

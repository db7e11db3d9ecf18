"""The entry of `live`: sockets, and nothing else. A flood of pages must not stall pushes, nor the reverse."""

import gc
import os
import resource
from collections.abc import Awaitable, Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

# Models can be imported only from here on.
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from live import health, snapshots  # noqa: E402
from live.admission import Door  # noqa: E402
from live.consumer import Live  # noqa: E402
from live.hub import Hub  # noqa: E402
from live.store import RoomStore  # noqa: E402

Asgi = Callable[..., Awaitable[None]]


def build(hub: Hub, door: Door | None = None) -> ProtocolTypeRouter:
    """The application round a hub. It has no session or user middleware: connecting looks nobody up."""
    most, most_of_one = settings.LIVE_MAX_CONNECTIONS, settings.LIVE_MAX_PER_ADDRESS
    door = door or Door(most=most, most_of_one=most_of_one)
    return ProtocolTypeRouter(
        {
            "websocket": _at("/live/", Live.as_asgi(hub=hub, door=door)),
            "http": health.application(hub.store),
            "lifespan": _lifespan(hub, door),
        }
    )


def _at(path: str, application: Asgi) -> Asgi:
    """One path, and 403 for every other: Channels' URL router raises there, and copies the scope."""

    async def route(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == path:
            await application(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    return route


def _lifespan(hub: Hub, door: Door) -> Asgi:
    async def live(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await receive()
        tune_garbage_collection()
        raise_file_limit()
        hub.viewers.count_sockets(lambda: door.inside)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await hub.close()
        await send({"type": "lifespan.shutdown.complete"})

    return live


def tune_garbage_collection() -> None:
    """Keep the cyclic collector from walking all connections again and again.

    Nearly all objects here live as long as their connection, and reference counting frees
    them; by default each broadcast to thousands sets off full collections, which took three
    quarters of its time when measured. What is loaded by now is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def raise_file_limit() -> None:
    """Take as many open files as the machine gives: a connection is one, and the usual limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


application = build(Hub(RoomStore(settings.REDIS_URL), make=snapshots.Maker()))

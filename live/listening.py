"""uvicorn's event loop with more doors: several connections are taken in at each of its turns.

Run with `uvicorn --loop live.listening:Loop`. libuv takes in one connection of a listening
socket at each turn of the loop, and while thousands are told something a turn takes some
milliseconds: then people who come are taken in by the hundred a second, the kernel's queue of
them overflows, and those at its end wait for half a minute. So the same socket is listened to
through several descriptors, each of which takes in one.
"""

import os
import socket
from typing import Any

import uvloop

# Who knocks alone wakes them all: more of them are no use, and cost it more.
DOORS = 64


class Doors:
    """Servers of one socket, closed together: what uvicorn uses of a server."""

    def __init__(self, servers: list[Any]) -> None:
        self._servers = servers

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """As a server's: one for each address, however many doors it has."""
        return tuple(self._servers[0].sockets)

    def close(self) -> None:
        for server in self._servers:
            server.close()

    async def wait_closed(self) -> None:
        for server in self._servers:
            await server.wait_closed()


class Loop(uvloop.Loop):
    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        first: Any = await super().create_server(*arguments, **options)
        servers = [first]
        same = {name: options[name] for name in ("backlog", "ssl") if name in options}
        for listener in first.sockets:
            for _ in range(DOORS - 1):
                another = socket.socket(fileno=os.dup(listener.fileno()))
                servers.append(await super().create_server(arguments[0], sock=another, **same))
        return Doors(servers)

"""A loop with several doors takes in several connections at each of its turns, and closes all of them."""

import asyncio
import socket

import pytest
import uvloop

from live import listening


class Guest(asyncio.Protocol):
    here = 0

    def connection_made(self, transport):
        Guest.here += 1


async def turns_until_in(count):
    """How many turns of the loop it takes to take in so many who came at once; and whether it can be left."""
    Guest.here, turns = 0, 0
    server = await asyncio.get_running_loop().create_server(Guest, "127.0.0.1", 0, backlog=count)
    address = server.sockets[0].getsockname()
    guests = [socket.create_connection(address) for _ in range(count)]
    while Guest.here < count:
        turns += 1
        await asyncio.sleep(0)
    server.close()
    await server.wait_closed()
    for guest in guests:
        guest.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    return turns


@pytest.mark.parametrize(
    ("loop", "least", "most"), [(uvloop.Loop, 90, 110), (listening.Loop, 1, 10)], ids=["one door", "many"]
)
def test_as_many_are_taken_in_at_each_turn_as_there_are_doors(loop, least, most):
    with asyncio.Runner(loop_factory=loop) as runner:
        turns = runner.run(turns_until_in(100))

    assert least <= turns <= most

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


async def taken_in_at_a_turn(count):
    """Of so many who came at once, how many one turn of the loop takes in; and whether it can be left."""
    Guest.here, most = 0, 0
    server = await asyncio.get_running_loop().create_server(Guest, "127.0.0.1", 0, backlog=count)
    address = server.sockets[0].getsockname()
    guests = [socket.create_connection(address) for _ in range(count)]
    # Not how many turns it takes: the system may let a turn pass before it shows who came.
    while Guest.here < count:
        before = Guest.here
        await asyncio.sleep(0)
        most = max(most, Guest.here - before)
    server.close()
    await server.wait_closed()
    for guest in guests:
        guest.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    return most


@pytest.mark.parametrize(
    ("loop", "least", "most"), [(uvloop.Loop, 1, 3), (listening.Loop, 10, 100)], ids=["one door", "many"]
)
def test_as_many_are_taken_in_at_each_turn_as_there_are_doors(loop, least, most):
    with asyncio.Runner(loop_factory=loop) as runner:
        assert least <= runner.run(taken_in_at_a_turn(100)) <= most

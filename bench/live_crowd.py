"""Thousands of sockets in one process that only notes when each got something: about 2 µs a frame.

Runs beside the server, in a process of its own, and is told what to do over a pipe.
It reads bytes and takes nothing apart: whatever is longer than a ping is the update.
"""

import multiprocessing
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from websockets.frames import Frame, Opcode

HANDSHAKE = (
    b"GET /live/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
OPENING_AT_ONCE = 256
LONGEST_PING = 20
PATIENCE = 180.0


class Crowd:
    """The other end of the pipe: what the bench calls."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()

    def open(self, count: int, *, port: int, subscription: str | None) -> float:
        """Connect so many, and wait until each has its snapshot. The seconds it took."""
        self._pipe.send(("open", count, port, subscription))
        seconds: float = self._answer()
        return seconds

    def expect(self) -> None:
        """From now on note arrivals."""
        self._pipe.send(("collect",))
        self._answer()

    def arrivals(self) -> list[float]:
        """When each got the update, on the clock that all processes share; in order."""
        moments: list[float] = self._answer()
        return moments

    def end(self) -> None:
        self._process.terminate()
        self._process.join()

    def _answer(self) -> Any:
        if not self._pipe.poll(PATIENCE * 2):
            raise TimeoutError("The crowd does not answer.")
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def a_crowd() -> Iterator[Crowd]:
    crowd = Crowd()
    try:
        yield crowd
    finally:
        crowd.end()


def _serve(pipe: Connection) -> None:
    sockets: _Sockets | None = None
    while True:
        what, *arguments = pipe.recv()
        try:
            if what == "open":
                sockets = _Sockets()
                pipe.send(sockets.open(*arguments))
            elif sockets and what == "collect":
                pipe.send(None)
                pipe.send(sockets.collect())
        except (OSError, TimeoutError) as error:
            pipe.send(error)


class _Sockets:
    def __init__(self) -> None:
        self._by_number: dict[int, socket.socket] = {}
        self._poll = select.epoll()
        self._buffer = bytearray(65536)

    def open(self, count: int, port: int, subscription: str | None) -> float:
        asking = Frame(Opcode.TEXT, (subscription or "").encode()).serialize(mask=True)
        opening: dict[int, bytes] = {}
        done = 0
        started = time.monotonic()
        while done < count:
            while len(opening) < OPENING_AT_ONCE and len(self._by_number) < count:
                opening[self._connect(port)] = b""
            if time.monotonic() > started + PATIENCE:
                raise TimeoutError(f"{done} of {count} connections are open after {PATIENCE:.0f} s.")
            for number, event in self._poll.poll(1):
                if event & select.EPOLLOUT:
                    self._by_number[number].send(HANDSHAKE)
                    self._poll.modify(number, select.EPOLLIN)
                    continue
                before = opening[number]
                heard = opening[number] = before + self._read(number)
                head, end, snapshot = heard.partition(b"\r\n\r\n")
                if end and b" 101 " not in head[:20]:
                    raise ConnectionRefusedError(head.decode())
                if end and b"\r\n\r\n" not in before and subscription:
                    self._by_number[number].send(asking)
                if snapshot:
                    del opening[number]
                    done += 1
        return time.monotonic() - started

    def _connect(self, port: int) -> int:
        one = socket.socket()
        one.setblocking(False)
        # A socket that is reset at its end leaves its port at once.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.connect_ex(("127.0.0.1", port))
        self._by_number[one.fileno()] = one
        self._poll.register(one.fileno(), select.EPOLLOUT)
        return one.fileno()

    def _read(self, number: int) -> bytes:
        heard = self._by_number[number].recv(65536)
        if not heard:
            raise ConnectionResetError("The server closed a connection while it was being opened.")
        return heard

    def collect(self) -> list[float]:
        arrived: dict[int, float] = {}
        sockets, buffer, clock = self._by_number, self._buffer, time.monotonic
        deadline = clock() + PATIENCE
        while len(arrived) < len(sockets) and clock() < deadline:
            for number, _ in self._poll.poll(1, 1024):
                length = sockets[number].recv_into(buffer)
                if length > LONGEST_PING:
                    arrived[number] = clock()
                elif not length:
                    raise ConnectionResetError("The server closed a connection that was watching.")
        if len(arrived) < len(sockets):
            raise TimeoutError(f"{len(arrived)} of {len(sockets)} got the update in {PATIENCE:.0f} s.")
        return sorted(arrived.values())

"""Thousands of viewers in one process: each checks what it is told, and comes back when it loses the link.

They are live.js in what counts: a position and a version of each SKU, full jitter, the
server's hint. Since they all see the same, what a message does to a state is worked out
once and looked up ten thousand times: checking costs about 1 µs a frame, reading 2.
"""

import heapq
import random
import select
import socket
import struct
import time
from multiprocessing.connection import Connection
from typing import Any

from bench.live_crowd import HANDSHAKE, PATIENCE
from bench.live_knowledge import Knowledge, Step, masked

AT_ONCE = 256
# As static/js/live/connection.js.
FIRST_DELAY, LAST_DELAY = 4.0, 20.0
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89


class Viewer:
    __slots__ = (
        "hint",
        "is_answered",
        "is_in",
        "is_new",
        "knows",
        "lost_at",
        "pending",
        "socket",
    )

    def __init__(self, knows: Knowledge) -> None:
        self.knows = knows
        self.socket: socket.socket | None = None
        self.pending = b""
        self.is_new = True
        self.is_in = self.is_answered = False
        self.hint = 0.0
        self.lost_at = 0.0


class Viewers:
    def __init__(self, port: int, knows: list[Knowledge]) -> None:
        self._port = port
        self._poll = select.epoll()
        self._by_number: dict[int, Viewer] = {}
        self._all = [Viewer(one) for one in knows]
        self._waiting = list(self._all)
        self._opening = 0
        self._due: list[tuple[float, int, Viewer]] = []
        self._buffer = bytearray(65536)
        self.steps: list[Step] = []
        self.back_after: list[float] = []
        self.refused = 0

    @property
    def all(self) -> list[Viewer]:
        return self._all

    def turn(self, pipe: Connection) -> bool:
        """Do what there is to do. True where something is asked over the pipe."""
        while self._waiting and self._opening < AT_ONCE:
            self._connect(self._waiting.pop())
            self._opening += 1
        while self._due and self._due[0][0] <= time.monotonic():
            self._connect(heapq.heappop(self._due)[2])
        pause = min(max(self._due[0][0] - time.monotonic(), 0), 0.05) if self._due else 0.05
        for number, event in self._poll.poll(pause, 1024):
            self._hear(self._by_number[number], number, event)
        return pipe.poll()

    def _connect(self, viewer: Viewer) -> None:
        one = viewer.socket = socket.socket()
        one.setblocking(False)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A socket that is reset at its end leaves its port at once.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.connect_ex(("127.0.0.1", self._port))
        viewer.pending, viewer.is_in, viewer.is_answered = b"", False, False
        self._by_number[one.fileno()] = viewer
        self._poll.register(one.fileno(), select.EPOLLOUT)

    def _hear(self, viewer: Viewer, number: int, event: int) -> None:
        assert viewer.socket is not None
        try:
            if event & select.EPOLLOUT and not event & (select.EPOLLERR | select.EPOLLHUP):
                viewer.socket.send(HANDSHAKE)
                self._poll.modify(number, select.EPOLLIN)
                return
            length = viewer.socket.recv_into(self._buffer)
        except OSError:
            length = 0
        heard = bytes(self._buffer[:length])
        # Nearly always this is one frame, which others have had before.
        if viewer.is_answered and not viewer.pending and (step := viewer.knows.after.get(heard)):
            viewer.knows = step.knows
            step.arrivals.append(time.monotonic())
        elif heard:
            self._take_apart(viewer, heard)
        else:
            self._lose(viewer, number)

    def _take_apart(self, viewer: Viewer, heard: bytes) -> None:
        assert viewer.socket is not None
        viewer.pending += heard
        if not viewer.is_in:
            head, end, rest = viewer.pending.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head[:20]:
                raise ConnectionRefusedError(head.decode())
            viewer.is_in, viewer.pending = True, rest
            viewer.socket.send(viewer.knows.question)
        while frame := _first_frame(viewer.pending):
            viewer.pending = viewer.pending[len(frame) :]
            self._take(viewer, frame)

    def _take(self, viewer: Viewer, frame: bytes) -> None:
        assert viewer.socket is not None
        if frame[0] == _TEXT:
            is_new = frame not in viewer.knows.after
            step = viewer.knows.step(frame)
            if is_new:
                self.steps.append(step)
            step.arrivals.append(time.monotonic())
            viewer.knows = step.knows
            self._note_answer(viewer)
        elif frame[0] == _PING:
            viewer.socket.send(masked(0x8A, frame[2:]))
        elif frame[0] == _CLOSE:
            viewer.hint = _hint(frame[4:])
            viewer.socket.send(masked(_CLOSE, frame[2:4]))

    def _note_answer(self, viewer: Viewer) -> None:
        if not viewer.is_answered:
            viewer.is_answered, viewer.hint = True, 0.0
            self._opening -= viewer.is_new
            viewer.is_new = False
            if viewer.lost_at:
                self.back_after.append(time.monotonic() - viewer.lost_at)
                viewer.lost_at = 0.0

    def _lose(self, viewer: Viewer, number: int) -> None:
        assert viewer.socket is not None
        self._poll.unregister(number)
        del self._by_number[number]
        viewer.socket.close()
        now = time.monotonic()
        viewer.lost_at = viewer.lost_at or now
        viewer.is_answered = False
        self.refused += not viewer.is_in
        most = viewer.hint or min(LAST_DELAY, max(FIRST_DELAY, (now - viewer.lost_at) / 2))
        heapq.heappush(self._due, (now + random.uniform(0, most), id(viewer), viewer))


def _first_frame(heard: bytes) -> bytes:
    """The frame at the start, or nothing where it is not all there."""
    if len(heard) < 4:
        return heard if len(heard) >= 2 and len(heard) == 2 + heard[1] else b""
    length, start = heard[1], 2
    if length == 126:
        length, start = int.from_bytes(heard[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(heard[2:10], "big"), 10
    return heard[: start + length] if len(heard) >= start + length else b""


def _hint(reason: bytes) -> float:
    found = reason.decode().partition('"retry_within_ms": ')[2].rstrip("}")
    return int(found) / 1000 if found else 0.0


def serve(pipe: Connection, port: int, knows: list[Knowledge]) -> None:
    """What the other process of bench/live_audience.py does."""
    viewers = Viewers(port, knows)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if viewers.turn(pipe):
                pipe.send(_answer(viewers, pipe.recv()))
        except OSError as error:
            pipe.send(error)
            return
        if time.monotonic() > deadline and not any(viewer.is_answered for viewer in viewers.all):
            pipe.send(TimeoutError(f"None of {len(viewers.all)} viewers was answered."))
            return


def _answer(viewers: Viewers, asked: str) -> Any:
    if asked == "standing":
        return [(viewer.knows.room, viewer.knows.offset, viewer.is_answered) for viewer in viewers.all]
    if asked == "steps":
        return [step.summary() for step in viewers.steps if step.arrivals]
    back, viewers.back_after = viewers.back_after, []
    return back, viewers.refused

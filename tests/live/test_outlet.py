"""A slow reader costs a frame and a mark per room, and delays nobody."""

import asyncio
import json

import pytest
from msgspec import Raw

from live import codes, eager, mirror, outlet


def make_mirror(name="product:lamp"):
    return mirror.Mirror(name, mirror.Stored("e1", 0, {}))


def change(room, number):
    room.take(number, {"LAMP": Raw(str(number).encode())})
    return room.show()


class Reader:
    """The other end of a connection, which reads only while its gate is open."""

    def __init__(self):
        self.gate = asyncio.Event()
        self.read = []
        self.under_way = 0

    async def send(self, message):
        self.under_way += 1
        await self.gate.wait()
        self.under_way -= 1
        self.read.append(json.loads(message["text"]))


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


class TestSendOutlet:
    async def test_a_quick_reader_gets_every_frame_at_once(self):
        reader, room = Reader(), make_mirror()
        reader.gate.set()
        sending = outlet.SendOutlet(reader.send)

        for number in range(1, 4):
            sending.offer(room, change(room, number))

        assert [frame["position"]["offset"] for frame in reader.read] == [1, 2, 3]

    async def test_a_slow_reader_gets_the_latest_state_of_each_room(self):
        reader, lamp, desk = Reader(), make_mirror(), make_mirror("product:desk")
        sending = outlet.SendOutlet(reader.send)

        for number in range(1, 1001):
            sending.offer(lamp, change(lamp, number))
            sending.offer(desk, change(desk, number))
        assert reader.under_way == 1
        reader.gate.set()
        await settle()

        assert [(frame["type"], frame["room"], frame["position"]["offset"]) for frame in reader.read] == [
            ("update", "product:lamp", 1),
            ("snapshot", "product:desk", 1000),
            ("snapshot", "product:lamp", 1000),
        ]

    async def test_a_room_that_was_left_is_not_caught_up_on(self):
        reader, lamp = Reader(), make_mirror()
        sending = outlet.SendOutlet(reader.send)
        sending.offer(lamp, change(lamp, 1))
        sending.offer(lamp, change(lamp, 2))

        sending.forget("product:lamp")
        reader.gate.set()
        await settle()

        assert len(reader.read) == 1

    @pytest.mark.parametrize("error", [OSError, RuntimeError, ValueError])
    async def test_a_reader_that_is_gone_raises_nothing(self, error):
        async def send(message):
            raise error("gone")

        outlet.SendOutlet(send).offer(make_mirror(), make_mirror().snapshot())


class Wire:
    """A connection that takes finished frames, so many and then no more until it is emptied."""

    on_writable = None

    def __init__(self, *, room=1):
        self.room = room
        self.taken = []
        self.closed = None

    def write_frame(self, frame):
        if len(self.taken) == self.room:
            return False
        self.taken.append(json.loads(frame[frame.index(b"{") :]))
        return True

    def close(self, code, reason=""):
        self.closed = code

    def empty(self):
        self.taken.clear()
        self.on_writable()


class TestFrameOutlet:
    async def test_a_quick_reader_gets_every_frame_at_once(self):
        wire, room = Wire(room=9), make_mirror()

        for number in range(1, 4):
            outlet.FrameOutlet(wire).offer(room, change(room, number))

        assert [frame["position"]["offset"] for frame in wire.taken] == [1, 2, 3]

    async def test_a_slow_reader_gets_the_latest_state_of_each_room(self):
        wire, lamp, desk = Wire(room=2), make_mirror(), make_mirror("product:desk")
        slow = outlet.FrameOutlet(wire)

        for number in range(1, 1001):
            slow.offer(lamp, change(lamp, number))
            slow.offer(desk, change(desk, number))
        assert len(wire.taken) == 2
        wire.empty()

        assert {(frame["type"], frame["room"], frame["position"]["offset"]) for frame in wire.taken} == {
            ("snapshot", "product:lamp", 1000),
            ("snapshot", "product:desk", 1000),
        }

    async def test_who_takes_nothing_for_long_is_given_up_and_may_come_back(self, monkeypatch):
        monkeypatch.setattr(outlet, "GIVEN_UP_AFTER", 0.02)
        wire, room = Wire(), make_mirror()
        dead = outlet.FrameOutlet(wire)

        for number in range(1, 3):
            dead.offer(room, change(room, number))
        await asyncio.sleep(0.05)

        assert wire.closed == codes.TOO_SLOW.code
        assert codes.TOO_SLOW.is_resumable

    async def test_who_takes_a_little_now_and_then_is_not_given_up(self, monkeypatch):
        monkeypatch.setattr(outlet, "GIVEN_UP_AFTER", 0.04)
        wire, room = Wire(), make_mirror()
        slow = outlet.FrameOutlet(wire)

        for number in range(1, 9):
            slow.offer(room, change(room, number * 2 - 1))
            slow.offer(room, change(room, number * 2))
            await asyncio.sleep(0.015)
            wire.empty()

        assert wire.closed is None

    async def test_after_the_end_nothing_is_waited_for(self, monkeypatch):
        monkeypatch.setattr(outlet, "GIVEN_UP_AFTER", 0.01)
        wire, room = Wire(), make_mirror()
        gone = outlet.FrameOutlet(wire)
        for number in range(1, 3):
            gone.offer(room, change(room, number))

        gone.close()
        await asyncio.sleep(0.03)

        assert (wire.closed, wire.on_writable) == (None, None)


class TestEager:
    async def test_is_done_at_once_where_nothing_waits(self):
        done = []

        async def work():
            done.append(True)

        assert eager.start(work()) is None
        assert done

    async def test_goes_on_as_a_task_where_something_waits(self):
        done = []
        future = asyncio.get_running_loop().create_future()

        async def work():
            done.append(await future)
            await asyncio.sleep(0.001)
            done.append("rested")

        task = eager.start(work())
        future.set_result("woken")
        await task

        assert done == ["woken", "rested"]

    async def test_a_failure_while_waiting_reaches_the_coroutine_and_the_task(self):
        future = asyncio.get_running_loop().create_future()
        seen = []

        async def work():
            try:
                await future
            except OSError as error:
                seen.append(error)
                raise

        task = eager.start(work())
        future.set_exception(OSError("gone"))
        await asyncio.gather(task, return_exceptions=True)

        assert seen
        assert isinstance(task.exception(), OSError)

    async def test_can_be_cancelled(self):
        seen = []

        async def work():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                seen.append(True)
                raise

        task = eager.start(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert seen
        assert task.cancelled()

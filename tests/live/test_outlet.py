"""A slow reader costs a frame and a mark per room, and delays nobody."""

import asyncio
import json

import pytest
from msgspec import Raw

from live import codes, mirror, outlet, watching


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

    on_change = None

    def __init__(self, *, room=1):
        self.room = room
        self.taken = []
        self.closed = None
        self.write = self.take

    def take(self, frame):
        self.taken.append(json.loads(frame[frame.index(b"{") :]))
        if len(self.taken) == self.room:
            self.become(None)

    def become(self, write):
        self.write = write
        self.on_change()

    def close(self, code, reason=""):
        self.closed = code
        self.become(None)

    def empty(self):
        self.taken.clear()
        self.become(self.take)


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

        assert (wire.closed, wire.on_change) == (None, None)


class TestShow:
    async def test_gives_each_what_it_can_take(self):
        quick, full, elsewhere = Wire(room=9), Wire(), Reader()
        elsewhere.gate.set()
        watchers = [outlet.FrameOutlet(quick), outlet.FrameOutlet(full), outlet.SendOutlet(elsewhere.send)]
        room = make_mirror()

        for number in range(1, 4):
            watching.show(watchers, room, change(room, number))
        full.empty()

        assert [frame["position"]["offset"] for frame in quick.taken] == [1, 2, 3]
        assert [(frame["type"], frame["position"]["offset"]) for frame in full.taken] == [("snapshot", 3)]
        assert [frame["position"]["offset"] for frame in elsewhere.read] == [1, 2, 3]

    async def test_who_left_while_it_was_shown_is_no_reason_to_stop(self):
        wires = [Wire(room=9) for _ in range(3)]
        watchers = {outlet.FrameOutlet(wire): None for wire in wires}
        # The first has no room after this one, and whoever hears of that takes the second off the list.
        wires[0].room = 1
        wires[0].on_change = lambda: watchers.popitem()
        room = make_mirror()

        watching.show(watchers, room, change(room, 1))

        assert [len(wire.taken) for wire in wires] == [1, 1, 1]

"""A slow reader costs a frame and a mark per room, and delays nobody."""

import asyncio
import json

import pytest
from msgspec import Raw

from live import codes, messages, mirror, outlet, watching
from live.frames import Frame
from tests.live.world import Clock, turns


@pytest.fixture
async def clock():
    return Clock()


def make_room(name="product:lamp"):
    return watching.Telling(mirror.Mirror(name, mirror.Stored("e1", 0, {})))


def change(room, number):
    """The frame that tells of it."""
    changes = show(room, number)
    return Frame(messages.Update(room.name, room.room.position, changes))


def show(room, number):
    room.room.take(number, {"LAMP": Raw(str(number).encode())})
    return room.room.show()


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


class TestSendOutlet:
    async def test_a_quick_reader_gets_every_frame_at_once(self):
        reader, room = Reader(), make_room()
        reader.gate.set()
        sending = outlet.SendOutlet(reader.send)

        for number in range(1, 4):
            sending.offer(room, change(room, number))

        assert [frame["position"]["offset"] for frame in reader.read] == [1, 2, 3]

    async def test_a_slow_reader_gets_the_latest_state_of_each_room(self):
        reader, lamp, desk = Reader(), make_room(), make_room("product:desk")
        sending = outlet.SendOutlet(reader.send)

        for number in range(1, 1001):
            sending.offer(lamp, change(lamp, number))
            sending.offer(desk, change(desk, number))
        assert reader.under_way == 1
        reader.gate.set()
        await turns()

        assert [(frame["type"], frame["room"], frame["position"]["offset"]) for frame in reader.read] == [
            ("update", "product:lamp", 1),
            ("snapshot", "product:desk", 1000),
            ("snapshot", "product:lamp", 1000),
        ]

    async def test_a_room_that_was_left_is_not_caught_up_on(self):
        reader, lamp = Reader(), make_room()
        sending = outlet.SendOutlet(reader.send)
        sending.offer(lamp, change(lamp, 1))
        sending.offer(lamp, change(lamp, 2))

        sending.forget("product:lamp")
        reader.gate.set()
        await turns()

        assert len(reader.read) == 1

    @pytest.mark.parametrize("error", [OSError, RuntimeError, ValueError])
    async def test_a_reader_that_is_gone_raises_nothing(self, error):
        async def send(message):
            raise error("gone")

        outlet.SendOutlet(send).offer(make_room(), make_room().room.snapshot())


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
        wire, room = Wire(room=9), make_room()

        for number in range(1, 4):
            outlet.FrameOutlet(wire).offer(room, change(room, number))

        assert [frame["position"]["offset"] for frame in wire.taken] == [1, 2, 3]

    async def test_a_slow_reader_gets_the_latest_state_of_each_room(self):
        wire, lamp, desk = Wire(room=2), make_room(), make_room("product:desk")
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

    async def test_who_takes_nothing_for_long_is_given_up_and_may_come_back(self, clock):
        wire, room = Wire(), make_room()
        dead = outlet.FrameOutlet(wire)

        for number in range(1, 3):
            dead.offer(room, change(room, number))
        await clock.move(outlet.GIVEN_UP_AFTER - 0.1)
        assert wire.closed is None
        await clock.move(0.2)

        assert wire.closed == codes.TOO_SLOW.code
        assert codes.TOO_SLOW.is_resumable

    async def test_who_takes_a_little_now_and_then_is_not_given_up(self, clock):
        wire, room = Wire(), make_room()
        slow = outlet.FrameOutlet(wire)

        for number in range(1, 9):
            slow.offer(room, change(room, number * 2 - 1))
            slow.offer(room, change(room, number * 2))
            await clock.move(outlet.GIVEN_UP_AFTER / 3)
            wire.empty()

        assert wire.closed is None

    async def test_after_the_end_nothing_is_waited_for(self, clock):
        wire, room = Wire(), make_room()
        gone = outlet.FrameOutlet(wire)
        for number in range(1, 3):
            gone.offer(room, change(room, number))

        gone.close()
        await clock.move(outlet.GIVEN_UP_AFTER * 3)

        assert (wire.closed, wire.on_change) == (None, None)


async def test_a_room_gives_each_what_it_can_take():
    quick, full, elsewhere = Wire(room=9), Wire(room=2), Reader()
    elsewhere.gate.set()
    room = make_room()
    for one in (outlet.FrameOutlet(quick), outlet.FrameOutlet(full), outlet.SendOutlet(elsewhere.send)):
        room.join(one, room.room.snapshot())

    for number in range(1, 4):
        room.tell(show(room, number))
    full.empty()

    assert [frame["position"]["offset"] for frame in quick.taken] == [0, 1, 2, 3]
    assert [(frame["type"], frame["position"]["offset"]) for frame in full.taken] == [("snapshot", 3)]
    assert [frame["position"]["offset"] for frame in elsewhere.read] == [0, 1, 2, 3]


async def test_who_has_room_again_while_the_others_are_told_is_not_told_twice(monkeypatch):
    monkeypatch.setattr(watching, "AT_ONCE", 1)
    wires = [Wire(room=1), Wire(room=9)]
    room = make_room()
    for wire in wires:
        room.join(outlet.FrameOutlet(wire), room.room.snapshot())
    room.tell(show(room, 1))
    await turns()

    room.tell(show(room, 2))  # The second is told, the first waits for its turn.
    wires[0].room = 9
    wires[0].empty()
    await turns()

    assert [(frame["type"], frame["position"]["offset"]) for frame in wires[0].taken] == [("snapshot", 2)]
    assert [frame["position"]["offset"] for frame in wires[1].taken] == [0, 1, 2]

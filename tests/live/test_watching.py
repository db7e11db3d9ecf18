"""Who watches a room is told of each change once, some at a time, and of the latest when the turn comes."""

import asyncio
import json
import random

import pytest
from msgspec import Raw

from live import messages, watching
from live.mirror import Mirror, Stored
from live.watching import Telling
from tests.live.world import Clock, turns


class Lamp:
    """A room whose every change raises the version of one of its values, and what was told of it."""

    def __init__(self):
        self.telling = Telling(Mirror("product:lamp", Stored("e1", 0, {})))

    @property
    def mirror(self):
        return self.telling.room

    def change(self, sku="LAMP", *, at_once=False):
        version = self.mirror.position.offset + 1
        self.mirror.take(version, {sku: Raw(str(version).encode())})
        self.telling.tell(self.mirror.show(), at_once=at_once)

    def watch(self, position=None):
        watcher = Reader()
        self.telling.join(watcher, self.mirror.answer(position))
        return watcher


class Reader:
    """Has what it was told, and complains of whatever it has already."""

    write = None

    def __init__(self):
        self.told = []
        self.state = {}

    def offer(self, room, frame):
        message = json.loads(frame.text)
        if message["type"] == "snapshot":
            self.state = message["state"]
        for name, version in message.get("changes", {}).items():
            assert version > self.state.get(name, 0), f"{name} {version} was told before"
            self.state[name] = version
        self.told.append(message["position"]["offset"])


@pytest.fixture
async def clock():
    return Clock()


@pytest.fixture
async def lamp(monkeypatch, clock):
    monkeypatch.setattr(watching, "AT_ONCE", 2)
    return Lamp()


class TestTell:
    async def test_tells_some_now_and_the_others_when_the_process_has_looked_round(self, lamp):
        readers = [lamp.watch() for _ in range(5)]

        lamp.change()
        told_now = [reader.told for reader in readers].count([0, 1])
        await turns()

        assert told_now == 2
        assert all(reader.told == [0, 1] for reader in readers)

    async def test_what_comes_meanwhile_joins_what_the_others_wait_for(self, lamp, clock):
        readers = [lamp.watch() for _ in range(5)]

        lamp.change("LAMP")
        lamp.change("SHADE")
        await turns()
        before_its_window = sorted(reader.told.copy() for reader in readers)
        await clock.move(watching.WINDOW * 1.2)

        assert before_its_window == [[0, 1], [0, 1], [0, 2], [0, 2], [0, 2]]
        assert sorted(reader.told for reader in readers) == [[0, 1, 2], [0, 1, 2], [0, 2], [0, 2], [0, 2]]
        assert all(reader.state == {"LAMP": 1, "SHADE": 2} for reader in readers)

    async def test_a_change_that_waits_for_nobody_is_told_in_one_turn(self, lamp):
        readers = [lamp.watch() for _ in range(5)]

        lamp.change()
        lamp.change(at_once=True)
        await turns()

        assert all(reader.told[-1] == 2 for reader in readers)

    async def test_who_left_is_told_nothing_more(self, lamp):
        readers = [lamp.watch() for _ in range(5)]

        lamp.change()
        lamp.telling.leave(readers[0])
        await turns()

        assert [len(reader.told) for reader in readers] == [1, 2, 2, 2, 2]

    async def test_who_asks_again_while_the_others_are_told_is_not_told_twice(self, lamp):
        readers = [lamp.watch() for _ in range(5)]

        lamp.change()
        lamp.telling.join(readers[0], lamp.mirror.answer(messages.Position("e1", 0)))
        await turns()

        assert readers[0].told == [0, 1]

    async def test_a_new_beginning_is_all_that_anybody_is_told(self, lamp):
        readers = [lamp.watch() for _ in range(5)]

        lamp.change()
        lamp.mirror.refresh(Stored("e2", 7, {"LAMP": Raw(b"1")}))
        lamp.telling.tell_all()
        await turns()

        assert all(reader.told[-1] == 7 and reader.state == {"LAMP": 1} for reader in readers)
        assert sorted(len(reader.told) for reader in readers) == [2, 2, 2, 3, 3]


class TestReadyAt:
    async def test_is_a_window_later_or_sooner_while_some_are_still_told(self, lamp):
        for _ in range(3):
            lamp.watch()

        lamp.change()
        while_some_wait = lamp.telling.ready_at - lamp.telling.told_at
        await turns()

        assert while_some_wait == pytest.approx(watching.JOINING)
        assert lamp.telling.ready_at - lamp.telling.told_at == pytest.approx(watching.WINDOW)

    async def test_nobody_is_woken_who_was_told_before(self, lamp):
        woken = []

        lamp.telling.wake(lambda: woken.append(1), at=0)
        lamp.change()
        await turns()

        assert woken == []


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_everybody_ends_with_all_of_it(lamp, seed):
    chance = random.Random(seed)
    readers = [lamp.watch() for _ in range(7)]

    for _ in range(60):
        match chance.choice(["change", "change", "turn", "turn", "come", "leave", "catch up"]):
            case "change":
                lamp.change(chance.choice("ABC"), at_once=chance.random() < 0.5)
            case "turn":
                await asyncio.sleep(0)
            case "come":
                readers.append(lamp.watch())
            case "leave" if len(readers) > 1:
                lamp.telling.leave(readers.pop(chance.randrange(len(readers))))
            case "catch up":
                reader = chance.choice(readers)
                reader.offer(lamp.telling, lamp.telling.catch_up(reader))
    lamp.change(at_once=True)
    await turns()

    expected = {name: json.loads(bytes(value)) for name, value in lamp.mirror.state.items()}
    assert all(reader.state == expected for reader in readers)
    assert all(reader.told == sorted(reader.told) for reader in readers)

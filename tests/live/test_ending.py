"""What runs for ever ends when it is told to, though it may not have heard it the first time."""

import asyncio

import pytest

from live import ending, viewers
from live.viewers import Viewers


class Deaf:
    """A store that does not answer, and whose client loses a cancellation, as it can before Python 3.12."""

    def __init__(self):
        self.is_asked = asyncio.Event()
        self.has_lost_one = False

    async def viewers(self, counts):
        self.is_asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.has_lost_one:
                raise
            self.has_lost_one = True
        return {}


@pytest.fixture
async def counting(monkeypatch):
    monkeypatch.setattr(viewers, "EVERY", 0.0)
    counting = Viewers(Deaf())
    counting.count_sockets(lambda: 1)
    await counting._store.is_asked.wait()
    return counting


async def test_who_is_told_once_goes_on(counting):
    counting._counting.cancel()

    assert not (await asyncio.wait({counting._counting}, timeout=0.1))[0]
    await ending.end(counting._counting)


async def test_who_is_told_until_it_ends_ends(counting):
    await asyncio.wait_for(counting.close(), 30)

    assert counting._store.has_lost_one
    assert counting._counting.cancelled()


async def test_what_had_failed_has_ended():
    async def fail():
        raise OSError("gone")

    await ending.end(asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(600)))

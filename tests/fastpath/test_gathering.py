"""Calls that come up in one turn of the loop go out together, and each gets its own answer."""

import asyncio

import pytest

from fastpath_lambda import gathering
from fastpath_lambda.gathering import Gathering
from fastpath_lambda.resp import Refused, Unavailable
from fastpath_lambda.stores.commands import Command


class Recorder:
    """A connection that answers each request with its own word, and remembers what it was sent."""

    def __init__(self, *, error=None):
        self.sent, self.error = [], error

    async def run(self, command):
        self.sent.append(command.words)
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return list(command.words[1:])


def take_of(sale, word):
    return Command((sale, word), own=1)


class TestGathering:
    async def test_sends_what_comes_up_in_one_turn_as_one(self):
        redis = Recorder()
        gathered = Gathering(redis.run)

        replies = await asyncio.gather(*(gathered.run(take_of("lamp", word)) for word in "abc"))

        assert replies == [["a"], ["b"], ["c"]]
        assert redis.sent == [("lamp", "a", "b", "c")]

    async def test_keeps_sales_apart(self):
        redis = Recorder()
        gathered = Gathering(redis.run)

        await asyncio.gather(
            *(
                gathered.run(take_of(sale, word))
                for sale, word in [("lamp", "a"), ("rod", "b"), ("lamp", "c")]
            )
        )

        assert redis.sent == [("lamp", "a", "c"), ("rod", "b")]

    async def test_waits_for_nobody(self):
        redis = Recorder()
        gathered = Gathering(redis.run)

        for word in "ab":
            assert await gathered.run(take_of("lamp", word)) == [word]

        assert redis.sent == [("lamp", "a"), ("lamp", "b")]

    async def test_lets_other_commands_pass(self):
        redis = Recorder()

        await Gathering(redis.run).run(Command(("ECHO", "a")))

        assert redis.sent == [("ECHO", "a")]

    async def test_never_makes_a_call_that_keeps_all_others_waiting(self, monkeypatch):
        monkeypatch.setattr(gathering, "MOST_TOGETHER", 2)
        redis = Recorder()
        gathered = Gathering(redis.run)

        replies = await asyncio.gather(*(gathered.run(take_of("lamp", word)) for word in "abcde"))

        assert replies == [["a"], ["b"], ["c"], ["d"], ["e"]]
        assert redis.sent == [("lamp", "a", "b"), ("lamp", "c", "d"), ("lamp", "e")]

    @pytest.mark.parametrize("error", [Unavailable("lost"), Refused("WRONGTYPE"), ValueError("a mistake")])
    async def test_tells_everybody_of_a_failure(self, error):
        gathered = Gathering(Recorder(error=error).run)

        outcomes = await asyncio.gather(
            *(gathered.run(take_of("lamp", word)) for word in "ab"), return_exceptions=True
        )

        assert outcomes == [error, error]

    async def test_answers_the_others_when_one_has_left(self):
        gathered = Gathering(Recorder().run)
        left, stayed = (gathered.run(take_of("lamp", word)) for word in "ab")

        left.cancel()

        assert await stayed == ["b"]

    async def test_refuses_more_than_it_can_answer_and_goes_on_after(self, monkeypatch):
        monkeypatch.setattr(gathering, "MOST_WAITING", 2)
        gathered = Gathering(Recorder().run)
        waiting = [gathered.run(take_of("lamp", word)) for word in "ab"]

        with pytest.raises(Unavailable):
            gathered.run(take_of("lamp", "c"))

        await asyncio.gather(*waiting)
        assert await gathered.run(take_of("lamp", "d")) == ["d"]

"""When the ledger or the buffer is not there: what shoppers are told, and that nothing is lost."""

import asyncio
import os
import socket

import hiredis
import pytest

from fastpath_lambda import claims, handler, resp, sender
from fastpath_lambda.pipeline import Pipeline
from fastpath_lambda.rules import State
from fastpath_lambda.sender import Sender
from fastpath_lambda.sqs_wire import Endpoint
from fastpath_lambda.stores.commands import Command
from tests.fastpath.doors import LambdaDoor, event, post
from tests.fastpath.world import ask, loaded

NOBODY = "redis://127.0.0.1:9/0"
PING = Command(("PING",))


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def answers(pipeline):
    try:
        return await pipeline.run(PING)
    except resp.Unavailable:
        return None


@pytest.fixture
def lambda_door(store, queue):
    door = LambdaDoor()
    yield door
    door.close()


class TestLambdaWithoutLedger:
    def test_asks_to_come_back(self, lambda_door, monkeypatch):
        monkeypatch.setenv("REDIS_URL", NOBODY)

        reply = post(lambda_door)

        assert (reply.status, reply.headers["retry-after"]) == (503, "1")

    def test_finds_it_again_after_it_was_restarted(self, lambda_door, redis_ledger):
        loaded(redis_ledger)
        post(lambda_door)
        handler._ledger()._socket.shutdown(socket.SHUT_RDWR)

        assert post(lambda_door, key="k-2").status == 202


class TestLambdaWithoutBuffer:
    @pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nobody.invalid"])
    def test_accepts_all_the_same_and_leaves_the_claim_to_the_sweep(
        self, lambda_door, redis_ledger, monkeypatch, endpoint
    ):
        monkeypatch.setenv("SQS_ENDPOINT_URL", endpoint)
        loaded(redis_ledger)

        reply = post(lambda_door)

        assert reply.status == 202
        assert [claim.order_id for claim in redis_ledger.due("lamp", 1, older_than_ms=0, limit=9)] == [
            reply.json()["order_id"]
        ]

    def test_says_so_when_asked(self, lambda_door, monkeypatch):
        monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:9")

        reply = lambda_door.ask("GET", "/readyz")

        said = reply.json()
        assert (reply.status, said["ready"], said["takes"]) == (503, False, True)
        assert said["checks"]["redis"] == "ok"
        assert "Unreachable" in said["checks"]["queue"]


class TestRealEvents:
    def test_of_an_order_in_json(self, lambda_door, redis_ledger):
        prices = {"MUSKIE-7FT": "149.99"}
        loaded(redis_ledger, product="muskie-casting-rod", category="rods", prices=prices)

        reply = handler.handler(event("order_json"), None)

        assert reply["statusCode"] == 202
        assert isinstance(reply["body"], str)

    def test_of_a_form_and_the_page_it_leads_to(self, lambda_door, redis_ledger):
        prices = {"MUSKIE-7FT": "149.99"}
        loaded(redis_ledger, product="muskie-casting-rod", category="rods", prices=prices)

        posted = handler.handler(event("order_form"), None)
        path, _, query = posted["headers"]["location"].partition("?")
        page = handler.handler(event("status_page", rawPath=path, rawQueryString=query), None)

        assert (posted["statusCode"], page["statusCode"]) == (303, 200)
        assert "<h1>Thank you.</h1>" in page["body"]

    def test_of_an_order_that_does_not_exist(self, lambda_door):
        page = handler.handler(event("status_page"), None)

        assert page["statusCode"] == 404
        assert "<h1>Not found</h1>" in page["body"]


class TestPipeline:
    async def test_answers_each_question_with_its_own_reply(self, store):
        pipeline = await self.connected(os.environ["REDIS_URL"])

        echoes = [pipeline.run(Command(("ECHO", f"{number}"))) for number in range(500)]

        assert await asyncio.gather(*echoes) == [b"%d" % number for number in range(500)]
        await pipeline.close()

    async def test_fails_at_once_while_there_is_no_redis(self):
        pipeline = Pipeline(resp.Address.parse(NOBODY))
        await pipeline.start()

        with pytest.raises(resp.Unavailable):
            await pipeline.run(PING)
        await pipeline.close()

    async def test_gives_up_what_was_asked_when_the_connection_is_lost_and_connects_anew(self, store):
        pipeline = await self.connected(os.environ["REDIS_URL"])
        lost = pipeline._wire
        blocked = asyncio.create_task(pipeline.run(Command(("BLPOP", "nothing", "0"))))
        await asyncio.sleep(0.01)

        store.client_kill_filter(_type="normal", skipme=True)

        with pytest.raises(resp.Unavailable):
            await blocked
        await until(lambda: pipeline._wire not in (None, lost))
        assert await pipeline.run(PING) == b"PONG"
        await pipeline.close()

    async def test_does_not_wait_for_a_silent_redis(self, store, monkeypatch):
        monkeypatch.setattr("fastpath_lambda.pipeline.REPLY_SECONDS", 0.1)
        pipeline = await self.connected(os.environ["REDIS_URL"])

        with pytest.raises(resp.Unavailable):
            await pipeline.run(Command(("BLPOP", "nothing", "0")))
        await pipeline.close()

    async def test_refuses_more_than_it_can_answer(self, store, monkeypatch):
        monkeypatch.setattr("fastpath_lambda.pipeline.MOST_WAITING", 2)
        pipeline = await self.connected(os.environ["REDIS_URL"])

        outcomes = await asyncio.gather(*(answers(pipeline) for _ in range(3)))

        assert outcomes == [b"PONG", b"PONG", None]
        await pipeline.close()

    async def test_tells_a_mistake_of_ours_from_a_redis_that_is_down(self, store):
        pipeline = await self.connected(os.environ["REDIS_URL"])

        with pytest.raises(resp.Refused, match="unknown command"):
            await pipeline.run(Command(("NONSENSE",)))
        await pipeline.close()

    @staticmethod
    async def connected(url):
        pipeline = Pipeline(resp.Address.parse(url))
        await pipeline.start()
        await until(lambda: pipeline._wire is not None)
        return pipeline


class TestSender:
    async def test_sends_all_in_batches(self, queue):
        sending = Sender(Endpoint.from_environment(), queue.name)
        await sending.start()

        for number in range(25):
            sending.put(f"claim {number}")
        await sending.close()

        assert queue.depth() == 25
        assert sending.left_to_the_sweep == 0

    async def test_fills_one_batch_before_it_begins_another(self, monkeypatch):
        monkeypatch.setattr(sender, "LINGER_SECONDS", 60)
        sending = Sender(Endpoint.from_environment(), "orders")
        workers = [asyncio.create_task(sending._gather()) for _ in range(2)]

        for number in range(10):
            sending.put(f"claim {number}")
            await asyncio.sleep(0)

        assert len(await workers[0]) == 10
        workers[1].cancel()

    async def test_drops_what_cannot_be_sent(self, monkeypatch):
        monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:9")
        sending = Sender(Endpoint.from_environment(), "orders")
        await sending.start()

        sending.put("claim")
        await sending.close()

        assert sending.left_to_the_sweep == 1

    async def test_drops_what_finds_no_room(self, queue, monkeypatch):
        monkeypatch.setattr(sender, "MOST_WAITING", 2)
        sending = Sender(Endpoint.from_environment(), queue.name)

        for number in range(5):
            sending.put(f"claim {number}")

        assert sending.left_to_the_sweep == 3

    async def test_goes_on_when_the_buffer_is_back(self, queue, monkeypatch):
        monkeypatch.setattr(sender, "FIRST_PAUSE", 0.01)
        sending = Sender(Endpoint.from_environment(), "not yet there")
        await sending.start()
        sending.put("left to the sweep")
        await until(lambda: sending.left_to_the_sweep == 1)

        sending._queue_name = queue.name
        sending.put("claim")
        await sending.close()

        assert queue.depth() == 1


class TestChecked:
    @pytest.mark.parametrize(
        "said", ["LOADING Redis is loading", "READONLY replica", "OOM command not allowed"]
    )
    def test_tells_a_server_that_cannot_serve_now_from_a_mistake(self, said):
        with pytest.raises(resp.Unavailable):
            resp.checked(hiredis.ReplyError(said))
        with pytest.raises(resp.Refused):
            resp.checked(hiredis.ReplyError("ERR wrong number of arguments"))


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("redis://h:7/2", ("h", 7, False, (("SELECT", "2"),))),
            ("rediss://u:p%40ss@h", ("h", 6379, True, (("AUTH", "u", "p@ss"),))),
            ("redis://:secret@h/", ("h", 6379, False, (("AUTH", "secret"),))),
            ("unix:///run/redis.sock", ("/run/redis.sock", None, False, ())),
        ],
    )
    def test_is_read_from_a_url(self, url, expected):
        found = resp.Address.parse(url)

        assert (found.host, found.port, found.tls, found.greeting) == expected

    def test_of_another_service_is_refused_by_name(self):
        with pytest.raises(ValueError, match="REDIS_URL='http://h'"):
            resp.Address.parse("http://h")


def test_what_is_sent_is_what_the_ledger_keeps(lambda_door, redis_ledger, queue):
    loaded(redis_ledger, state=State.OPEN)
    post(lambda_door)

    (message,) = queue.receive(wait_seconds=2)

    sent = claims.from_json(message.body)
    assert sent == redis_ledger.find("lamp", 1, sent.order_id)
    assert sent != ask("alice")

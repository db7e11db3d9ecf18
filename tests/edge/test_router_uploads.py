"""Who sends slowly, too much, or half, hurts nobody but themselves."""

import asyncio
import logging
from contextlib import AsyncExitStack

from yarl import URL

from edge.router import relay, uploads
from edge.routing import Origin
from tests.edge.router_world import PAGE, SALE, mirror, origin, raw, told, world

ORDER = f"{PAGE}order"
HALF = f"POST {ORDER} HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{{".encode()


class TestOrdersOfASale:
    async def test_do_not_wait_for_those_that_come_slowly(self, tmp_path, monkeypatch):
        monkeypatch.setattr(relay, "AT_ONCE", {Origin.FASTPATH: 2})

        async with (
            origin(mirror) as fast,
            world(tmp_path, *SALE, fastpath=fast) as edge,
            AsyncExitStack() as slow_ones,
        ):
            for _ in range(5):
                _, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
                slow_ones.callback(writer.close)
                writer.write(HALF)
            await asyncio.sleep(0.05)
            # Half a minute is how long the slow ones may take.
            async with asyncio.timeout(20), edge.ask(ORDER, method="POST", data=b"{}") as answer:
                assert (await told(answer))["body"] == "{}"

    async def test_are_refused_where_they_are_larger_than_any_order(self, tmp_path):
        async def chunks():
            for _ in range(20):
                yield b"x" * 10_000

        async with origin(mirror) as fast, world(tmp_path, *SALE, fastpath=fast) as edge:
            for body in (b"x" * (uploads.IN_ONE_PIECE + 1), chunks()):
                async with edge.ask(ORDER, method="POST", data=body) as answer:
                    assert answer.status == 413
                    assert (await answer.json(content_type=None))["refusal"] == "too_large"

    async def test_in_chunks_get_a_length(self, tmp_path):
        async def chunks():
            yield b"{"
            yield b"}"

        async with (
            origin(mirror) as fast,
            world(tmp_path, *SALE, fastpath=fast) as edge,
            edge.ask(ORDER, method="POST", data=chunks()) as answer,
        ):
            seen = await told(answer)

        assert (seen["body"], seen["headers"]["content-length"]) == ("{}", "2")


class TestWhoeverLeavesInMidBody:
    async def test_is_no_failure_of_the_origin(self, tmp_path, caplog):
        async with origin(mirror) as up, world(tmp_path, *SALE, fastpath=up, web=up) as edge:
            for request in (HALF, HALF.replace(b"/order", b"/elsewhere")):
                _, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
                writer.write(request)
                await asyncio.sleep(0.05)
                writer.transport.abort()
            await asyncio.sleep(0.05)

        assert [record for record in caplog.records if record.levelno > logging.INFO] == []

    async def test_or_breaks_its_chunks_is_told_so(self, tmp_path):
        head = f"POST {ORDER} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

        async with origin(mirror) as fast, world(tmp_path, *SALE, fastpath=fast) as edge:
            answer = await raw(edge.url, head + b"zz\r\n")

        assert answer.split()[1] == b"400"

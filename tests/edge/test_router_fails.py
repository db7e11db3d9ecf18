"""What a client is told when an origin fails, and what the router does not do then."""

import asyncio

from edge.router import relay
from tests.edge.router_world import PAGE, SALE, origin, raw_origin, world


class TestOriginsThatFail:
    async def test_nobody_there_is_502(self, tmp_path):
        async with world(tmp_path) as edge, edge.ask("/") as answer:
            assert answer.status == 502
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert (await answer.json(content_type=None))["title"] == "No answer"

    async def test_too_slow_is_504(self, tmp_path, monkeypatch):
        monkeypatch.setattr(relay, "ANSWER_SECONDS", 0.05)

        async def sleep(request):
            await asyncio.sleep(3600)

        async with origin(sleep) as url, world(tmp_path, web=url) as edge, edge.ask("/") as answer:
            assert answer.status == 504
            assert answer.headers["Content-Type"] == "application/problem+json"

    async def test_an_order_is_never_sent_twice(self, tmp_path):
        asked = []

        async def hang_up(reader, writer):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.close()

        async with (
            raw_origin(hang_up) as url,
            world(tmp_path, *SALE, fastpath=url) as edge,
            edge.ask(f"{PAGE}order", method="POST", data=b"{}") as answer,
        ):
            assert answer.status == 502

        assert len(asked) == 1

    async def test_garbage_is_502(self, tmp_path):
        async def talk_nonsense(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SSH-2.0-nonsense\r\n\r\n")
            writer.close()

        async with (
            raw_origin(talk_nonsense) as url,
            world(tmp_path, web=url) as edge,
            edge.ask("/") as answer,
        ):
            assert answer.status == 502

    async def test_a_flood_of_failures_is_one_line_in_the_log(self, tmp_path, caplog):
        async with world(tmp_path) as edge:
            for _ in range(5):
                async with edge.ask("/") as answer:
                    assert answer.status == 502

        assert [record.getMessage()[:20] for record in caplog.records] == ["web does not answer:"]

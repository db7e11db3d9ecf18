"""Sockets pass the router byte for byte, in both directions."""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from edge.router import tunnel
from tests.edge.router_world import NOBODY, PAGE, SALE, origin, raw_origin, world

MEGABYTE = b"0123456789abcdef" * 65536


async def echo(request):
    socket = web.WebSocketResponse(protocols=["live.v1"])
    await socket.prepare(request)
    await socket.send_json({name.lower(): value for name, value in request.headers.items()})
    async for message in socket:
        await socket.send_str(message.data[::-1])
    return socket


class TestSockets:
    @pytest.fixture
    async def edge(self, tmp_path):
        async with origin(echo) as live, world(tmp_path, live=live) as edge:
            yield edge

    async def test_talk_through(self, edge):
        async with edge.client.ws_connect(f"{edge.url}/live/", protocols=["live.v1"]) as socket:
            assert socket.protocol == "live.v1"
            assert (await socket.receive_json())["x-forwarded-for"] == "127.0.0.1"
            for length in (3, 70_000, 1_000_000):
                await socket.send_str("ab" * length)
                assert await socket.receive_str() == "ba" * length

    async def test_are_counted_while_they_are_open(self, edge):
        async def sockets():
            async with edge.ask("/_edge/stats") as answer:
                return (await answer.json())["sockets"]

        async with edge.client.ws_connect(f"{edge.url}/live/"):
            assert await sockets() == 1
        async with asyncio.timeout(60):
            while await sockets():
                await asyncio.sleep(0.01)

    async def test_close_with_the_origins_own_code(self, tmp_path):
        async def close(request):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.close(code=4001)
            return socket

        async with (
            origin(close) as live,
            world(tmp_path, live=live) as edge,
            edge.client.ws_connect(f"{edge.url}/live/") as socket,
        ):
            await socket.receive()

            assert socket.close_code == 4001

    async def test_close_when_the_router_stops(self, tmp_path):
        async with origin(echo) as live, world(tmp_path, live=live) as edge:
            socket = await edge.client.ws_connect(f"{edge.url}/live/")
            await socket.receive_json()
            await edge.router.stop()

            assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
            await edge.router.start()

    async def test_a_refusal_comes_back_as_it_is(self, tmp_path):
        async def refuse(request):
            return web.Response(status=403, text="not from there")

        async with origin(refuse) as live, world(tmp_path, live=live) as edge:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await edge.client.ws_connect(f"{edge.url}/live/")

        assert refused.value.status == 403

    async def test_nobody_there_is_502(self, tmp_path):
        async with world(tmp_path, live=NOBODY) as edge:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await edge.client.ws_connect(f"{edge.url}/live/")

        assert refused.value.status == 502

    async def test_nobody_who_answers_is_504(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tunnel, "ANSWER_SECONDS", 0.05)

        async def say_nothing(reader, writer):
            await reader.read()

        async with raw_origin(say_nothing) as live, world(tmp_path, live=live) as edge:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await edge.client.ws_connect(f"{edge.url}/live/")

        assert refused.value.status == 504

    async def test_a_slow_reader_stops_the_writer(self, tmp_path):
        written = 0

        async def flood(reader, writer):
            nonlocal written
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            )
            while written < 200 * len(MEGABYTE):
                writer.write(MEGABYTE)
                await writer.drain()
                written += len(MEGABYTE)

        async with raw_origin(flood) as live, world(tmp_path, live=live) as edge:
            port = int(edge.url.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(
                b"GET /live/ HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            assert await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.2)
            writer.close()

        # What the kernel's and the two transports' buffers take, and no more.
        assert written < 50 * len(MEGABYTE)


UPGRADE = "{} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"


class TestWhoAsksToUpgradeWhatIsNoSocket:
    @pytest.fixture
    async def heard(self):
        """All that an origin got, which answers every request and keeps its connections."""
        return bytearray()

    @pytest.fixture
    async def edge(self, tmp_path, heard):
        async def answer(reader, writer):
            while part := await reader.read(65536):
                heard.extend(part)
                writer.write(
                    b"HTTP/1.1 403 No\r\nRetry-After: 7\r\nServer: x\r\nContent-Length: 5\r\n\r\nnever"
                )

        async with raw_origin(answer) as up, world(tmp_path, *SALE, web=up, live=up, fastpath=up) as edge:
            yield edge

    @pytest.mark.parametrize("first", ["GET /live/", "GET /shop/", f"GET {PAGE}order/5f1c", "POST /basket/"])
    async def test_gets_an_answer_and_no_way_past_the_router(self, edge, heard, first):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(edge.url.rpartition(":")[2]))
        writer.write(UPGRADE.format(first).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.write(SECOND)
        async with asyncio.timeout(60):
            rest = await reader.read()
        writer.close()

        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"retry-after: 7" in answer.lower()
        assert b"server: spillway" in answer.lower()
        assert b"HTTP/1.1" not in rest
        assert b"/second" not in heard

    async def test_is_asked_for_as_any_page_where_no_sockets_are(self, edge, heard):
        async with edge.ask("/shop/", headers={"Connection": "Upgrade", "Upgrade": "websocket"}) as answer:
            assert await answer.text() == "never"

        assert b"pgrade" not in heard

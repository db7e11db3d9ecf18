"""The short way through the opening handshake is taken by the usual request, and by no other."""

import asyncio
import contextlib
import socket

import pytest
import uvicorn
from websockets.utils import accept_key

from live import handshake, wire

FRAMES = "live.wire:FrameProtocol"

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455's own example


def make_headers(**changes):
    said = {
        "host": "shop.example.org",
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": KEY.decode(),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    return [(name.encode(), value.encode("latin-1")) for name, value in said.items() if value is not None]


def key(method="GET", version="1.1", url=b"/live/", headers=None):
    return handshake.key(method, version, url, headers or make_headers())


class TestKey:
    def test_is_that_of_a_usual_request(self):
        usual = make_headers(origin="https://shop.example.org", cookie="a=b", user_agent="Köder/1.0")

        assert key(headers=usual) == KEY

    @pytest.mark.parametrize(
        "changes",
        [
            {"sec_websocket_version": "8"},
            {"sec_websocket_version": None},
            {"sec_websocket_key": None},
            {"sec_websocket_key": "short=="},
            {"sec_websocket_key": KEY.decode() + "\n"},
            {"sec_websocket_protocol": "chat"},
            {"content_length": "3"},
            {"transfer_encoding": "chunked"},
            {"cookie": "x" * 5000},
            {f"x-{number}": "y" for number in range(100)},
        ],
    )
    def test_is_none_where_something_is_unusual(self, changes):
        assert key(headers=make_headers(**changes)) is None

    def test_is_none_where_a_header_comes_twice(self):
        assert key(headers=[*make_headers(), (b"sec-websocket-key", KEY)]) is None

    @pytest.mark.parametrize("start", [{"method": "POST"}, {"version": "1.0"}, {"url": "/lüve/".encode()}])
    def test_is_none_where_the_first_line_is_unusual(self, start):
        assert key(**start) is None


def test_the_answer_proves_what_was_read_and_says_whatever_else_is_to_be_said():
    answer = handshake.answer(KEY, [(b"server", b"uvicorn"), (b"date", b"today")])

    head, *headers = answer.decode().split("\r\n")
    assert head == "HTTP/1.1 101 Switching Protocols"
    assert f"Sec-WebSocket-Accept: {accept_key(KEY.decode())}" in headers
    assert headers[-4:] == ["server: uvicorn", "date: today", "", ""]


def test_the_place_is_what_the_long_way_says():
    assert handshake.place(b"/l%C3%AFve/?a=%20b", "/shop") == {
        "path": "/shop/lïve/",
        "raw_path": b"/shop/l%C3%AFve/",
        "query_string": b"a=%20b",
        "root_path": "/shop",
    }


@contextlib.asynccontextmanager
async def serve(ws):
    """A running server of an application that accepts everybody: its port, and the scopes it saw."""
    seen = []

    async def application(scope, receive, send):
        seen.append(scope | {"extensions": set(scope["extensions"]), "headers": list(scope["headers"])})
        await receive()
        await send({"type": "websocket.accept", "headers": [(b"x-from", b"the application")]})
        await receive()

    config = uvicorn.Config(application, ws=ws, ws_per_message_deflate=False, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1], seen
        server.should_exit = True
        await serving


async def ask(port, *, version=13, more=""):
    """The head of the answer, in lines."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /a%20b/?c=d HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
        f"Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {KEY.decode()}\r\n{more}\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head.decode().lower().split("\r\n")


class TestUnderTheServer:
    async def test_both_ways_say_the_same(self):
        async with serve("websockets-sansio") as (port, long), serve(FRAMES) as (ours, short):
            answers = [await ask(port), await ask(ours)]

        (scope,), (expected,) = short, long
        assert scope.pop("extensions") == expected.pop("extensions") | {wire.EXTENSION}
        for name in ("server", "client"):
            assert scope.pop(name)[0] == expected.pop(name)[0] == "127.0.0.1"
        assert scope == expected
        assert without_date(answers[0]) == without_date(answers[1])

    async def test_an_unusual_request_is_taken_in_the_long_way(self):
        async with serve(FRAMES) as (port, seen):
            answer = await ask(port, more="Sec-WebSocket-Protocol: chat\r\n")

        assert answer[0] == "http/1.1 101 switching protocols"
        assert seen[0]["subprotocols"] == ["chat"]
        assert wire.EXTENSION in seen[0]["extensions"]

    async def test_a_request_that_is_wrong_is_refused_the_long_way(self):
        async with serve(FRAMES) as (port, seen):
            answer = await ask(port, version=8)

        assert answer[0] == "http/1.1 400 bad request"
        assert seen == []


def without_date(answer):
    return sorted(line for line in answer if not line.startswith("date:"))

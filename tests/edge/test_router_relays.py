"""The router changes nothing of a request and its answer but what a proxy must."""

import asyncio
import hashlib

import aiohttp
import pytest
from aiohttp import web

from edge.router import uploads
from tests.edge.router_world import PAGE, SALE, mirror, origin, raw, raw_origin, says, told, world

MEGABYTE = b"0123456789abcdef" * 65536


@pytest.fixture
async def edge(tmp_path):
    async with origin(mirror) as web_url, world(tmp_path, web=web_url) as edge:
        yield edge


class TestRequests:
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"])
    async def test_pass_with_method_query_and_body(self, edge, method):
        async with edge.ask("/api/v1/x/?a=1&a=2&b", method=method, data=b"\x00\xff body") as answer:
            seen = await told(answer)

        assert (seen["method"], seen["target"]) == (method, "/api/v1/x/?a=1&a=2&b")
        assert seen["body"] == "\x00\xff body"

    @pytest.mark.parametrize(
        "target",
        [
            "/a%2Fb/%7euser/%e2%82%ac",
            "//a//b/../c",
            "/a;b=c,d/(e)'f'",
            "/search/?q=100%25+off%20now&x=%2f",
            "/%",
        ],
    )
    async def test_keep_the_target_as_it_was_written(self, edge, target):
        async with edge.ask(target) as answer:
            assert (await told(answer))["target"] == target

    async def test_keep_their_host_and_cookies(self, edge):
        async with edge.ask("/", headers={"Host": "shop.example", "Cookie": "a=1; b=2"}) as answer:
            seen = await told(answer)

        assert seen["headers"]["host"] == "shop.example"
        assert seen["headers"]["cookie"] == "a=1; b=2"

    async def test_say_where_they_came_from_whatever_the_client_claims(self, edge):
        claims = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "Forwarded": "for=6.6.6.6"}

        async with edge.ask(
            "/", headers={"Host": "shop.example", "X-Real-IP": "6.6.6.6", **claims}
        ) as answer:
            seen = (await told(answer))["headers"]

        assert seen["x-forwarded-for"] == "127.0.0.1"
        assert seen["x-forwarded-proto"] == "http"
        assert seen["x-forwarded-host"] == "shop.example"
        assert "forwarded" not in seen
        assert "x-real-ip" not in seen

    async def test_leave_the_fields_of_their_hop_behind(self, edge):
        hop = {"Connection": "close, X-Mine", "X-Mine": "1", "TE": "trailers", "Keep-Alive": "timeout=5"}

        async with edge.ask("/", headers={**hop, "X-Kept": "2", "Proxy-Authorization": "x"}) as answer:
            seen = (await told(answer))["headers"]

        assert seen["x-kept"] == "2"
        assert not {"connection", "x-mine", "te", "keep-alive", "proxy-authorization"} & set(seen)

    async def test_get_no_header_that_the_client_did_not_send(self, edge):
        answer = await raw(edge.url, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

        assert b"User-Agent" not in answer
        assert b"Accept" not in answer

    async def test_in_bytes_that_are_no_text_are_no_error(self, edge):
        request = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xff\xfe\r\nConnection: close\r\n\r\n"

        answer = await raw(edge.url, request)

        assert answer.startswith(b"HTTP/1.1 200")

    async def test_may_name_the_whole_url(self, edge):
        request = b"GET http://shop.example/a?b=1 HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"

        assert b'"target": "/a?b=1"' in await raw(edge.url, request)

    @pytest.mark.parametrize(
        "line",
        [
            b"OPTIONS * HTTP/1.1",
            b"CONNECT a:443 HTTP/1.1",
            b"GET @evil.example/ HTTP/1.1",
            b"GET ftp://a/ HTTP/1.1",
            b"GET /gr\xf6\xdfe HTTP/1.1",
        ],
    )
    async def test_that_name_no_resource_are_refused(self, edge, line):
        answer = await raw(edge.url, line + b"\r\nHost: a\r\nConnection: close\r\n\r\n")

        assert b" 400 " in answer.splitlines()[0]


class TestBodies:
    async def test_in_chunks_arrive_whole(self, edge):
        async def chunks():
            for _ in range(3):
                yield MEGABYTE[:70000]

        async with edge.ask("/", method="POST", data=chunks()) as answer:
            seen = await told(answer)

        assert len(seen["body"]) == 210000
        assert seen["headers"]["content-length"] == "210000"
        assert "transfer-encoding" not in seen["headers"]

    async def test_with_a_length_keep_it(self, edge):
        async with edge.ask("/", method="POST", data=MEGABYTE[:500000]) as answer:
            seen = await told(answer)

        assert seen["headers"]["content-length"] == "500000"
        assert "transfer-encoding" not in seen["headers"]

    @pytest.mark.parametrize("length", [9, 900_000])
    async def test_wait_for_the_go_ahead_when_the_client_asks(self, edge, length):
        async with edge.ask("/", method="POST", data=b"x" * length, expect100=True) as answer:
            assert (await told(answer))["body"] == "x" * length

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    async def test_come_with_any_method(self, edge, method):
        async with edge.ask("/", method=method, data=MEGABYTE[:300_000]) as answer:
            assert (await told(answer))["body"] == MEGABYTE[:300_000].decode()

    async def test_of_a_head_leave_the_connection_as_it_was(self, edge):
        for _ in range(2):
            async with edge.ask("/", method="HEAD", data=MEGABYTE[:300_000]) as answer:
                assert (answer.status, await answer.read()) == (200, b"")

    @pytest.mark.parametrize("framing", ["length", "chunks"])
    async def test_over_the_limit_are_refused(self, edge, monkeypatch, framing):
        monkeypatch.setattr(uploads, "MAX_BODY", 200_000)

        async def chunks():
            for _ in range(40):
                yield MEGABYTE[:10000]

        body = MEGABYTE[:200_001] if framing == "length" else chunks()
        async with edge.ask("/admin/", method="POST", data=body) as answer:
            assert answer.status == 413
            assert answer.headers["Content-Type"] == "application/problem+json"

    async def test_that_stop_coming_are_given_up(self, edge, monkeypatch):
        monkeypatch.setattr(uploads, "PIECE_SECONDS", 0.05)

        answer = await raw(
            edge.url, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", until=b"\r\n\r\n"
        )

        assert answer.startswith(b"HTTP/1.1 408")


class TestAnswers:
    async def test_pass_with_status_reason_and_every_cookie(self, tmp_path):
        async def answer(request):
            response = web.Response(status=418, reason="Teapot", text="short")
            response.headers.add("Set-Cookie", "a=1; Path=/")
            response.headers.add("Set-Cookie", "b=2")
            response.headers["Connection"] = "X-Hop"
            response.headers["X-Hop"] = "1"
            return response

        async with origin(answer) as url, world(tmp_path, web=url) as edge, edge.ask("/") as got:
            assert (got.status, got.reason, await got.text()) == (418, "Teapot", "short")
            assert got.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2"]
            assert "X-Hop" not in got.headers

    async def test_redirects_are_the_clients_to_follow(self, tmp_path):
        async def answer(request):
            raise web.HTTPFound("/elsewhere")

        async with origin(answer) as url, world(tmp_path, web=url) as edge, edge.ask("/") as got:
            assert (got.status, got.headers["Location"]) == (302, "/elsewhere")

    async def test_compressed_ones_stay_compressed(self, tmp_path):
        async def answer(request):
            return web.Response(body=b"\x1f\x8b not really", headers={"Content-Encoding": "gzip"})

        async with origin(answer) as url, world(tmp_path, web=url) as edge, edge.ask("/") as got:
            assert await got.read() == b"\x1f\x8b not really"
            assert got.headers["Content-Encoding"] == "gzip"

    @pytest.mark.parametrize("with_length", [True, False])
    async def test_large_ones_stream(self, tmp_path, with_length):
        async def answer(request):
            headers = {"Content-Length": str(8 * len(MEGABYTE))} if with_length else {}
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            for _ in range(8):
                await response.write(MEGABYTE)
            return response

        async with origin(answer) as url, world(tmp_path, web=url) as edge, edge.ask("/") as got:
            assert ("Content-Length" in got.headers) is with_length
            assert hashlib.sha1(await got.read()).digest() == hashlib.sha1(MEGABYTE * 8).digest()

    async def test_the_first_part_comes_before_the_last_is_written(self, tmp_path):
        go_on = asyncio.Event()

        async def answer(request):
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"first")
            await go_on.wait()
            await response.write(b"last")
            return response

        async with origin(answer) as url, world(tmp_path, web=url) as edge, edge.ask("/") as got:
            assert await got.content.readany() == b"first"
            go_on.set()
            assert await got.read() == b"last"

    @pytest.mark.parametrize("length", [100, 1_000_000])
    async def test_to_head_say_the_length_and_nothing_else(self, tmp_path, length):
        async def answer(request):
            return web.Response(headers={"Content-Length": str(length)})

        async with origin(answer) as url, world(tmp_path, web=url) as edge:
            for _ in range(2):  # on the same connection: nothing is left over
                async with edge.ask("/", method="HEAD") as got:
                    assert got.headers["Content-Length"] == str(length)
                    assert await got.read() == b""

    @pytest.mark.parametrize("status", [204, 304])
    async def test_without_a_body_have_none(self, tmp_path, status):
        async def answer(request):
            return web.Response(status=status, headers={"ETag": '"x"'})

        async with origin(answer) as url, world(tmp_path, web=url) as edge, edge.ask("/") as got:
            assert (got.status, await got.read()) == (status, b"")

    async def test_that_break_off_are_not_passed_for_whole(self, tmp_path):
        async def break_off(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            writer.close()

        async with raw_origin(break_off) as url, world(tmp_path, web=url) as edge:
            with pytest.raises(aiohttp.ClientError):
                async with edge.ask("/") as got:
                    await got.read()


async def test_two_origins_are_told_apart(tmp_path):
    async with (
        origin(says("shop")) as shop,
        origin(says("fast")) as fast,
        world(tmp_path, *SALE, web=shop, fastpath=fast) as edge,
        edge.ask(f"{PAGE}order/5f1c?token=x") as order,
        edge.ask("/shop/rods/tourney/order") as other,
    ):
        assert (await order.text(), await other.text()) == ("fast", "shop")

"""What the router says in its own name: one shape, no names of what it is made of."""

import json

import pytest

from tests.edge.router_world import PAGE, SALE, mirror, origin, raw, says, world

HOST = b"Host: a\r\nConnection: close\r\n\r\n"
PROBLEM = b"content-type: application/problem+json"
FOREIGN = (b"aiohttp", b"Python")


class TestWhatIsNoRequest:
    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
            (b"GET /a b HTTP/1.1\r\n" + HOST, b"400"),
            (b"FOO / HTTP/1.1\r\n" + HOST, b"400"),
            (b"GET / HTTP/1.1\r\nno colon\r\n" + HOST, b"400"),
            (b"GET / HTTP/1.1\r\nHost: b\r\n" + HOST, b"400"),
            (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
            (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n" + HOST, b"400"),
            (b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + HOST, b"400"),
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n" + HOST, b"431"),
            (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n" + HOST, b"414"),
            (b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\n" + HOST, b"431"),
        ],
    )
    async def test_gets_a_problem_in_our_name(self, tmp_path, request_, status):
        async with origin(mirror) as up, world(tmp_path, web=up) as edge:
            answer = await raw(edge.url, request_)

        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.split()[1] == status
        assert PROBLEM in head.lower()
        assert b"Server: spillway" in head
        assert not any(name in answer for name in FOREIGN)
        assert {"type", "title", "status", "detail", "refusal"} <= set(json.loads(body))


class TestAProblem:
    async def test_is_a_page_for_who_looks_with_a_browser(self, tmp_path):
        async with (
            world(tmp_path) as edge,
            edge.ask("/", headers={"Accept": "text/html,*/*;q=0.8"}) as answer,
        ):
            assert (answer.status, answer.content_type) == (502, "text/html")
            assert answer.headers["Retry-After"] == "1"
            assert "try again in a moment" in await answer.text()

    async def test_of_an_order_is_json_for_the_page_that_sent_it(self, tmp_path):
        headers = {"Accept": "text/html,*/*", "Content-Type": "application/json"}

        async with (
            world(tmp_path, *SALE) as edge,
            edge.ask(f"{PAGE}order", method="POST", data=b"{}", headers=headers) as answer,
        ):
            problem = await answer.json(content_type="application/problem+json")

        assert (answer.status, problem["refusal"]) == (502, "unavailable")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_can_only_be_read(tmp_path, path):
    async with world(tmp_path) as edge, edge.ask(path, method="DELETE") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_the_servers_behind_are_not_named(tmp_path):
    async def named(request):
        response = await says("ok")(request)
        response.headers["Server"] = "gunicorn"
        return response

    async with origin(named) as up, world(tmp_path, web=up) as edge, edge.ask("/") as answer:
        assert answer.headers.getall("Server") == ["spillway"]

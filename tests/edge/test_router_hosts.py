"""Which site a request is for must be readable, whoever would answer it."""

import json

import pytest
from django.http.request import split_domain_port

from edge.router import headers
from tests.edge.router_world import PAGE, SALE, origin, raw, says, world

READABLE = [
    "shop.example",
    "SHOP.example:8000",
    "127.0.0.1:80",
    "[::1]:8000",
    "[2001:db8::1]",
    "shop.example.",
]
UNREADABLE = [
    "",
    ".",
    "a b",
    "a/b",
    "a@b",
    "<script>",
    "a,b",
    "shop.example:80x",
    "a:b:1",
    "[::1",
    "my_shop",
    "a:",
    "gr\u00f6\u00dfe",
]
WAYS = {
    "the fast path": f"POST {PAGE}order",
    "the shop": "POST /shop/reels/spinning-reel/order",
    "a file": "GET /static/site.css",
    "health": "GET /healthz",
    "a socket": "GET /live/",
}


@pytest.fixture
async def edge(tmp_path):
    async with (
        origin(says("fast")) as fast,
        origin(says("shop")) as shop,
        world(tmp_path, *SALE, fastpath=fast, web=shop) as edge,
    ):
        edge.write("static/site.css", "a{}")
        yield edge


async def ask(edge, way, *hosts, version="1.1"):
    fields = b"".join(b"Host: " + host.encode() + b"\r\n" for host in hosts)
    head = f"{WAYS[way]} HTTP/{version}\r\nConnection: close\r\n".encode()
    answer = await raw(edge.url, head + fields + b"\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


@pytest.mark.parametrize("way", WAYS)
class TestAHost:
    async def test_that_cannot_be_read_is_refused(self, edge, way):
        for host in UNREADABLE:
            status, head, body = await ask(edge, way, host)

            assert (host, status) == (host, 400)
            assert b"application/problem+json" in head
            assert json.loads(body)["refusal"] == "bad_request"

    async def test_is_said_once(self, edge, way):
        for hosts in ([], ["a", "a"], ["a", "b"]):
            assert (await ask(edge, way, *hosts))[0] == 400


@pytest.mark.parametrize("way", ["the fast path", "the shop"])
class TestAnOrder:
    @pytest.mark.parametrize("host", READABLE)
    async def test_for_a_site_that_can_be_read_passes(self, edge, way, host):
        assert (await ask(edge, way, host))[0] == 200

    async def test_of_an_old_client_need_not_name_its_site(self, edge, way):
        assert (await ask(edge, way, version="1.0"))[0] == 200


@pytest.mark.parametrize("host", READABLE + UNREADABLE)
def test_what_is_readable_is_what_the_shop_can_read(host):
    assert headers.names_a_host({"Host": host}) is bool(split_domain_port(host)[0])

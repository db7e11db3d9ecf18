"""A small world for the router: origins that say what they got, and a router in front of them."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from edge import routing
from edge.router.server import Router
from edge.router.settings import Settings
from edge.routing import PERMANENT, Origin, Table, sale_behaviors

PAGE = "/shop/rods/muskie-casting-rod/"
SALE = sale_behaviors(category="rods", product="muskie-casting-rod", build="b7")
NOBODY = "http://127.0.0.1:9"


@dataclass
class World:
    folder: Path
    router: Router
    url: str
    client: aiohttp.ClientSession

    def publish(self, *behaviors, version=1):
        publish(self.folder, *behaviors, version=version)

    def write(self, path, content):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def ask(self, path, *, method="GET", **options):
        url = URL(self.url + path, encoded=True)
        return self.client.request(method, url, allow_redirects=False, **options)

    async def is_on(self, version):
        async with asyncio.timeout(60):
            while True:
                async with self.ask("/healthz") as answer:
                    if (await answer.json())["table"] == version:
                        return
                await asyncio.sleep(0.01)


def publish(folder, *behaviors, version=1):
    draft = folder / "draft"
    draft.write_text(routing.to_json(Table(version, (*behaviors, *PERMANENT))))
    draft.replace(folder / "table.json")


@asynccontextmanager
async def world(folder, *behaviors, **urls):
    """A router over this folder; an origin that no URL is given for does not answer."""
    if behaviors:
        publish(folder, *behaviors)
    addresses = {
        origin: urls.get(origin.value, NOBODY) for origin in (Origin.WEB, Origin.LIVE, Origin.FASTPATH)
    }
    folders = {origin: folder / origin.value for origin in (Origin.STATIC, Origin.MEDIA, Origin.MINISITE)}
    settings = Settings("127.0.0.1", 0, folder / "table.json", urls=addresses, folders=folders)
    router = Router(settings)
    port = await router.start()
    options = {"auto_decompress": False, "skip_auto_headers": ["Accept-Encoding"]}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), **options) as client:
        yield World(folder, router, f"http://127.0.0.1:{port}", client)
    await router.stop()


@asynccontextmanager
async def origin(handler):
    """An HTTP origin that answers everything with this handler. Yields its URL."""
    runner = web.ServerRunner(
        web.Server(handler, access_log=None, auto_decompress=False), shutdown_timeout=0.1
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def raw_origin(talk):
    """An origin below HTTP: `talk(reader, writer)` for each connection. Yields its URL."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def mirror(request):
    """Says what it was asked."""
    told = {
        "method": request.method,
        "target": request.raw_path,
        "headers": [[name, value] for name, value in request.headers.items()],
        "body": (await request.read()).decode("latin-1"),
    }
    return web.Response(body=json.dumps(told).encode(), headers={"Content-Type": "application/json"})


def says(text):
    async def answer(request):
        return web.Response(text=text)

    return answer


async def told(answer):
    """What the mirror was asked, its headers as a dict of lower-case names."""
    seen = await answer.json()
    seen["headers"] = {name.lower(): value for name, value in seen["headers"]}
    return seen


async def until(happened):
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.01)


async def raw(url, request, *, until=None):
    """Send bytes, read until these come, or until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
    writer.write(request)
    async with asyncio.timeout(60):
        answer = await (reader.readuntil(until) if until else reader.read())
    writer.close()
    return answer

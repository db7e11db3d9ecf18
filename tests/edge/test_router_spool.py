"""Large bodies wait at the edge until they are whole: counted, for a limited time, and without a trace."""

import asyncio
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from edge.router import spool, uploads
from tests.edge.router_world import mirror, origin, raw, told, until, world

LARGE = b"POST /basket/ HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"


def of_threads(count):
    """An origin that serves so many at once, and whose threads read a body as it comes."""
    threads = asyncio.Semaphore(count)

    async def answer(request):
        async with threads:
            return web.Response(text=str(len(await request.read())))

    return answer


@asynccontextmanager
async def slow_senders(url, count, *, come=100_000):
    """So many that sent this much of a large body, and now send a byte from time to time."""

    async def drip():
        reader, writer = await asyncio.open_connection("127.0.0.1", URL(url).port)
        writer.write(LARGE + b"x" * come)
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await asyncio.sleep(0.02)
        writer.transport.abort()

    dripping = [asyncio.create_task(drip()) for _ in range(count)]
    # They have come, and their bytes with them.
    await asyncio.sleep(0.2)
    yield
    for one in dripping:
        one.cancel()
    await asyncio.gather(*dripping, return_exceptions=True)


async def page_comes(url, *, within):
    try:
        async with asyncio.timeout(within):
            answer = await raw(url, b"GET /shop/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    except TimeoutError:
        return False
    return answer.startswith(b"HTTP/1.1 200")


async def refusal_of_a_large_body(edge):
    async with edge.ask("/admin/", method="POST", data=b"x" * 300_000) as answer:
        return answer.status, answer.headers["Retry-After"], await answer.json(content_type=None)


def open_files(folder):
    links = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    return [link for link in links if link.is_relative_to(folder)]


@pytest.fixture
async def edge(tmp_path):
    async with origin(mirror) as up, world(tmp_path, web=up) as edge:
        yield edge


class TestPages:
    async def test_wait_for_slow_senders_where_nobody_stands_between(self):
        async with origin(of_threads(2)) as up, slow_senders(up, 2):
            assert not await page_comes(up, within=0.5)

    @pytest.mark.parametrize("come", [0, 100_000])
    async def test_do_not_wait_for_slow_senders(self, tmp_path, come):
        async with (
            origin(of_threads(2)) as up,
            world(tmp_path, web=up) as edge,
            slow_senders(edge.url, 8, come=come),
        ):
            assert await page_comes(edge.url, within=20)


class TestALargeBody:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        (tmp_path / "waiting").mkdir()
        monkeypatch.setattr(spool.tempfile, "tempdir", str(tmp_path / "waiting"))
        return tmp_path / "waiting"

    async def test_that_drips_is_given_up(self, edge, monkeypatch):
        monkeypatch.setattr(uploads, "PIECE_SECONDS", 0.5)

        async with slow_senders(edge.url, 3):
            assert len(edge.router._relay.waiting) == 3
            await until(lambda: len(edge.router._relay.waiting) == 0)

    async def test_that_comes_steadily_is_not(self, edge, monkeypatch):
        monkeypatch.setattr(uploads, "PIECE_SECONDS", 0.5)

        async def chunks():
            for _ in range(12):
                yield b"x" * 40_000
                await asyncio.sleep(0.1)

        async with edge.ask("/", method="POST", data=chunks()) as answer:
            assert len((await told(answer))["body"]) == 480_000

    async def test_beyond_one_senders_share_is_told_when_to_come_again(self, edge, monkeypatch):
        monkeypatch.setattr(spool, "MOST_OF_ONE", 2)

        async with slow_senders(edge.url, 2):
            status, retry, problem = await refusal_of_a_large_body(edge)
            async with edge.ask("/basket/", method="POST", data=b"sku=A") as small:
                assert small.status == 200

        assert (status, retry, problem["refusal"]) == (429, "5", "too_many")

    @pytest.mark.parametrize(("bound", "most"), [("MOST", 2), ("MOST_BYTES", 300_000)])
    async def test_for_which_there_is_no_room_is_told_when_to_come_again(
        self, edge, monkeypatch, caplog, bound, most
    ):
        monkeypatch.setattr(spool, bound, most)

        async with slow_senders(edge.url, 2):
            for _ in range(2):
                status, retry, problem = await refusal_of_a_large_body(edge)

        assert (status, retry, problem["refusal"]) == (503, "5", "unavailable")
        assert ["turned away" in record.message for record in caplog.records] == [True]

    async def test_leaves_nothing_behind(self, edge, folder):
        waiting = edge.router._relay.waiting
        async with slow_senders(edge.url, 3):
            await until(lambda: len(waiting) == 3)
            # Without a name: a process that is killed leaves nothing either.
            assert list(folder.iterdir()) == []
            assert len(open_files(folder)) == 3
        async with edge.ask("/", method="POST", data=b"x" * 300_000) as answer:
            await told(answer)

        await until(lambda: len(waiting) == 0 and open_files(folder) == [])

    async def test_is_refused_where_the_disk_takes_none(self, edge, monkeypatch, caplog):
        monkeypatch.setattr(spool.tempfile, "tempdir", "/nowhere")

        assert (await refusal_of_a_large_body(edge))[0] == 503
        assert "/nowhere takes none" in caplog.text

"""A rush: the visitors are held against a real server, and the report counts what it must."""

import asyncio
import contextlib
import json
from functools import partial

import pytest
from aiohttp import web
from django.core.management import CommandError, call_command

from edge.rush import running, visitors, wire

pytestmark = pytest.mark.slow


class Shop:
    """A shop of two lamps. It answers each key once, and loses the first answer to visitor 0."""

    def __init__(self):
        self.keys = {}
        self.agents = set()
        self.looked_at = []
        self.lost_one = False

    async def page(self, request):
        self.agents.add(request.headers["User-Agent"])
        return web.Response(text="a lamp")

    async def order(self, request):
        key = request.headers["Idempotency-Key"]
        first = key not in self.keys
        self.keys.setdefault(key, len(self.keys) < 2)
        if key.endswith("-0") and first:
            return web.Response(status=503)
        if not self.keys[key]:
            return web.json_response({"refusal": "sold_out"}, status=409)
        return web.json_response({"order_id": key, "status_url": f"/lamp/order/{key}"}, status=202)

    async def status(self, request):
        self.looked_at.append(request.match_info["id"])
        return web.json_response({"status": "placed"})


@pytest.fixture
async def shop():
    shop = Shop()
    app = web.Application()
    app.add_routes(
        [
            web.get("/lamp/", shop.page),
            web.post("/lamp/order", shop.order),
            web.get("/lamp/order/{id}", shop.status),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shop
    await runner.cleanup()


def errand(shop, counts=(5,), **fields):
    fields = {"edge_url": shop.url, "page": "/lamp/", "run": "r", "skus": ["LAMP"], "counts": counts} | fields
    return visitors.Errand(**fields, look_after=0.01, try_again_after=0.01)


class TestVisitors:
    async def test_open_the_page_order_and_look_at_what_became_of_it(self, shop):
        tally = await visitors.rush(errand(shop))

        assert (tally.visitors, tally.asked, tally.refused) == (5, 5, {"sold_out": 3})
        assert sorted(tally.accepted) == sorted(shop.looked_at) == ["rush-r-0", "rush-r-1"]
        assert shop.agents == {"spillway-rush/1"}

    async def test_ask_again_with_the_same_key_when_they_get_no_answer(self, shop):
        tally = await visitors.rush(errand(shop))

        assert (tally.retried, tally.errors, len(shop.keys)) == (1, {}, 5)

    async def test_count_those_who_never_get_an_answer_by_what_they_got(self, shop):
        tally = await visitors.rush(errand(shop, counts=(2,), page="/no-such-page/"))

        assert tally.errors == {"GET: status 404": 2}
        assert tally.asked == 0

    async def test_count_a_wait_from_the_moment_they_came(self, shop):
        one_at_a_time = errand(shop, counts=(3,), connections=1)
        asked = asyncio.get_running_loop().time()

        tally = await visitors.rush(one_at_a_time)

        assert len(tally.answer) == 3
        assert all(0 < wait < asyncio.get_running_loop().time() - asked for wait in tally.answer)

    async def test_come_as_a_process_of_their_own_that_tells_how_far_they_are(self, shop):
        told = []

        tally = await asyncio.to_thread(running.send_visitors, errand(shop), progress=told.append)

        assert (tally["asked"], len(tally["accepted"]), tally["errors"]) == (5, 2, {})
        assert told[-1]["asked"] == 5

    async def test_go_without_a_word_when_nobody_listens_any_more(self, shop, capfd):
        def stop(now):
            raise InterruptedError("Ctrl-C")

        with pytest.raises(InterruptedError):
            await asyncio.to_thread(
                running.send_visitors, errand(shop, counts=(0,) * 60 + (1,)), progress=stop
            )

        assert capfd.readouterr() == ("", "")

    async def test_are_reported_when_they_break_off(self, shop, capfd):
        nobody_can_come = errand(shop, connections=-1)

        with pytest.raises(running.CannotRush, match="exit status 1"):
            await asyncio.to_thread(running.send_visitors, nobody_can_come, progress=print)


@pytest.fixture
async def serve():
    """`await serve(answer)`: the URL of a server that answers each request with these bytes, or hangs up."""
    servers = []

    async def start(*answers):
        answers = list(answers)

        async def talk(reader, writer):
            with contextlib.suppress(asyncio.IncompleteReadError):
                while await reader.readuntil(b"\r\n\r\n") and answers:
                    writer.write(answers.pop(0))
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


def pool(url, **fields):
    return wire.Pool(url, **{"connections": 1, "timeout": 60.0, "headers": {}} | fields)


class TestPool:
    async def test_reads_answers_of_known_length_and_in_chunks_on_one_connection(self, serve):
        url = await serve(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
            b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n2\r\nde\r\n0\r\n\r\n",
        )
        asked = pool(url)

        assert await asked.ask("GET", "/") == (200, b"ab")
        assert await asked.ask("GET", "/") == (409, b"cde")

    async def test_opens_another_connection_where_the_server_closes_one(self, serve):
        url = await serve(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\n\r\n",
        )
        asked = pool(url)

        assert [(await asked.ask("GET", "/"))[0] for _ in range(2)] == [200, 204]

    async def test_says_so_when_the_server_hangs_up(self, serve):
        with pytest.raises(wire.Unanswered, match="connection lost"):
            await pool(await serve()).ask("GET", "/")

    async def test_says_so_when_what_comes_is_no_answer(self, serve):
        with pytest.raises(wire.Unanswered, match="broken answer"):
            await pool(await serve(b"SSH-2.0-hello\r\n")).ask("GET", "/")

    async def test_says_so_when_nothing_comes_in_time(self, serve):
        with pytest.raises(wire.Unanswered, match="no answer in time"):
            await pool(await serve(b""), timeout=0.05).ask("GET", "/")

    async def test_says_so_when_nobody_listens(self):
        with pytest.raises(wire.Unanswered, match="ConnectionRefusedError"):
            await pool("http://127.0.0.1:9").ask("GET", "/")


def report(**fields):
    """Of a rush on which all went well."""
    fine = {
        "product": "lamp",
        "visitors": 5,
        "asked": 5,
        "accepted": 2,
        "refused": {"sold_out": 3},
        "errors": {},
        "retried": 0,
        "status_seen": 2,
        "page_ms": {"p50": 1.0, "p99": 2.0},
        "answer_ms": {"p50": 1.0, "p99": 2.0},
        "last_order_seconds": 0.2,
        "lost": 0,
        "web_requests": 0,
        "balanced": True,
        "rows": [],
    }
    return running.Report(**fine | fields)


class TestReport:
    def test_has_no_failures_when_all_went_well(self):
        assert report().failures() == []

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"lost": 1}, "1 accepted order(s) are not in PostgreSQL."),
            ({"errors": {"GET: status 502": 2}}, "2 visitor(s) got no answer."),
            ({"web_requests": 3}, "web saw 3 request(s) of sale visitors: it must see none."),
            ({"balanced": False}, "The equation does not balance: see audit_stock."),
        ],
    )
    def test_names_what_went_wrong(self, fields, sentence):
        assert report(**fields).failures() == [sentence]

    def test_does_not_take_webs_silence_for_nothing(self, settings):
        settings.WEB_URL = "http://127.0.0.1:9"

        assert running.web_requests() is None
        assert "could not be read at http://127.0.0.1:9/metrics" in report(web_requests=None).failures()[0]


@pytest.mark.django_db
class TestRush:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["lmap"], "Did you mean lamp"),
            (["lamp", "--curve", "no-such-file.csv"], "cannot be read"),
            (["lamp", "--scale", "0"], "write a number above 0"),
        ],
    )
    def test_says_why_it_cannot_begin(self, make_product, words, sentence):
        make_product()

        with pytest.raises(CommandError) as said:
            call_command("rush", *words)

        assert sentence in str(said.value)

    def test_reports_visitors_who_found_no_shop(self, make_product, settings, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(running, "Errand", partial(visitors.Errand, attempts=1))
        make_product()
        settings.WEB_URL = "http://127.0.0.1:9"
        (tmp_path / "curve.csv").write_text("second,visitors\n1,2\n")

        with pytest.raises(CommandError, match="2 visitor"):
            call_command("rush", "lamp", "--curve", str(tmp_path / "curve.csv"), "--json")

        said = json.loads(capsys.readouterr().out)
        assert (said["visitors"], said["errors"]) == (2, {"GET: ConnectionRefusedError": 2})

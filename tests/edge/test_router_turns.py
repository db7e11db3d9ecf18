"""The router takes a new table up while it works, and says how it is."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

import pytest

from config import embedded
from edge.router import settings
from edge.router.settings import BadSetting
from edge.routing import Origin
from tests.edge.router_world import NOBODY, PAGE, SALE, mirror, origin, says, told, until, world


class TestTheTable:
    async def test_before_there_is_one_everything_goes_to_the_shop(self, tmp_path):
        async with (
            origin(says("shop")) as shop,
            world(tmp_path, web=shop) as edge,
            edge.ask(f"{PAGE}order", method="POST", data=b"{}") as answer,
        ):
            assert await answer.text() == "shop"

    async def test_that_cannot_be_read_leaves_the_last_one_on(self, tmp_path, caplog):
        async with origin(says("fast")) as fast, world(tmp_path, fastpath=fast) as edge:
            edge.publish(*SALE, version=3)
            await edge.is_on(3)
            (edge.folder / "table.json").write_text('{"version": 4, "behav')
            await asyncio.sleep(0.15)

            async with edge.ask(f"{PAGE}order", method="POST") as answer:
                assert await answer.text() == "fast"
            (edge.folder / "table.json").unlink()
            await asyncio.sleep(0.15)
            await edge.is_on(3)

        errors = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert len(errors) == 1
        assert "table 3 stays" in errors[0].getMessage()

    async def test_that_cannot_be_read_at_the_start_leads_all_to_the_shop_and_says_so(self, tmp_path, caplog):
        (tmp_path / "table.json").write_text("garbage")

        async with (
            origin(says("shop")) as shop,
            world(tmp_path, web=shop) as edge,
            edge.ask(f"{PAGE}order", method="POST") as answer,
        ):
            assert await answer.text() == "shop"

        (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "cannot be read, all requests go to the shop: " in error.getMessage()

    async def test_that_is_new_is_live_in_a_quarter_of_a_second(self, tmp_path):
        took = []
        async with (
            origin(says("fast")) as fast,
            origin(says("shop")) as shop,
            world(tmp_path, web=shop, fastpath=fast) as edge,
        ):
            for version in range(1, 6):
                began = time.monotonic()
                edge.publish(*(SALE if version % 2 else ()), version=version)
                await edge.is_on(version)
                took.append(time.monotonic() - began)
                async with edge.ask(f"{PAGE}order") as answer:
                    assert await answer.text() == ("fast" if version % 2 else "shop")

        # What a busy machine adds, it does not add each time.
        assert min(took) < 0.25

    async def test_may_change_under_load_and_drop_nothing(self, tmp_path):
        answers = []

        async def shopper(edge, until):
            while not until.is_set():
                async with (
                    edge.ask(PAGE) as page,
                    edge.ask(f"{PAGE}order", method="POST", data=b"{}") as order,
                ):
                    answers.append((page.status, await page.text(), order.status, await order.text()))

        async with (
            origin(says("fast")) as fast,
            origin(says("shop")) as shop,
            world(tmp_path, web=shop, fastpath=fast) as edge,
        ):
            edge.write(f"minisite/b7{PAGE}index.html", "page")
            enough = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(shopper(edge, enough))
                for version in range(1, 9):
                    edge.publish(*(SALE if version % 2 else ()), version=version)
                    await edge.is_on(version)
                    # Each of them has come under this table, from beginning to end.
                    seen = len(answers)
                    await until(lambda seen=seen: len(answers) >= seen + 16)
                enough.set()

        assert {(page, order) for page, _, order, _ in answers} == {(200, 200)}
        assert {text for _, text, _, _ in answers} == {"page", "shop"}
        assert {text for _, _, _, text in answers} == {"fast", "shop"}

    async def test_a_request_under_way_ends_where_it_began(self, tmp_path):
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slow(request):
            asked.set()
            await go_on.wait()
            return await says("shop")(request)

        async with (
            origin(slow) as shop,
            origin(says("fast")) as fast,
            world(tmp_path, web=shop, fastpath=fast) as edge,
        ):
            early = asyncio.create_task(edge.client.get(f"{edge.url}{PAGE}order"))
            await asked.wait()
            edge.publish(*SALE)
            await edge.is_on(1)
            go_on.set()

            assert await (await early).text() == "shop"


class TestStopping:
    async def test_answers_what_is_under_way(self, tmp_path):
        asked = asyncio.Event()

        async def slow(request):
            asked.set()
            await asyncio.sleep(0.1)
            return await says("done")(request)

        async with origin(slow) as shop, world(tmp_path, web=shop) as edge:
            under_way = asyncio.create_task(edge.client.get(f"{edge.url}/"))
            await asked.wait()
            await edge.router.stop()

            assert await (await under_way).text() == "done"
            await edge.router.start()


@pytest.mark.slow
def test_the_process_starts_and_stops_when_it_is_told(tmp_path):
    port = embedded.free_port()
    surroundings = os.environ | {"PORT": str(port), "VAR_DIR": str(tmp_path)}

    process = subprocess.Popen([sys.executable, "-m", "edge.router"], env=surroundings, cwd=settings.ROOT)
    try:
        assert answers_soon(f"http://127.0.0.1:{port}/healthz") == {"status": "ok", "table": 0}
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()


def answers_soon(url):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=30) as answer:
            return json.load(answer)
        time.sleep(0.05)
    return None


class TestHealth:
    async def test_healthz_says_which_table_is_on(self, tmp_path):
        async with world(tmp_path) as edge:
            edge.publish(version=12)
            await edge.is_on(12)
            async with edge.ask("/healthz") as answer:
                assert await answer.json() == {"status": "ok", "table": 12}

    async def test_readyz_names_the_origin_that_is_down(self, tmp_path):
        async with (
            origin(says("ok")) as up,
            world(tmp_path, web=up, live=up, fastpath=NOBODY) as edge,
            edge.ask("/readyz") as answer,
        ):
            found = await answer.json()

        assert answer.status == 503
        assert (found["ready"], found["checks"]["web"], found["checks"]["live"]) == (False, "ok", "ok")
        assert "ClientConnectorError" in found["checks"]["fastpath"]

    async def test_readyz_tells_the_world_no_more_than_which(self, tmp_path):
        async with (
            world(tmp_path) as edge,
            edge.ask("/readyz", headers={"X-Forwarded-For": "10.0.0.1"}) as answer,
        ):
            assert set((await answer.json())["checks"].values()) == {"down"}

    async def test_readyz_is_well_when_all_are(self, tmp_path):
        async with (
            origin(says("ok")) as up,
            world(tmp_path, web=up, live=up, fastpath=up) as edge,
            edge.ask("/readyz") as answer,
        ):
            assert answer.status == 200

    async def test_stats_count_requests_by_origin(self, tmp_path):
        async with origin(mirror) as up, world(tmp_path, *SALE, web=up, fastpath=up) as edge:
            for path in ("/", "/shop/", f"{PAGE}order"):
                async with edge.ask(path) as answer:
                    await told(answer)
            async with edge.ask("/_edge/stats") as answer:
                requests = (await answer.json())["requests"]

        assert (requests["web"], requests["fastpath"], requests["live"]) == (2, 1, 0)

    async def test_stats_are_nobody_elses(self, tmp_path):
        async with (
            origin(says("shop")) as up,
            world(tmp_path, web=up) as edge,
            edge.ask("/_edge/stats", headers={"X-Forwarded-For": "10.0.0.1"}) as answer,
        ):
            assert await answer.text() == "shop"


class TestSettings:
    def test_have_defaults_that_work_embedded(self):
        found = settings.from_environment({})

        assert (found.port, found.urls[Origin.WEB]) == (8000, "http://127.0.0.1:8001")
        assert found.table == settings.ROOT / "var/demo/edge/table.json"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PORT", "http"),
            ("PORT", "70000"),
            ("WEB_URL", "web:8001"),
            ("LIVE_URL", "http://a/b"),
            ("WEB_URL", "http://a:b"),
        ],
    )
    def test_that_cannot_be_read_are_named(self, name, value):
        with pytest.raises(BadSetting, match=f"{name}='{value}'"):
            settings.from_environment({name: value})

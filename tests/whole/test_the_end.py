"""Ctrl-C stops everything that a demo started, and a second start finds the data again, after a kill too."""

import re
import socket

import psutil
import psycopg
import pytest

from config import env
from live.demo import storyboard
from tests.whole.conftest import FOLDER, READY_SECONDS, start_demo

pytestmark = pytest.mark.slow

TOURNEY = "/shop/rods/tourney-casting-rod/"
# What takes a first start long, with the pictures and the film.
MADE_ONCE = ("django_migrations", "shop_category", "shop_product", "shop_sku")


def test_nothing_is_left_running_and_the_second_start_finds_what_the_first_made(shop):
    sku = shop.ask("/api/v1/products/tourney-casting-rod/").json()["skus"][0]["sku"]
    placed = shop.order(TOURNEY, sku=sku).json()["status_url"]
    rows, files = made_rows(), made_files()

    left_running = shop.stop_as_ctrl_c_does()
    shop.start()

    assert left_running == []
    assert shop.ask(placed).status == 200
    assert made_rows() == rows
    assert made_files() == files


def made_rows():
    """How many there are of each, and the newest one's number: one made anew has another."""
    with psycopg.connect(env.read_note(FOLDER)["DATABASE_URL"]) as connection:
        asked = {table: f"SELECT count(*), max(id) FROM {table}" for table in MADE_ONCE}
        return {table: connection.execute(asked[table]).fetchone() for table in asked}


def made_files():
    media = FOLDER / "media"
    made_once = (media / "categories", media / "products", media / "shows" / storyboard.read().slug)
    return {file: file.stat().st_mtime_ns for folder in made_once for file in folder.rglob("*.*")}


def test_a_start_after_the_supervisor_was_killed_ends_what_that_left_and_comes_up(shop):
    left_behind = psutil.Process(shop.process.pid).children(recursive=True)

    shop.process.kill()
    shop.process.wait()
    # Nobody ends them: they serve, and hold the port.
    assert shop.ask("/healthz").status == 200
    shop.start()

    assert re.search(r"left \d+ processes running here", FOLDER.with_suffix(".log").read_text())
    assert [process for process in left_behind if goes_on(process)] == []


def goes_on(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_taken_port_is_named(tmp_path):
    log = tmp_path / "demo.log"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        demo = start_demo(log, port, folder=env.ROOT / "var" / "test-end")

        assert demo.wait(timeout=READY_SECONDS) == 1

    assert f"Port {port} is taken" in log.read_text()

"""What a page carries of its live rooms, so that the socket tells what came after; and how long it waits."""

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings

from live import publish
from shop import rooms
from tests.live.link import Link

PAGE = "/shop/camp/lamp/"
LAMP = {"available": 3, "price": "19.99", "status": "in_stock", "version": 1}


@pytest.fixture
def room(store):
    def make(slug, **values):
        told = [fields | {"product": slug, "sku": sku, "currency": "USD"} for sku, fields in values.items()]
        publish.whole_product(told)

    return make


class TestCarried:
    @pytest.fixture
    def read_rooms(self, client):
        def get(path):
            page = client.get(path).content.decode()
            carried = re.search(r'<script id="live-rooms" type="application/json">(.*?)</script>', page)
            return {each["room"]: each for each in json.loads(carried.group(1))}

        return get

    @pytest.mark.parametrize("path", ["/", "/shop/", "/shop/camp/", PAGE, "/search/?q=lamp"])
    def test_stand_on_every_page_that_shows_products(self, make_sku, room, read_rooms, path):
        make_sku("LAMP", available=3, featured=True)
        room("lamp", LAMP={"available": 3, "price": "19.99", "status": "in_stock", "version": 1})

        carried = read_rooms(path)["product:lamp"]

        assert set(carried["position"]) == {"epoch", "offset"}
        assert carried["state"]["LAMP"]["available"] == 3

    def test_say_the_newer_of_row_and_room(self, make_sku, room, read_rooms):
        make_sku("OLD", available=3, featured=True)
        make_sku("NEW", available=3, featured=True)
        room("old", OLD={"available": 9, "price": "19.99", "status": "in_stock", "version": 0})
        room("new", NEW={"available": 9, "price": "19.99", "status": "in_stock", "version": 2})

        carried = read_rooms("/shop/")

        assert carried["product:old"]["state"]["OLD"]["available"] == 3
        assert carried["product:new"]["state"]["NEW"]["available"] == 9

    def test_have_no_position_where_the_room_lacks_a_sku(self, make_sku, room, read_rooms):
        lamp = make_sku("LAMP")
        make_sku("LAMP-L", product=lamp.product)
        room("lamp", LAMP={"available": 3, "price": "19.99", "status": "in_stock", "version": 1})

        assert read_rooms(PAGE)["product:lamp"]["position"] is None

    def test_come_with_all_their_scripts_named_before_one_asks_for_the_next(self, make_sku, client):
        make_sku("LAMP")

        page = client.get(PAGE).content.decode()

        for script in (settings.BASE_DIR / "static" / "js" / "live").iterdir():
            assert f'<link rel="modulepreload" href="/static/js/live/{script.name}">' in page

    def test_are_read_in_one_round_trip(self, make_sku, client, store):
        for number in range(20):
            make_sku(f"LAMP-{number}")
        client.get("/shop/")
        before = store.info("stats")["total_reads_processed"]

        client.get("/shop/")

        # One of them asks for this count.
        assert store.info("stats")["total_reads_processed"] - before <= 3


class TestWaiting:
    @pytest.fixture
    def link(self, monkeypatch):
        """To a store that answers while this passes anything, and is busy with its disk while it does not."""
        with Link(urlsplit(settings.REDIS_URL).port) as link, ThreadPoolExecutor(4) as readers:
            monkeypatch.setattr(rooms, "_client", redis.Redis(port=link.port, socket_timeout=60))
            # Whoever still reads is done before the next test reads for itself.
            monkeypatch.setattr(rooms, "_readers", readers)
            yield link
            link.resume()

    def in_haste(self, monkeypatch):
        monkeypatch.setattr(rooms, "HASTE_SECONDS", 0.001)
        return rooms.get_rooms(["lamp"])["lamp"]

    def test_a_store_busy_with_its_disk_is_not_waited_for(self, room, link, monkeypatch):
        room("lamp", LAMP=LAMP)
        read = rooms.get_rooms(["lamp"])["lamp"]

        link.pause()

        # It would wait for a minute, and find nothing then.
        assert self.in_haste(monkeypatch) == read
        assert read.values["LAMP"]["available"] == 3

    def test_what_was_answered_while_something_else_was_done_is_there(self, room, link, monkeypatch):
        monkeypatch.setattr(rooms, "HASTE_SECONDS", 0.0)
        room("lamp", LAMP=LAMP)
        rooms.get_rooms(["lamp"])
        room("lamp", LAMP=LAMP | {"available": 2, "version": 2})

        asked = rooms.ask(["lamp"])
        asked.reading.result(60)

        assert asked.get()["lamp"].values["LAMP"]["available"] == 2

    def test_a_room_never_read_before_is_waited_for(self, room, link, monkeypatch):
        room("lamp", LAMP=LAMP)
        link.pause()
        threading.Timer(0.1, link.resume).start()

        assert self.in_haste(monkeypatch).values["LAMP"]["available"] == 3

    def test_what_was_read_too_long_ago_is_read_again(self, room, link, monkeypatch):
        monkeypatch.setattr(rooms, "KEPT_SECONDS", 0.0)
        room("lamp", LAMP=LAMP)
        rooms.get_rooms(["lamp"])
        room("lamp", LAMP=LAMP | {"available": 2, "version": 2})
        link.pause()
        threading.Timer(0.1, link.resume).start()

        assert self.in_haste(monkeypatch).values["LAMP"]["available"] == 2

    def test_a_store_that_is_away_costs_one_page_its_patience(self, make_sku, client, monkeypatch):
        make_sku("LAMP", available=3)
        monkeypatch.setattr(rooms, "LEFT_ALONE_SECONDS", 600.0)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            away = redis.Redis(
                port=silent.getsockname()[1], socket_timeout=0.2, retry=rooms._client.get_retry()
            )
            monkeypatch.setattr(rooms, "_client", away)
            pages = [client.get("/shop/").content.decode() for _ in range(3)]
            asked = count_callers(silent)

        assert all("Only 3 left" in page for page in pages)
        assert asked == 1


def count_callers(silent):
    """How many have called at this door, which nobody opens."""
    silent.setblocking(False)
    callers = 0
    while True:
        try:
            caller, _ = silent.accept()
        except BlockingIOError:
            return callers
        caller.close()
        callers += 1

"""The pages of shows: what there is to see, and when; the same for everybody."""

import json
import re

import pytest
import redis

from live.models import Pin
from live.shows import first_look, views
from tests.live.shows.world import NOON, add, make_show

pytestmark = pytest.mark.django_db


@pytest.fixture
def read(client, store):
    def read(path, status=200):
        answer = client.get(path)
        assert answer.status_code == status
        return answer.content.decode()

    return read


@pytest.fixture
def made_anew(monkeypatch):
    """Each page view makes its page."""
    monkeypatch.setattr(views, "KEPT_FOR", 0)


def state_of(page):
    (text,) = re.findall(r'<script id="show-state" type="application/json">(.*?)</script>', page, re.S)
    return json.loads(text)


class TestShow:
    def test_has_its_rooms_state_in_it(self, show, read):
        message = state_of(read("/shows/tailrace/"))

        assert message["room"] == "show:tailrace"
        assert set(message["state"]) == {"show", "LAMP", "DESK"}
        assert message["position"]["offset"] >= 1

    def test_shows_what_the_shop_knows_while_the_store_is_away(self, show, read, made_anew, monkeypatch):
        with_the_store = state_of(read("/shows/tailrace/"))
        monkeypatch.setattr(first_look, "_client", redis.Redis.from_url("redis://127.0.0.1:1"))

        without = state_of(read("/shows/tailrace/"))

        assert without == with_the_store | {"position": None}

    def test_lists_its_products_in_its_order_once_each(self, show, read):
        other = make_show("other", skus=())
        for each in show.listed.all():
            add(other, each.product, position=9 - each.position)

        assert names(read("/shows/tailrace/")) == ["Lamp", "Desk"]
        assert names(read("/shows/other/")) == ["Desk", "Lamp"]

    def test_knows_what_is_pinned(self, show, client, store):
        desk = show.products.get(slug="desk")
        Pin.objects.create(show=show, product=desk, at=NOON)

        pinned = client.get("/shows/tailrace/").context["pinned"]

        assert (pinned.product, pinned.number, pinned.order_url) == (desk, 2, "/shop/rooms/desk/order")

    def test_carries_nothing_of_its_visitor_and_fits_into_the_desks_frame(self, show, client, store):
        answer = client.get("/shows/tailrace/")

        assert not answer.cookies
        assert answer["X-Frame-Options"] == "SAMEORIGIN"

    def test_one_that_is_none_is_not_found(self, db, read):
        read("/shows/nothing/", status=404)

    @pytest.mark.parametrize("skus", [("LAMP", "DESK"), tuple(f"LAMP-{number}" for number in range(12))])
    def test_costs_the_same_few_queries_for_twelve_products(
        self, client, store, django_assert_num_queries, made_anew, skus
    ):
        make_show(status="live", skus=skus)
        client.get("/shows/tailrace/")

        with django_assert_num_queries(5):
            client.get("/shows/tailrace/")

    def test_is_made_once_for_all_who_come_at_the_same_moment(
        self, show, client, store, django_assert_num_queries, monkeypatch
    ):
        monkeypatch.setattr(views, "KEPT_FOR", 60)
        first = client.get("/shows/tailrace/").content

        with django_assert_num_queries(0):
            assert client.get("/shows/tailrace/").content == first


def names(page):
    return re.findall(r'data-name="([^"]+)"', page)


class TestIndex:
    def test_has_what_is_live_what_comes_and_what_was(self, read):
        for status in ("live", "scheduled", "ended"):
            make_show(status, status=status, skus=())

        page = read("/shows/")

        headings = re.findall(r"<h2>(Live now|Coming up|To watch again)</h2>", page)
        assert headings == ["Live now", "Coming up", "To watch again"]
        assert [
            page.index(f'href="/shows/{status}/"') for status in ("live", "scheduled", "ended")
        ] == sorted(page.index(f'href="/shows/{status}/"') for status in ("live", "scheduled", "ended"))

    def test_says_so_where_nothing_is_planned(self, db, read):
        assert "No show is planned yet" in read("/shows/")


class TestFrontPage:
    def test_leads_to_the_show_that_is_live(self, show, read):
        assert 'href="/shows/tailrace/"' in read("/")

    def test_says_nothing_of_one_that_is_not(self, read):
        make_show(status="ended")

        assert "/shows/tailrace/" not in read("/")

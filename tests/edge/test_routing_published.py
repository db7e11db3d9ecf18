"""From the database's sales to the file that the built-in router reads, and the command that shows it."""

import asyncio
import json
import threading
import urllib.request
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from edge import apply, routing, table
from edge.models import MinisitePage, PublishedTable
from edge.plan import UnsafePlan
from edge.publishing import NotServed, builtin
from edge.router.server import Router
from edge.router.settings import Settings
from edge.routing import PERMANENT, Origin, Table
from shop.models import Category, Product, Sale

pytestmark = pytest.mark.django_db

PAGE = "/shop/rods/muskie-casting-rod/"


@pytest.fixture(autouse=True)
def no_router(settings, tmp_path):
    """A table file of this test's own, and nobody who listens at the edge's address."""
    settings.EDGE_TABLE = tmp_path / "edge" / "table.json"
    settings.EDGE_URL = "http://127.0.0.1:9"


def make_sale(*, state=Sale.State.OPEN, slug="muskie-casting-rod", page=True):
    rods, _ = Category.objects.get_or_create(slug="rods", defaults={"name": "Rods"})
    product = Product.objects.create(category=rods, slug=slug, name=slug)
    sale = Sale.objects.create(product=product, price="99.99", units=5, state=state, generation=1)
    if page:
        MinisitePage.objects.create(
            sale=sale, generation=1, build="b7", path=f"b7/shop/rods/{slug}/index.html"
        )
    return sale


def where(path):
    return routing.choose(builtin.existing(), path)


class TestDesired:
    def test_without_sales_it_is_what_is_permanent(self):
        assert table.desired() == PERMANENT

    @pytest.mark.parametrize("state", Sale.ON)
    def test_a_sale_that_is_on_stands_before_the_rest(self, state):
        make_sale(state=state)

        assert [each.origin for each in table.desired()[:3]] == [
            Origin.MINISITE,
            Origin.FASTPATH,
            Origin.FASTPATH,
        ]
        assert table.desired()[3:] == PERMANENT

    @pytest.mark.parametrize("state", [Sale.State.DRAFT, Sale.State.CLOSED])
    def test_a_sale_that_is_off_is_not_in_it(self, state):
        make_sale(state=state)

        assert table.desired() == PERMANENT

    def test_an_old_generations_page_does_not_count(self):
        sale = make_sale()
        Sale.objects.filter(pk=sale.pk).update(generation=2)

        assert table.desired() == PERMANENT


class TestApply:
    def test_the_file_is_what_the_database_says(self):
        make_sale()

        apply.apply(by="ada")

        assert where(PAGE).path == f"/_mini/b7{PAGE}index.html"
        assert where(f"{PAGE}order").origin is Origin.FASTPATH
        assert where("/shop/rods/tourney-casting-rod/").origin is Origin.WEB

    def test_says_who_published_which_version(self):
        apply.apply(by="ada")

        published = PublishedTable.objects.get()
        assert published.published_by == "ada"
        assert builtin.existing().version == published.pk

    def test_publishes_nothing_when_nothing_changed(self):
        apply.apply(by="ada")

        assert apply.apply(by="ada").is_empty
        assert PublishedTable.objects.count() == 1

    def test_replaces_a_table_that_cannot_be_read(self, settings):
        apply.apply(by="ada")
        settings.EDGE_TABLE.write_text("{half a tab")

        apply.apply(by="ada")

        assert builtin.existing().behaviors == PERMANENT

    def test_refuses_to_lose_a_sale_that_is_on(self):
        sale = make_sale()
        apply.apply(by="ada")
        MinisitePage.objects.filter(sale=sale).delete()

        with pytest.raises(UnsafePlan, match="while their sale is on"):
            apply.apply(by="ada")

        assert where(f"{PAGE}order").origin is Origin.FASTPATH

    def test_does_it_when_forced(self):
        MinisitePage.objects.filter(sale=make_sale()).delete()
        builtin.publish(
            Table(1, (*routing.sale_behaviors(category="rods", product="x", build="b"), *PERMANENT))
        )

        assert len(apply.apply(by="ada", force=True).remove) == 3

    def test_says_so_when_no_router_of_ours_answers(self, settings, monkeypatch, live_server):
        settings.EDGE_URL = live_server.url
        monkeypatch.setattr(builtin, "WAIT_SECONDS", 0.05)

        with pytest.raises(NotServed, match="does not say which table"):
            apply.apply(by="ada")

    def test_waits_for_no_router_where_none_runs_yet(self, settings, live_server):
        settings.EDGE_URL = live_server.url

        apply.apply(by="ada", wait=False)

        assert builtin.existing().behaviors == PERMANENT


class TestCommand:
    def routes(self, *words):
        output = StringIO()
        call_command("routes", *words, stdout=output)
        return output.getvalue()

    def test_plan_publishes_nothing(self):
        assert "+ * → web" in self.routes("plan")

        assert builtin.existing() is None

    def test_apply_then_show(self):
        make_sale()
        self.routes("apply")

        assert f"{PAGE}order → fastpath" in self.routes("show")

    def test_json_is_for_programs(self):
        planned = json.loads(self.routes("plan", "--json"))
        self.routes("apply", "--json")
        shown = json.loads(self.routes("show", "--json"))

        assert planned["add"] == shown["behaviors"]

    def test_an_unsafe_plan_is_an_error_unless_forced(self):
        sale = make_sale()
        self.routes("apply")
        MinisitePage.objects.filter(sale=sale).delete()

        with pytest.raises(CommandError, match="--force"):
            self.routes("apply")
        assert "- /shop/rods/muskie-casting-rod/order → fastpath" in self.routes("apply", "--force")

    def test_there_is_nothing_to_show_before_the_first(self):
        with pytest.raises(CommandError, match="routes apply"):
            self.routes("show")


class TestWithARunningRouter:
    @pytest.fixture
    def router_url(self, settings, tmp_path, monkeypatch):
        """The built-in router, in a thread with a loop of its own."""
        addresses = dict.fromkeys((Origin.WEB, Origin.LIVE, Origin.FASTPATH), "http://127.0.0.1:9")
        router = Router(Settings("127.0.0.1", 0, settings.EDGE_TABLE, urls=addresses, folders={}))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        monkeypatch.setattr(builtin, "WAIT_SECONDS", 60)
        port = asyncio.run_coroutine_threadsafe(router.start(), loop).result(60)
        yield f"http://127.0.0.1:{port}"
        asyncio.run_coroutine_threadsafe(router.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def test_apply_returns_when_the_router_serves_it(self, settings, router_url):
        settings.EDGE_URL = router_url
        make_sale()

        apply.apply(by="ada")

        with urllib.request.urlopen(f"{router_url}/healthz") as answer:
            assert json.load(answer)["table"] == PublishedTable.objects.get().pk

    def test_says_so_when_it_watches_another_file(self, settings, router_url, monkeypatch, tmp_path):
        monkeypatch.setattr(builtin, "WAIT_SECONDS", 0.1)
        settings.EDGE_URL = router_url
        settings.EDGE_TABLE = tmp_path / "another.json"

        with pytest.raises(NotServed, match=r"serves table 0\. .* does its EDGE_TABLE name"):
            apply.apply(by="ada")

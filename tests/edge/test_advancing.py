"""What becomes due by itself, and what somebody left half done, is finished by the periodic task."""

from datetime import timedelta

import pytest
from django.utils import timezone

from edge import lifecycle
from edge.models import MinisitePage, PublishedTable, SaleChange
from fastpath_lambda.rules import State
from shop.models import Sale
from tests.edge.world import interrupt, stock

pytestmark = pytest.mark.django_db


class TestAdvance:
    def test_opens_what_is_due(self, make_plan, ledger):
        opens_at = timezone.now() + timedelta(seconds=30)
        make_plan(opens_at=opens_at)
        lifecycle.arm("lamp", by="ada")
        lifecycle.advance(now=opens_at - timedelta(microseconds=1))
        assert Sale.objects.get().state == "armed"

        lifecycle.advance(now=opens_at)

        assert Sale.objects.get().state == "open"
        assert ledger.get_sale("lamp").state is State.OPEN

    @pytest.mark.parametrize("before", ["armed", "open", "paused"])
    def test_closes_what_is_due(self, make_plan, before):
        closes_at = timezone.now() + timedelta(seconds=30)
        make_plan(closes_at=closes_at)
        lifecycle.arm("lamp", by="ada")
        for move in {"armed": [], "open": ["open_sale"], "paused": ["open_sale", "pause"]}[before]:
            getattr(lifecycle, move)("lamp", by="ada")

        lifecycle.advance(now=closes_at)

        assert (Sale.objects.get().state, stock().available) == ("closed", 10)

    def test_finishes_closing_once_the_claims_are_orders(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        lifecycle.close("lamp", by="ada", wait=False)
        lifecycle.advance(now=timezone.now())
        assert Sale.objects.get().state == "closing"

        drain_all()
        lifecycle.advance(now=timezone.now())

        assert (Sale.objects.get().state, Sale.objects.get().changed_by) == ("closed", "ada")

    def test_finishes_a_half_done_arming_after_a_while(self, make_plan, ledger, monkeypatch):
        make_plan()
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.arming.load", interrupt)
            lifecycle.arm("lamp", by="ada")
        armed_at = Sale.objects.get().changed_at
        lifecycle.advance(now=armed_at + timedelta(seconds=4))
        assert ledger.get_sale("lamp") is None

        lifecycle.advance(now=armed_at + timedelta(seconds=10))

        assert ledger.get_sale("lamp").state is State.ARMED
        assert MinisitePage.objects.exists()

    def test_writes_down_what_only_the_ledger_knows(self, open_sale, ledger):
        open_sale()
        ledger.move("lamp", 1, to=State.PAUSED, allowed_from=[State.OPEN])

        lifecycle.advance(now=timezone.now() + timedelta(seconds=10))

        assert Sale.objects.get().state == "paused"
        assert SaleChange.objects.latest("id").by == "schedule"

    def test_publishes_the_page_that_a_crash_left_as_it_was(self, make_plan, nearby, monkeypatch):
        make_plan()
        lifecycle.arm("lamp", by="ada")
        before = MinisitePage.objects.get().build
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.serving.serve", interrupt)
            lifecycle.open_sale("lamp", by="ada")
        assert Sale.objects.get().state == "open"

        lifecycle.advance(now=timezone.now() + timedelta(seconds=10))

        page = MinisitePage.objects.get()
        assert page.build != before
        assert "opens_soon" not in (nearby / "minisite" / page.path).read_text()

    def test_finishes_the_routes_of_a_sale_that_is_closed(self, open_sale, ledger, monkeypatch):
        open_sale()
        with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
            crash.setattr("edge.lifecycle.serving.route", interrupt)
            lifecycle.close("lamp", by="ada")

        lifecycle.advance(now=timezone.now())

        assert ledger.get_sale("lamp") is None
        patterns = [row["path_pattern"] for row in PublishedTable.objects.latest("id").table["behaviors"]]
        assert not any("lamp" in pattern for pattern in patterns)

    def test_goes_on_to_the_next_sale_when_one_fails(self, make_product, make_plan, open_sale, store):
        opens_at = timezone.now() + timedelta(seconds=30)
        lost = open_sale(closes_at=opens_at)
        store.flushall()
        make_plan(product=make_product("torch"), opens_at=opens_at)
        lifecycle.arm("torch", by="ada")

        lifecycle.advance(now=opens_at)

        lost.refresh_from_db()
        assert lost.state == "closing"
        assert Sale.objects.get(product__slug="torch").state == "open"

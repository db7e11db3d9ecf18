"""The admin of sales, and /ops/: what will happen is said first, and only staff gets there."""

import json
import re
import time
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now

from edge import lifecycle
from orders import pacing
from orders.models import DeadLetter, Order, Payment, Refund
from shop.models import Sale, Stock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops(client):
    client.force_login(User.objects.create_superuser("ada"))
    return client


def url(sale, action="change"):
    return reverse(f"admin:shop_sale_{action}", args=[sale.pk])


def buttons(page):
    return re.findall(r'class="sale-move (\w+)"', page.content.decode())


class TestList:
    def test_shows_each_sales_state_and_what_is_left(self, ops, open_sale, take):
        open_sale(units=3)
        take()

        page = ops.get(reverse("admin:shop_sale_changelist")).content.decode()

        assert 'class="sale-state sale-open">open' in page
        assert 'class="field-left">2<' in page


class TestSalePage:
    def test_offers_the_moves_that_are_possible_now(self, ops, make_plan):
        sale = make_plan()

        offered = [buttons(ops.get(url(sale)))]
        for move in ("arm", "open_sale", "pause"):
            getattr(lifecycle, move)("lamp", by="ada")
            offered.append(buttons(ops.get(url(sale))))

        assert offered == [
            ["arm"],
            *([move, "close", "restock", "take_back"] for move in ("open", "pause", "resume")),
        ]

    def test_offers_to_arm_no_second_sale_of_a_product_that_is_on_sale(self, ops, open_sale, make_plan):
        planned = make_plan(product=open_sale().product)

        assert buttons(ops.get(url(planned))) == []

    def test_does_not_let_the_plan_be_edited_while_the_sale_is_on(self, ops, open_sale):
        sale = open_sale(units=3)

        page = ops.get(url(sale)).content.decode()

        assert 'name="units"' not in page
        assert "cannot be edited while the sale is on" in page

    def test_saves_a_plan(self, ops, make_plan):
        sale = make_plan(units=3)
        fields = {"product": sale.product_id, "price": "5.00", "units": 4, "limit_per_buyer": 1}
        lists = ("allotments", "changes")
        forms = {f"{name}-{part}_FORMS": 0 for name in lists for part in ("TOTAL", "INITIAL")}

        ops.post(url(sale), fields | forms)

        sale.refresh_from_db()
        assert (str(sale.price), sale.units, sale.limit_per_buyer) == ("5.00", 4, 1)

    def test_lets_only_a_plan_be_deleted(self, ops, make_plan):
        sale = make_plan()
        lifecycle.arm("lamp", by="ada")
        lifecycle.close("lamp", by="ada")

        assert ops.get(url(sale, "delete")).status_code == 403


class TestMove:
    def test_says_what_will_happen_before_it_does(self, ops, make_plan):
        sale = make_plan(units=3)

        page = ops.get(url(sale, "arm")).content.decode()

        assert re.search(r"<td>LAMP</td>.*>10<.*>3<.*>7<", page)
        assert re.search(r"<code>/shop/camp/lamp/order</code></td><td>web</td><td><strong>fastpath<", page)
        assert Sale.objects.get().state == "draft"

    def test_happens_when_it_is_confirmed(self, ops, make_plan):
        sale = make_plan(units=3)

        page = ops.post(url(sale, "arm"), follow=True).content.decode()

        sale.refresh_from_db()
        assert (sale.state, sale.changed_by, Stock.objects.get().available) == ("armed", "ada", 7)
        assert "Lamp is armed" in page

    def test_cannot_be_confirmed_without_the_stock_for_it(self, ops, make_plan):
        sale = make_plan(units=11)

        page = ops.get(url(sale, "arm")).content.decode()

        assert "There is not enough stock" in page
        assert "disabled" in page

    def test_shows_why_it_did_not_happen(self, ops, make_plan):
        sale = make_plan(units=11)

        page = ops.post(url(sale, "arm"), follow=True).content.decode()

        assert "11 units asked for, 10 are in stock" in page

    def test_closing_says_what_comes_back_and_leaves_the_waiting_to_the_worker(self, ops, open_sale, take):
        sale = open_sale(units=3)
        take()

        said = ops.get(url(sale, "close")).content.decode()
        ops.post(url(sale, "close"))

        sale.refresh_from_db()
        assert re.search(r"<td>LAMP</td>.*>7<.*>2<.*>9<", said)
        assert re.search(r"<code>/shop/camp/lamp/</code></td><td>minisite</td><td><strong>web<", said)
        assert sale.state == "closing"

    def test_refuses_a_move_that_the_state_does_not_allow(self, ops, make_plan):
        sale = make_plan()

        page = ops.get(url(sale, "pause"), follow=True).content.decode()

        assert "it is draft. Arm it first" in page

    @pytest.mark.parametrize("name", ["lamp", "7", "9" * 30])
    def test_of_a_sale_that_is_not_there_is_none(self, ops, nearby, name):
        answer = ops.get(f"/admin/shop/sale/{name}/close/", follow=True)

        assert answer.status_code == 404 or b"doesn\xe2\x80\x99t exist" in answer.content

    def test_is_not_for_staff_who_may_not_change_sales(self, client, make_plan):
        sale = make_plan()
        client.force_login(User.objects.create_user("eve", is_staff=True))

        assert client.post(url(sale, "arm")).status_code == 403
        assert Sale.objects.get().state == "draft"


class TestOps:
    def test_shows_refunds_that_the_provider_refused(self, ops, nearby, store):
        assert "refused by the payment provider" not in ops.get("/ops/").content.decode()
        order = Order.objects.create(
            id=uuid.uuid4(), email="ada@example.org", address={}, total=9, currency="USD", accepted_at=now()
        )
        payment = Payment.objects.create(
            order=order, provider="sandbox", amount=9, captured=9, currency="USD"
        )
        Refund.objects.create(payment=payment, key="k", amount=9, state="refused")

        page = ops.get("/ops/").content.decode()

        assert "/admin/orders/refund/?state__exact=refused" in page
        assert "refund</a> refused by the payment provider" in page

    def test_counts_orders_that_wait_too_long_for_their_payment(self, ops, nearby, store):
        for seconds, status in ((90, "placed"), (90, "confirmed"), (5, "placed")):
            Order.objects.create(
                id=uuid.uuid4(), email="ada@example.org", address={}, total=9, currency="USD",
                accepted_at=now(), placed_at=now() - timedelta(seconds=seconds), status=status,
            )  # fmt: skip

        page = " ".join(ops.get("/ops/").content.decode().split())

        assert (
            '<b class="bad">1</b><span><a href="/admin/orders/order/?status__exact=placed">order</a>' in page
        )

    def test_shows_each_sale_the_equation_the_buffer_and_the_routes(self, ops, open_sale, take):
        open_sale(units=3)
        take()
        DeadLetter.objects.create(message_id="m", body="{", reason="not JSON")

        page = ops.get("/ops/").content.decode()

        assert "Balanced" in page
        assert "0 ordered, 1 claimed, 2 left of 3" in page
        assert "<code>/shop/camp/lamp/order</code>" in page
        assert ">1</b>" in re.sub(r"\s", "", page)

    def test_gives_the_changing_part_alone(self, ops, open_sale):
        open_sale()

        part = ops.get("/ops/now/").content.decode()

        assert "<html" not in part
        assert "Routing table" in part

    def test_shows_how_fast_the_drain_is_and_why(self, ops, store):
        assert "from any drain for ten seconds" in ops.get("/ops/now/").content.decode()
        said = {"rate": 120, "share": 120, "drained": 97, "quiet": 0.0003, "felt": 0.0041, "at": time.time()}
        store.hset(pacing.PACES, "spillway:turn:drain", json.dumps(said))

        part = " ".join(ops.get("/ops/now/").content.decode().split())

        assert '<b class="slow">97</b>' in part
        assert "120 allowed of 500; the database adds 4.1 ms, when left alone 0.3" in part

    def test_is_for_staff(self, client):
        assert client.get("/ops/").status_code == 302
        assert client.get("/ops/now/").status_code == 302

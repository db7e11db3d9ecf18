"""What people can do in the admin while a sale runs: what would break the equation is refused, with why."""

from threading import Event, Thread

import pytest
from django.contrib import admin
from django.db import DatabaseError, connections, transaction

from edge import lifecycle
from edge.audit import audit, is_balanced
from orders.models import Order
from shop import names
from shop.models import Allotment, Product, Sale, Sku, Stock, StockMovement
from tests.edge.world import wait_until_somebody_waits
from tests.shop.test_admin import save

pytestmark = pytest.mark.django_db
__all__ = ["save"]


@pytest.fixture
def lamp(open_sale, take, drain_all):
    """A lamp on sale: one unit is an order, one a claim, the others are left."""
    sale = open_sale()
    take()
    drain_all()
    take()
    return sale.product


def product_page(product):
    return f"/admin/shop/product/{product.pk}/change/"


def balanced():
    return is_balanced(audit())


class TestNames:
    SENTENCE = "Close the sale first, then change this."

    def test_of_a_sku_on_sale_stay(self, lamp, save):
        page = save(product_page(lamp), skus__0__code="LANTERN")

        assert "LAMP is on sale: its ledger and its buyers&#x27; links go by LAMP." in page
        assert (Sku.objects.get().code, balanced()) == ("LAMP", True)

    def test_of_a_product_on_sale_stay(self, lamp, save):
        page = save(product_page(lamp), slug="lantern")

        assert "links go by lamp" in page and self.SENTENCE in page
        assert (Product.objects.get().slug, balanced()) == ("lamp", True)

    def test_of_its_category_stay(self, lamp, save):
        page = save(f"/admin/shop/category/{lamp.category_id}/change/", slug="elsewhere")

        assert self.SENTENCE in page
        assert balanced()

    def test_of_a_product_armed_while_the_page_was_open_stay(self, make_plan, save):
        plan = make_plan()

        page = save(
            product_page(plan.product),
            meanwhile=lambda: lifecycle.arm(plan.product.slug, by="ada"),
            slug="lantern",
            skus__0__code="LANTERN",
        )

        assert page.count(self.SENTENCE) == 2
        assert balanced()

    def test_may_change_when_nothing_is_on_sale(self, make_plan, save):
        plan = make_plan()

        save(product_page(plan.product), slug="lantern", skus__0__code="LANTERN")

        assert (Product.objects.get().slug, Sku.objects.get().code) == ("lantern", "LANTERN")

    def test_other_words_may_change_all_the_while(self, lamp, save):
        save(product_page(lamp), name="A brighter lamp")

        assert Product.objects.get().name == "A brighter lamp"


@pytest.mark.django_db(transaction=True)
class TestRace:
    """Two connections: one arms, the other renames, and each has looked before either has written."""

    def arm_meanwhile(self, product, done):
        Stock.objects.filter(sku__product=product).update(available=1)
        done.set()
        connections.close_all()

    def race(self, product, look):
        done = Event()
        arming = Thread(target=self.arm_meanwhile, args=(product, done))
        with transaction.atomic():
            look(sku__product=product)
            arming.start()
            wait_until_somebody_waits(or_else=done.is_set)
            came_between = done.is_set()
        arming.join(timeout=60)
        return came_between

    def test_is_real_where_somebody_looks_without_holding(self, make_plan):
        def look(**which):
            return Stock.objects.filter(**which).exclude(sale=None).exists()

        assert self.race(make_plan().product, look) is True

    def test_arming_waits_for_who_renames(self, make_plan):
        assert self.race(make_plan().product, names.are_held) is False


class TestUnits:
    def test_of_a_stock_on_sale_are_not_set(self, make_plan, save):
        plan = make_plan()
        before = Stock.objects.get().available

        page = save(
            "/admin/shop/stock/",
            meanwhile=lambda: lifecycle.arm(plan.product.slug, by="ada"),
            form__0__available=str(before + 5),
        )

        assert "on sale on the fast path: close the sale first" in page
        assert balanced()

    @pytest.mark.parametrize("field", ["units", "limit_per_buyer", "price", "product"])
    def test_of_a_sale_that_is_on_are_not_edited(self, lamp, save, field):
        sale = Sale.objects.get()
        before = (sale.units, sale.limit_per_buyer, sale.price, sale.product_id)

        save(f"/admin/shop/sale/{sale.pk}/change/", **{field: "1"})

        sale.refresh_from_db()
        assert (sale.units, sale.limit_per_buyer, sale.price, sale.product_id) == before
        assert balanced()

    def test_of_an_allotment_are_not_edited(self, lamp, save):
        sale, allotment = Sale.objects.get(), Allotment.objects.get()

        save(
            f"/admin/shop/sale/{sale.pk}/change/",
            allotments__0__armed="9",
            allotments__0__id=str(allotment.pk),
        )

        assert (Allotment.objects.get().armed, balanced()) == (allotment.armed, True)

    def test_stand_on_no_page_of_their_own(self):
        named = {model.__name__ for model in admin.site._registry}

        assert not named & {"Allotment", "Release", "OrderLine", "Payment", "Bought", "Sku"}


class TestDeleting:
    @pytest.mark.parametrize("page", ["product", "category", "sale", "stock", "stockmovement"])
    def test_what_a_sale_stands_on_is_refused(self, lamp, admin_client, page):
        model = {"product": Product, "category": type(lamp.category), "sale": Sale, "stock": Stock}.get(
            page, StockMovement
        )
        row = model.objects.first()
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}

        admin_client.post(f"/admin/shop/{page}/{row.pk}/delete/", {"post": "yes"})
        admin_client.post(f"/admin/shop/{page}/", chosen)

        assert model.objects.filter(pk=row.pk).exists()
        assert balanced()

    def test_an_order_is_refused(self, lamp, admin_client):
        placed = Order.objects.get()

        assert (
            admin_client.post(f"/admin/orders/order/{placed.pk}/delete/", {"post": "yes"}).status_code == 403
        )
        assert (
            admin_client.post(f"/admin/orders/order/{placed.pk}/change/", {"status": "placed"}).status_code
            == 403
        )
        assert balanced()

    def test_a_movement_is_refused_whatever_the_code_believes(self, lamp):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            StockMovement.objects.all()._raw_delete("default")

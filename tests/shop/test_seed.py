"""The demo shop: what outsiders rely on is in it, and planting it twice changes nothing."""

import io
import json
import re
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.auth import get_user_model
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.db.models import Sum
from django.test import override_settings

from shop.demo import catalogue
from shop.drawings import pictures, scenes
from shop.drawings.palette import Palette
from shop.models import Category, Product, Sku, Stock, StockMovement
from shop.pricing import set_price

WORKSHOP = {
    "muskie-casting-rod": "149.99",
    "tourney-casting-rod": "49.99",
    "spinning-reel": "29.99",
    "baitcasting-reel": "299.99",
    "square-bill-silent-crankbait": "6.39",
}


@pytest.fixture(scope="module")
def planted(django_db_setup, django_db_blocker, tmp_path_factory):
    """Planted once: each test changes it within a savepoint, and the end undoes the whole."""
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        transaction.atomic(),
    ):
        call_command("seed_shop")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def seeded(planted, db):
    """The demo shop."""


def test_holds_the_workshops_catalogue(seeded):
    names = ["Rods", "Reels", "Hard baits", "Soft baits", "Swimbaits", "Tackle storage", "Waders"]
    assert [category.name for category in Category.objects.all()] == names
    for slug, price in WORKSHOP.items():
        assert {sku.price for sku in Product.objects.get(slug=slug).skus.all()} == {Decimal(price)}
    muskie = Sku.objects.get(product__slug="muskie-casting-rod")
    assert (muskie.code, muskie.stock.available, muskie.product.category.slug) == ("MUSKIE-7FT", 1200, "rods")


def test_is_a_believable_shop(seeded):
    assert Product.objects.count() >= 40
    assert Stock.objects.filter(available=0).exists()
    assert Stock.objects.filter(available__range=(1, 9)).exists()
    for product in Product.objects.all():
        assert product.summary
        assert product.description
        assert default_storage.exists(product.picture.name)


def test_counts_every_unit_it_brought(seeded):
    brought = StockMovement.objects.aggregate(units=Sum("quantity"))["units"]

    assert brought == Stock.objects.aggregate(units=Sum("available"))["units"]


def test_leaves_alone_what_was_changed_since(seeded):
    set_price(Sku.objects.get(code="MUSKIE-7FT"), Decimal("120"))
    before = [model.objects.count() for model in (Category, Product, Sku, Stock, StockMovement)]

    call_command("seed_shop")

    assert [model.objects.count() for model in (Category, Product, Sku, Stock, StockMovement)] == before
    assert Sku.objects.get(code="MUSKIE-7FT").price == 120


def test_draws_again_a_picture_that_was_lost(seeded):
    rod = Product.objects.get(slug="muskie-casting-rod")
    rod.picture.storage.delete(rod.picture.name)

    call_command("seed_shop")

    assert default_storage.exists(Product.objects.get(pk=rod.pk).picture.name)


def test_grows_to_the_number_that_was_asked_for(seeded):
    call_command("seed_shop", products=30)
    call_command("seed_shop", products=40)

    plain = Product.objects.filter(slug__startswith="stock-item-")
    assert plain.count() == 40
    assert Stock.objects.filter(sku__product__in=plain, available=25).count() == 40


def test_makes_a_staff_login_only_when_told_to(seeded):
    assert not get_user_model().objects.exists()

    call_command("seed_shop", demo_admin=True)
    call_command("seed_shop", demo_admin=True)

    assert get_user_model().objects.get().is_superuser


@pytest.mark.parametrize("kind", pictures.KINDS)
def test_a_drawing_is_a_picture_that_refers_to_what_it_defines(kind):
    text = pictures.product(kind, Palette("#1f4d45", pattern="bars"), ground="#e6dabd", seed=kind)

    defined = [element.get("id") for element in ElementTree.fromstring(text).iter() if element.get("id")]
    assert set(re.findall(r"url\(#(\w+)\)", text)) <= set(defined)
    assert len(defined) == len(set(defined))


def test_products_do_not_look_alike():
    drawn = [product.draw() for category in catalogue.read() for product in category.products]

    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize(("name", "draw"), [("banner", scenes.banner), ("snag", scenes.snag)])
def test_the_files_of_the_design_are_what_is_drawn(settings, name, draw):
    assert Path(settings.BASE_DIR, "static", "img", f"{name}.svg").read_text() == draw()


def test_tells_programs_what_is_new(seeded):
    out = io.StringIO()

    call_command("seed_shop", "--demo-admin", "--json", stdout=out)

    new = {"categories": 0, "products": 0, "skus": 0, "plain_products": 0, "demo_admin": True}
    assert json.loads(out.getvalue()) == new

"""A product, a sale of it, and buyers: made by the test that needs them, in the real stores."""

import itertools
from decimal import Decimal

import pytest

from edge import lifecycle
from edge.ledger import connect
from fastpath_lambda import identity
from fastpath_lambda.rules import Request
from orders import drain
from shop.models import Category, Product, Sale, Sku, Stock


@pytest.fixture
def ledger(store):
    return connect()


@pytest.fixture
def nearby(settings, tmp_path):
    """Page and table are written below this folder; no router listens, and files keep their names."""
    settings.EDGE_URL = "http://127.0.0.1:9"
    settings.EDGE_TABLE = tmp_path / "table.json"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "minisite": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "minisite")},
        },
    }
    return tmp_path


@pytest.fixture
def make_product(nearby, ledger):
    """`make_product(stock=10)`: a lamp; more SKUs by name, each with that stock."""

    def make(slug="lamp", *, stock=10, skus=None, price="20.00"):
        category, _ = Category.objects.get_or_create(slug="camp", defaults={"name": "Camp"})
        product = Product.objects.create(slug=slug, name=slug.title(), category=category)
        for code in skus or [slug.upper()]:
            sku = Sku.objects.create(product=product, code=code, price=Decimal(price))
            Stock.objects.create(sku=sku, available=stock)
        return product

    return make


@pytest.fixture
def make_plan(make_product):
    """`make_plan(units=3)`: a sale of a new lamp at 9.99, as a merchandiser planned it."""

    def make(*, product=None, units=3, limit_per_buyer=2, **fields):
        product = product or make_product()
        fields = {"price": Decimal("9.99")} | fields
        return Sale.objects.create(product=product, units=units, limit_per_buyer=limit_per_buyer, **fields)

    return make


@pytest.fixture
def open_sale(make_plan):
    """`open_sale(units=3)`: a sale that shoppers can buy in."""

    def make(**fields):
        sale = make_plan(**fields)
        lifecycle.arm(sale.product.slug, by="ada")
        return lifecycle.open_sale(sale.product.slug, by="ada")

    return make


@pytest.fixture
def take(ledger):
    """`take("lamp")`: one unit for a new buyer, through the ledger. Gives a claim or a refusal."""
    numbers = itertools.count(1)

    def ask(slug="lamp", *, sku=None, quantity=1, buyer=None):
        sale = ledger.get_sale(slug)
        email = f"{buyer or f'buyer-{next(numbers)}'}@example.org"
        order_id = identity.order_id(scope=slug, generation=sale.generation, key=f"{email}-{next(numbers)}")
        request = Request(
            order_id=order_id,
            fingerprint="f",
            sku=sku or slug.upper(),
            quantity=quantity,
            buyer=email,
            email=email,
            name="Ada",
            address={"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
            payment_token="tok_ok",
        )
        return ledger.take(sale, request)

    return ask


@pytest.fixture
def drain_all(ledger):
    """`drain_all("lamp")`: every pending claim becomes an order, as the drain does it."""

    def run(slug="lamp"):
        generation = Product.objects.get(slug=slug).sale_generation
        pending = ledger.count(slug, generation).pending
        drain.write_claims(pending)
        ledger.confirm(slug, generation, [claim.order_id for claim in pending])

    return run

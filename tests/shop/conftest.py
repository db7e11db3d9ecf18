"""A small shop to test with: one category, products made by the test that needs them."""

import json
from decimal import Decimal

import pytest

from fastpath_lambda import keys
from shop.models import Allotment, Category, Product, Sale, Sku, Stock


@pytest.fixture(autouse=True)
def quick_settings(settings, store):
    """Pages are tested without collecting files first, rooms from none on."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def make_sku(db):
    """Make `make_sku("LAMP", available=3)`, with the product and the category it needs."""

    def make(code="LAMP", *, available=3, price="19.99", product=None, options=None, **fields):
        if product is None:
            category, _ = Category.objects.get_or_create(slug="camp", defaults={"name": "Camp"})
            defaults = {"name": code.title(), "category": category} | fields
            product, _ = Product.objects.get_or_create(slug=code.lower(), defaults=defaults)
        sku = Sku.objects.create(product=product, code=code, price=Decimal(price), options=options or {})
        Stock.objects.create(sku=sku, available=available)
        return sku

    return make


@pytest.fixture
def put_on_sale(store):
    """Give a SKU's units to a sale, as arming does: the classic door is shut, and no room is there yet."""

    def put(sku, *, state=Sale.State.OPEN, price="9.99", units=5, **fields):
        sale = Sale.objects.create(
            product=sku.product, price=Decimal(price), units=units, state=state, generation=1, **fields
        )
        Allotment.objects.create(sale=sale, generation=1, sku=sku, armed=units)
        Stock.objects.filter(sku=sku).update(sale=sale)
        return sale

    return put


@pytest.fixture
def show_in_room(store):
    """Write what viewers of a product see now, as the ledger's scripts do."""

    def show(sku, **value):
        fields = {"sku": sku.code, "currency": "USD", "version": 9} | value
        store.hset(keys.room_state(f"product:{sku.product.slug}"), sku.code, json.dumps(fields))

    return show

"""A shop with one lamp to sell."""

import uuid
from types import SimpleNamespace

import pytest
from django.db import connections

from fastpath_lambda import identity, rules
from fastpath_lambda.claims import Claim
from fastpath_lambda.sqs import Queue
from fastpath_lambda.stores.redis import RedisLedger
from shop.models import Allotment, Category, Product, Sale, Sku, Stock
from tests.orders.paid_through import make_sandbox, make_stripe
from tests.orders.stripe_server import StripeServer

ADDRESS = {"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"}


@pytest.fixture(autouse=True)
def no_room_is_left(store):
    """Pages read what rooms say, and a room of the same name may be another test's."""


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Nothing is collected for tests, so nothing has a hash in its name."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def lamp():
    """A lamp in the shop: 3 in stock."""
    return make_sku("LAMP", available=3)


@pytest.fixture
def sale(lamp):
    """A sale of the lamp with 100 units set aside; its classic door is shut."""
    return make_sale(lamp, units=100)


def make_sku(code, *, available=3, price="20.00"):
    rooms, _ = Category.objects.get_or_create(slug="rooms", defaults={"name": "Rooms"})
    product = Product.objects.create(category=rooms, name=code.title(), slug=code.lower())
    sku = Sku.objects.create(product=product, code=code, price=price)
    Stock.objects.create(sku=sku, available=available)
    return sku


def make_sale(sku, *, units, state="open"):
    sale = Sale.objects.create(product=sku.product, price="15.00", units=units, state=state, generation=1)
    Allotment.objects.create(sale=sale, generation=1, sku=sku, armed=units)
    Stock.objects.filter(sku=sku).update(sale=sale)
    return sale


def make_claim(sale, key, **changes):
    product = sale.product.slug
    claim = {
        "order_id": identity.order_id(scope=product, generation=1, key=str(key)),
        "sale_id": sale.pk,
        "generation": 1,
        "product": product,
        "number": 1,
        "sku": product.upper(),
        "quantity": 1,
        "unit_price": "15.00",
        "currency": "USD",
        "buyer": "ada@example.org",
        "email": "Ada@example.org",
        "name": "Ada",
        "address": ADDRESS,
        "payment_token": "tok_ok",
        "fingerprint": "f" * 32,
        "accepted_ms": 1_700_000_000_000,
    }
    return Claim(**(claim | changes))


@pytest.fixture
def queue(monkeypatch):
    """A buffer of this test's own, with its dead letters."""
    name = f"orders-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("SQS_DEAD_LETTER_QUEUE_NAME", f"{name}-dead")
    queue = Queue.from_environment(name)
    queue.ensure()
    return queue


@pytest.fixture
def server():
    with StripeServer() as server:
        yield server


@pytest.fixture(params=["sandbox", "stripe"])
def shop(request):
    if request.param == "sandbox":
        return make_sandbox()
    return make_stripe(request.getfixturevalue("server"))


@pytest.fixture
def ledger(store):
    return RedisLedger(store)


@pytest.fixture
def away(monkeypatch):
    """The database cannot be reached, until `away.come_back()`."""
    with monkeypatch.context() as patch:
        patch.setitem(connections["default"].settings_dict, "HOST", "/nowhere")
        connections["default"].close()
        yield SimpleNamespace(come_back=patch.undo)


def receive_all(queue):
    found = []
    while messages := queue.receive(wait_seconds=0):
        found += messages
        queue.delete_batch([message.receipt for message in messages])
    return found


def take(ledger, sale, keys, *, sku="LAMP"):
    """Load this sale into the ledger, and claim one unit for each key."""
    loaded = rules.Sale(
        product=sale.product.slug, category="rooms", name=sale.product.name, sale_id=sale.pk, generation=1,
        state=rules.State.OPEN, limit_per_buyer=10_000, currency="USD", prices={sku: "15.00"},
    )  # fmt: skip
    ledger.load(loaded, units={sku: 100}, versions={sku: 1})
    claims = [ledger.take(loaded, _request(sale, key, sku)) for key in keys]
    assert all(isinstance(claim, Claim) for claim in claims)
    return claims


def _request(sale, key, sku):
    order_id = identity.order_id(scope=sale.product.slug, generation=1, key=str(key))
    return rules.Request(
        order_id=order_id, fingerprint="f" * 32, sku=sku, quantity=1, buyer="ada@example.org",
        email="ada@example.org", name="Ada", address=ADDRESS, payment_token="tok_ok",
    )  # fmt: skip

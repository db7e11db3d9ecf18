"""What the OpenAPI document says is so: what it allows and what it forbids are answered as it says."""

import uuid

import hypothesis
import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core import signals
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils.timezone import now
from drf_spectacular.generators import EndpointEnumerator
from hypothesis import HealthCheck, Phase, given, seed
from rest_framework.authtoken.models import Token
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from live.models import KeyMoment, Show, ShowProduct
from orders.models import DeadLetter, Order
from shop.models import Sale
from tests.orders.conftest import make_sku, plain_static_files, queue

# Some of what the document allows is refused here, because it cannot say: that a cursor came from a
# page, that a text is a shopper's, or more than blanks.
BEYOND_WORDS = {
    "GET /api/v1/products/",
    "GET /api/v1/dead-letters/",
    "GET /api/v1/shows/",
    "POST /api/v1/shows/{show}/moments/",
    "POST /api/v1/orders/",
    "POST /api/v1/fastpath/{slug}/restock/",
    "POST /api/v1/fastpath/{slug}/take-back/",
    "POST /shop/{category}/{product}/order",
}
__all__ = ["plain_static_files", "queue"]  # fixtures of the orders' tests

OPERATIONS = [
    "GET /api/v1/products/",
    "GET /api/v1/products/{slug}/",
    "GET /api/v1/stock/{sku}/",
    "PUT /api/v1/stock/{sku}/",
    "POST /api/v1/orders/",
    "GET /api/v1/orders/{order_id}/",
    "POST /api/v1/orders/{order_id}/cancel/",
    "GET /api/v1/dead-letters/",
    "GET /api/v1/dead-letters/{number}/",
    "POST /api/v1/dead-letters/{number}/replay/",
    "POST /api/v1/dead-letters/{number}/discard/",
    "GET /api/v1/fastpath/{slug}/",
    "POST /api/v1/fastpath/{slug}/arm/",
    "POST /api/v1/fastpath/{slug}/{action}/",
    "POST /api/v1/fastpath/{slug}/restock/",
    "POST /api/v1/fastpath/{slug}/take-back/",
    "GET /api/v1/shows/",
    "GET /api/v1/shows/{show}/",
    "PUT /api/v1/shows/{show}/status/",
    "POST /api/v1/shows/{show}/pin/",
    "POST /api/v1/shows/{show}/moments/",
    "DELETE /api/v1/shows/{show}/moments/{moment}/",
    "POST /shop/{category}/{product}/order",
    "GET /shop/{category}/{product}/order/{order_id}",
]


def test_is_whole_and_says_nothing_doubtful(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(tmp_path / "schema.yml"))


@pytest.fixture
def document(client, store):
    return client.get("/api/schema/", headers={"Accept": "application/json"}).json()


def test_tells_of_every_endpoint(document):
    found = [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]

    assert sorted(found) == sorted(OPERATIONS)


def test_no_endpoint_hides_another():
    endpoints = EndpointEnumerator().get_api_endpoints()
    served = [f"{method} {path}" for path, _, method, _ in endpoints if path.startswith("/api/v1/")]

    assert sorted(served) == sorted(label for label in OPERATIONS if "/api/v1/" in label)


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "*/*", "application/vnd.oai.openapi"),
        ("", "application/json", "application/json"),
        ("?format=json", "text/html,*/*", "application/vnd.oai.openapi+json"),
        ("?version=a%0d%0aSet-Cookie:%20b&lang=%00", "*/*", "application/vnd.oai.openapi"),
    ],
)
def test_comes_as_it_is_asked_for(client, store, query, accept, media_type):
    answer = client.get(f"/api/schema/{query}", headers={"Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert b"/api/v1/orders/" in answer.content


@pytest.fixture
def known(db, store, queue, settings, monkeypatch):
    """What there is in the shop; and nobody is held off."""
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES, 0)
    monkeypatch.setenv("SQS_QUEUE_NAME", queue.name)
    lamp = make_sku("LAMP", available=1000)
    make_sku("CHAIR", available=1000)
    Sale.objects.create(product=lamp.product, price="15.00", units=10)
    order = Order.objects.create(
        id=uuid.uuid4(), email="ada@example.org", address={}, total=0, currency="USD", accepted_at=now()
    )
    letter = DeadLetter.objects.create(message_id="m1", body="{broken", reason="unknown SKU")
    show = Show.objects.create(
        slug="tailrace", title="Night at the tailrace", host="Ada", hls_url="/v.m3u8", starts_at=now()
    )
    ShowProduct.objects.create(show=show, product=lamp.product)
    moment = KeyMoment.objects.create(show=show, title="The first fish", at=now())
    return {
        "show": ["tailrace"],
        "moment": [moment.pk],
        "slug": ["lamp", "chair"],
        "category": ["rooms"],
        "product": ["lamp", "chair"],
        "sku": ["LAMP", "CHAIR"],
        "order_id": [str(order.id)],
        "number": [letter.pk],
    }


@pytest.fixture
def application():
    """As a server runs it, but that the test's own connection stays open between requests."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(db):
    token = Token.objects.create(user=User.objects.create_user("ada", is_staff=True))
    return {"Authorization": f"Token {token}"}


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("label", OPERATIONS)
def test_is_true(label, mode, known, document, application, headers):
    operation = find(label, narrow(document, known), application)
    beyond_words = CHECKS.get_by_names(["positive_data_acceptance"]) if label in BEYOND_WORDS else []

    @seed(1)
    @hypothesis.settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        case.call_and_validate(headers=headers, excluded_checks=beyond_words)

    # Unsatisfiable where nothing that could be sent is forbidden: then say so in the document, or here.
    ask()


def narrow(document, known):
    """Have it ask for what there is: else nearly every answer would be 404."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for parameter in (found for operation in operations for found in operation.get("parameters", ())):
        if parameter["in"] == "path" and parameter["name"] in known:
            parameter["schema"] |= {"enum": known[parameter["name"]]}
    for asked in ("AskedLine", "OrderOfOneSku"):
        document["components"]["schemas"][asked]["properties"]["sku"] |= {"enum": known["sku"]}
    return document


def find(label, document, application):
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    schema.app = application
    method, _, path = label.partition(" ")
    return schema[path][method]

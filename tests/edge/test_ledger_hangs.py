"""A ledger that takes connections and says nothing: who asks it is told so, and waits no longer."""

import socket

import pytest
import redis
from django.contrib.auth.models import User
from django.core.management import call_command

from edge import lifecycle
from edge.ledger import connect
from shop.models import Sale

pytestmark = pytest.mark.django_db


@pytest.fixture
def hanging_ledger(settings, monkeypatch):
    """From when it is called, the ledger takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang():
            settings.REDIS_URL = f"redis://127.0.0.1:{server.getsockname()[1]}"
            monkeypatch.setattr("edge.ledger.PATIENCE_SECONDS", 0.1)
            connect.cache_clear()

        yield hang
    connect.cache_clear()


@pytest.mark.parametrize(
    "words", [("fastpath", "status", "lamp"), ("fastpath", "open", "lamp"), ("audit_stock",)]
)
def test_a_command_does_not_wait_for_it(make_plan, hanging_ledger, words):
    make_plan()
    lifecycle.arm("lamp", by="ada")
    hanging_ledger()

    with pytest.raises(redis.TimeoutError):
        call_command(*words)

    assert Sale.objects.get().state == "armed"


def test_the_admin_does_not_wait_for_it_either(make_plan, hanging_ledger, client):
    sale = make_plan()
    lifecycle.arm("lamp", by="ada")
    client.force_login(User.objects.create_superuser("ada"))
    hanging_ledger()

    answer = client.get(f"/admin/shop/sale/{sale.pk}/close/", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert b"cannot answer just now" in answer.content

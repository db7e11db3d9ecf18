"""A router that does not serve what a move published: the move itself is done, and who made it is told so."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from edge import lifecycle
from edge.lifecycle import CannotChange
from edge.publishing import builtin
from fastpath_lambda.rules import State
from shop.models import Sale

pytestmark = pytest.mark.django_db


@pytest.fixture
def foreign_router(monkeypatch, settings):
    """From when it is called, somebody who knows no table answers at the edge's address."""
    monkeypatch.setattr(builtin, "WAIT_SECONDS", 0.05)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield lambda: setattr(settings, "EDGE_URL", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def test_a_paused_sale_is_said_to_be_paused(open_sale, ledger, foreign_router):
    open_sale()
    foreign_router()

    with pytest.raises(
        CannotChange, match=r"^The sale of Lamp is paused by now, but: .* does not say which table"
    ):
        lifecycle.pause("lamp", by="ada")

    assert ledger.get_sale("lamp").state is State.PAUSED
    assert Sale.objects.get().state == "paused"

"""An endpoint of somebody's, the webhook that leads there, and what it is told of."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orders.receivers import webhooks
from orders.receivers.models import Webhook
from shop import events
from shop.outbox import Receiver

ORDER = "6b0f3a52-2f0e-5e0b-9d53-6f2f5d0c6a11"
WEBHOOKS = [Receiver("webhooks", webhooks.write)]


class Endpoint(BaseHTTPRequestHandler):
    """Somebody's program: keeps what it is sent, and answers as it was told to."""

    def do_POST(self):
        self.server.awake.wait(60)
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), content))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        self.wfile.write(b"seen\0")

    def log_message(self, *_):
        pass


@pytest.fixture
def listen():
    """`listen(status=200)`: an endpoint, with the webhook that leads there; `awake` set, it answers."""
    servers = []

    def start(*, status=200, is_awake=True, **fields):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        server.daemon_threads, server.block_on_close = True, False
        server.status, server.awake, server.requests = status, threading.Event(), []
        if is_awake:
            server.awake.set()
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        server.webhook = make_webhook(f"http://127.0.0.1:{server.server_port}/in", **fields)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def make_webhook(url="http://127.0.0.1:9/", **fields):
    return Webhook.objects.create(url=url, **({"topics": [events.ORDER]} | fields))


def happen(*statuses, order=ORDER):
    for version, status in enumerate(statuses, start=1):
        events.tell_order(order, status=status, version=version)

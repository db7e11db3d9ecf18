"""A small site for a browser: the live application, pages that a test writes, and an order's door."""

import asyncio
import json
import threading

import uvicorn
from django.conf import settings
from playwright.sync_api import expect

from config import asgi
from config.embedded import free_port
from config.service import wait_until
from live import publish, snapshots
from live.hub import Hub
from live.store import RoomStore
from tests.live.world import make_value

LAMP = """<article data-room="product:lamp">
  <h1>Lamp</h1> <p data-live="viewers" hidden></p>
  <div data-sku="LAMP" data-status="in_stock">
    <b data-live="price">$149.99</b>
    <span class="stock"><span data-live="status">In stock</span> <b data-live="available">3</b></span>
    <div>
      <form data-order data-name="Camp lamp" action="/shop/lights/lamp/order" method="post">
        <input type="hidden" name="sku" value="LAMP">
        <input name="quantity" value="1">
        <input name="email" value="a@b.org">
        <input name="name" value="Ada">
        <input name="line1" value="1 Pier Road">
        <input name="city" value="Hull">
        <input name="postcode" value="HU1 1AA">
        <input name="country" value="GB">
        <input name="payment_token" value="tok_ok">
        <button data-buy>Buy now</button>
      </form>
      <div data-order-result></div>
    </div>
  </div>
</article>"""


def page_of(body, rooms=()):
    """A page as the shop's templates make it: `rooms` is what it was rendered with."""
    return f"""<!doctype html><html lang="en"><title>Lamp</title>
<script type="application/json" id="live-rooms">{json.dumps(list(rooms))}</script>
<script type="module" src="/static/js/live.js"></script>
<script type="module" src="/static/js/buy.js"></script>
{body}</html>"""


class Door:
    """Serves `page`, answers orders with what a test puts on the pile, and remembers what was asked."""

    def __init__(self):
        self.page = page_of(LAMP)
        self.answers = []
        self.asked = []
        self.is_waited_at = False  # at /hang/,
        self.hung = threading.Event()  # which is not answered until this is set

    async def __call__(self, scope, receive, send):
        if scope["method"] == "POST":
            body = json.loads((await receive())["body"])
            self.asked.append((dict(scope["headers"])[b"idempotency-key"].decode(), body))
            while not self.answers:
                await asyncio.sleep(0.01)
            status, members = self.answers.pop(0)
            return await answer(send, status, b"application/json", json.dumps(members).encode())
        if scope["path"].startswith("/static/"):
            file = settings.BASE_DIR / scope["path"].lstrip("/")
            return await answer(send, 200, b"text/javascript", file.read_bytes())
        if scope["path"] == "/hang/":
            self.is_waited_at = True
            await asyncio.to_thread(self.hung.wait, 120)
        return await answer(send, 200, b"text/html", self.page.encode())


async def answer(send, status, kind, body):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


class Ear:
    """Stands before the live application and remembers what pages say, socket by socket."""

    def __init__(self, application):
        self.application = application
        self.said = []
        self.open = 0

    async def __call__(self, scope, receive, send):
        said = []
        self.said.append(said)

        async def listen():
            message = await receive()
            if message["type"] == "websocket.receive":
                said.append(json.loads(message["text"]))
            return message

        self.open += 1
        try:
            await self.application(scope, listen, send)
        finally:
            self.open -= 1

    def heard(self, kind):
        """All messages of this type, in turn."""
        return [message for said in list(self.said) for message in list(said) if message["type"] == kind]


class Site:
    """The live application and the door on one port, in a thread; can be stopped and started again."""

    def __init__(self):
        self.door = Door()
        self.port = free_port()

    def start(self):
        hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.Maker())
        application = asgi.build(hub)
        application.application_mapping["http"] = self.door
        self.ear = Ear(application.application_mapping["websocket"])
        application.application_mapping["websocket"] = self.ear
        config = uvicorn.Config(
            application,
            port=self.port,
            ws="live.wire:FrameProtocol",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=asyncio.run, args=[self.server.serve()])
        self.thread.start()
        eventually(lambda: self.server.started or not self.thread.is_alive())
        assert self.server.started, f"nothing listens on port {self.port}"

    def stop(self):
        self.door.hung.set()
        self.server.should_exit = True
        self.thread.join(60)
        assert not self.thread.is_alive(), "the server does not stop"


def show(*values, **changes):
    # Playwright's synchronous API runs in a loop of its own, in which Django would refuse to work.
    thread = threading.Thread(target=publish.whole_product, args=[values or [make_value(**changes)]])
    thread.start()
    thread.join()


def eventually(is_so):
    assert wait_until(is_so, 30), "not in time"


def available(page):
    return page.locator("[data-live=available]")


def watches(page):
    """Wait until the page is subscribed: it shows what only the room tells."""
    show(version=2, available=33)
    expect(available(page)).to_have_text("33")

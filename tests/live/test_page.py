"""live.js and buy.js in a real browser: one page, a real socket, and an order's door that does as told."""

import asyncio
import json
import socket
import threading
import time
import uuid

import pytest
import uvicorn
from django.conf import settings
from playwright.sync_api import expect, sync_playwright

from config import asgi
from fastpath_lambda import identity
from live import publish, snapshots
from live.hub import Hub
from live.store import RoomStore
from tests.live.world import make_value
from tests.need_chromium import find_chromium

pytestmark = pytest.mark.slow

ORDER = str(uuid.UUID(int=9))
STATUS_URL = f"/shop/lights/lamp/order/{ORDER}?token=" + identity.status_token(
    settings.STATUS_TOKEN_SECRET, ORDER
)
PAGE = """<!doctype html><html lang="en"><title>Lamp</title>
<script type="module" src="/static/js/live.js"></script>
<script type="module" src="/static/js/buy.js"></script>
<article data-room="product:lamp">
  <h1>Lamp</h1> <i data-live="viewers" hidden></i>
  <div data-sku="LAMP" data-status="in_stock">
    <b data-live="price">$149.99</b> <span data-live="status">In stock</span> <b data-live="available">3</b>
    <div>
      <form data-order action="/shop/lights/lamp/order" method="post">
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
</article></html>"""


class Door:
    """Answers orders with what a test put on the pile, and remembers what was asked."""

    def __init__(self):
        self.answers = []
        self.asked = []

    async def __call__(self, scope, receive, send):
        if scope["method"] == "POST":
            body = json.loads((await receive())["body"])
            self.asked.append((dict(scope["headers"])[b"idempotency-key"].decode(), body))
            status, members = self.answers.pop(0)
            return await answer(send, status, b"application/json", json.dumps(members).encode())
        if scope["path"].startswith("/static/"):
            file = settings.BASE_DIR / scope["path"].lstrip("/")
            return await answer(send, 200, b"text/javascript", file.read_bytes())
        return await answer(send, 200, b"text/html", PAGE.encode())


async def answer(send, status, kind, body):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


class Site:
    """The live application and the door on one port, in a thread; can be stopped and started again."""

    def __init__(self):
        self.door = Door()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    def start(self):
        hub = Hub(RoomStore(settings.REDIS_URL), make=snapshots.make)
        application = asgi.build(hub)
        application.application_mapping["http"] = self.door
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
        while not self.server.started:
            time.sleep(0.01)

    def stop(self):
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture
def site(store):
    site = Site()
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(site, browser):
    show(version=1)
    page = browser.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{site.port}/")
    yield page
    page.close()
    assert page.complaints == []


def show(**changes):
    # Playwright's synchronous API runs in a loop of its own, in which Django would refuse to work.
    thread = threading.Thread(target=publish.whole_product, args=[[make_value(**changes)]])
    thread.start()
    thread.join()


def available(page):
    return page.locator("[data-live=available]")


def watches(page):
    """Wait until the page is subscribed: it shows what only the room tells."""
    show(version=2, available=33)
    expect(available(page)).to_have_text("33")


# A close as the browser tells of one. Then nothing of the old socket is heard any more.
CLOSED = "((code, reason) => spillwayLive.closed({code, reason}))"

ACCEPTED = {
    "order_id": ORDER,
    "status": "accepted",
    "status_url": STATUS_URL,
    "sku": "LAMP",
    "quantity": 1,
    "unit_price": "149.99",
    "currency": "USD",
}


class TestStock:
    def test_sold_out_and_back_in_stock_without_a_reload(self, page):
        watches(page)

        show(version=3, available=0, status="sold_out")
        expect(page.locator("[data-live=status]")).to_have_text("Sold out")
        expect(page.locator("[data-buy]")).to_be_disabled()
        expect(page.locator("[data-sku]")).to_have_attribute("data-status", "sold_out")
        expect(page.get_by_text("Lamp: Sold out")).to_be_attached()
        show(version=4, available=2)

        expect(page.locator("[data-live=status]")).to_have_text("In stock")
        expect(page.locator("[data-buy]")).to_be_enabled()
        expect(page.get_by_text("Lamp: Back in stock")).to_be_attached()
        expect(page.locator("[data-live=price]")).to_have_text("$149.99")

    def test_a_change_is_marked_for_a_moment(self, page):
        watches(page)

        show(version=3, available=7)

        expect(available(page)).to_have_class("live-changed")
        expect(available(page)).not_to_have_class("live-changed")

    def test_goes_on_after_the_server_was_away(self, page, site):
        watches(page)

        site.stop()
        show(version=3, available=17)
        site.start()

        expect(available(page)).to_have_text("17", timeout=10_000)

    def test_an_older_version_changes_nothing(self, page):
        watches(page)

        page.evaluate(
            """spillwayLive.hear(JSON.stringify({type: "update", room: "product:lamp",
                position: spillwayLive.rooms.get("product:lamp").position,
                changes: {LAMP: {sku: "LAMP", available: 99, status: "in_stock", version: 1}}}))"""
        )
        page.evaluate("""spillwayLive.hear('{"type": "something new", "room": "product:lamp"}')""")

        expect(available(page)).to_have_text("33")


class TestConnection:
    def test_shows_how_many_watch(self, page, browser, site):
        expect(page.locator("[data-live=viewers]")).to_have_text("1")

        other = browser.new_page()
        other.goto(page.url)
        expect(page.locator("[data-live=viewers]")).to_have_text("2")
        other.close()

        expect(page.locator("[data-live=viewers]")).to_have_text("1")

    def test_comes_back_within_the_time_that_a_full_server_names(self, page):
        watches(page)

        page.evaluate(CLOSED + "(4002, JSON.stringify({retry_within_ms: 3000}))")
        assert page.evaluate("spillwayLive.notBefore") > 0
        page.evaluate("spillwayLive.hurry()")
        assert page.evaluate("spillwayLive.socket") is None
        show(version=3, available=17)

        expect(available(page)).to_have_text("17")

    @pytest.mark.parametrize("code", [4400, 4403, 1009])
    def test_stays_away_where_it_is_told_to(self, page, code):
        watches(page)

        page.evaluate(f"{CLOSED}({code}, '')")
        page.evaluate("spillwayLive.hurry()")

        assert page.evaluate("!spillwayLive.socket && !spillwayLive.timer")

    @pytest.mark.parametrize("reason", ["", "goodbye", "null", '{"retry_within_ms": "x"}'])
    def test_a_reason_that_says_nothing_is_no_hint(self, page, reason):
        watches(page)

        page.evaluate(f"{CLOSED}(1012, {json.dumps(reason)})")
        show(version=3, available=17)

        expect(available(page)).to_have_text("17")


class TestOrder:
    def test_is_followed_until_it_is_confirmed(self, page, site):
        watches(page)
        site.door.answers = [(202, ACCEPTED)]

        page.click("[data-buy]")
        result = page.locator("[data-order-result]")
        expect(result).to_contain_text("We have your order")
        expect(result.get_by_role("link")).to_have_attribute("href", STATUS_URL)
        publish.order(ORDER, "confirmed", 3)

        expect(result).to_contain_text("confirmed")
        key, body = site.door.asked[0]
        assert len(key) == 36
        assert body["quantity"] == 1
        assert body["address"]["line1"] == "1 Pier Road"
        assert page.evaluate("sessionStorage.length") == 0

    def test_a_failure_is_tried_again_with_the_same_key(self, page, site):
        site.door.answers = [(503, {}), (503, {}), (202, ACCEPTED)]

        page.click("[data-buy]")

        expect(page.locator("[data-order-result]")).to_contain_text("We have your order", timeout=10_000)
        assert len({key for key, _ in site.door.asked}) == 1

    def test_an_error_of_ours_keeps_the_key_and_other_values_renew_it(self, page, site):
        site.door.answers = [(500, {}), (500, {}), (500, {})]

        for quantity in ("1", "1", "2"):
            page.fill("[name=quantity]", quantity)
            page.click("[data-buy]")
            expect(page.locator("[data-order-result]")).to_contain_text("you will not buy twice")
            expect(page.locator("[data-buy]")).to_be_enabled()

        keys = [key for key, _ in site.door.asked]
        assert keys[0] == keys[1] != keys[2]

    def test_a_refusal_is_a_sentence(self, page, site):
        site.door.answers = [(409, {"refusal": "sold_out", "detail": "The last one was just sold."})]

        page.click("[data-buy]")

        expect(page.locator("[data-order-result]")).to_have_text("The last one was just sold.")

    def test_errors_stand_beside_their_fields_until_the_next_try(self, page, site):
        problem = {
            "title": "Please check the order",
            "errors": {"email": "Write an e-mail.", "sku": "Choose one."},
        }
        site.door.answers = [(400, problem), (202, ACCEPTED)]

        page.click("[data-buy]")
        expect(page.locator("[name=email] + em")).to_have_text("Write an e-mail.")
        expect(page.locator("[name=email]")).to_be_focused()
        expect(page.locator("[data-order-result]")).to_have_text("Choose one.")
        page.click("[data-buy]")

        expect(page.locator("[data-order-result]")).to_contain_text("We have your order")
        expect(page.locator("em")).to_have_count(0)

    def test_what_sold_out_while_it_was_ordered_stays_shut(self, page, site):
        watches(page)
        site.door.answers = [(503, {}), (409, {"detail": "The last one was just sold."})]

        page.click("[data-buy]")
        show(version=3, available=0, status="sold_out")

        expect(page.locator("[data-order-result]")).to_contain_text("just sold", timeout=10_000)
        expect(page.locator("[data-buy]")).to_be_disabled()

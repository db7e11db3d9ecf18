"""What a page shows of stock and prices, in a real browser: products, cards, lines of the basket."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.live.site import LAMP, available, page_of, show, watches
from tests.live.world import make_value

pytestmark = pytest.mark.slow

VECTORS = Path(__file__).parent.parent / "vectors"
CARD = """<ul class="cards"><li class="card" data-room="product:lamp" data-as="card" data-status="in_stock">
  <span class="tag" data-card="tag" hidden></span>
  <p><small data-card="from" hidden>from </small><b data-card="price">$149.99</b>
    <s data-card="regular" data-amount="149.99" hidden>$149.99</s></p>
  <p class="stock"><span data-card="stock">30 in stock</span></p>
</li></ul>"""
LINE = """<ul><li class="line" data-room="product:lamp" data-as="line" data-sku="LAMP" data-quantity="2"
    data-price="149.99" data-currency="USD">
  <a data-line="name">Lamp</a> <span data-line="price">$149.99</span> <p data-line="problem"></p>
  <b data-line="total">$299.98</b>
</li></ul>
<b data-sum>$299.98</b> <a href="/checkout/" data-checkout>Check out</a>
<p data-checkout-note hidden>Mend it.</p>"""


def rendered(**changes):
    """What a page says that it was rendered with, when the room stood at this."""
    value = make_value(**changes)
    del value["product"]
    return {value["sku"]: value}


class TestProduct:
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
        expect(page.locator(".stock")).to_have_class("stock few")

    def test_a_change_is_marked_for_a_moment(self, visit):
        show(version=1)
        page = visit(clock=True)
        watches(page)
        page.clock.fast_forward(1_300)
        expect(available(page)).not_to_have_class("live-changed")

        page.clock.pause_at(page.evaluate("Date.now()") + 10_000)
        show(version=3, available=7)
        expect(available(page)).to_have_class("live-changed")
        page.clock.fast_forward(1_300)

        expect(available(page)).not_to_have_class("live-changed")

    def test_an_older_version_and_an_unknown_type_change_nothing(self, page):
        watches(page)
        hear = "spillwayLive.tabs.leader.connection.said(JSON.stringify({}))"
        position = page.evaluate('spillwayLive.rooms.rooms.get("product:lamp").position')
        older = {"LAMP": {"sku": "LAMP", "available": 99, "status": "in_stock", "version": 1}}

        update = {"type": "update", "room": "product:lamp", "position": position, "changes": older}
        for message in (update, {"type": "something new", "room": "product:lamp"}):
            page.evaluate(hear.replace("{}", json.dumps(message)))

        expect(available(page)).to_have_text("33")


class TestPosition:
    def test_goes_on_from_what_the_page_was_rendered_with(self, visit, site, room):
        show(version=5, available=3)
        seen = {"room": "product:lamp", "position": {"epoch": room.epoch, "offset": room.offset}}
        site.door.page = page_of(LAMP, [seen | {"state": rendered(version=5)}])

        show(version=6, available=12)
        page = visit()

        expect(available(page)).to_have_text("12")
        (subscribe,) = site.ear.heard("subscribe")
        assert subscribe["rooms"] == [{"room": "product:lamp", "position": seen["position"], "viewers": True}]

    def test_never_shows_less_than_the_page_was_rendered_with(self, visit, site, room):
        # The page was made of a row that the room has not heard of yet.
        show(version=5, available=3)
        seen = {"room": "product:lamp", "position": {"epoch": room.epoch, "offset": room.offset}}
        site.door.page = page_of(LAMP, [seen | {"state": rendered(version=7, available=1)}])
        page = visit()
        expect(available(page)).to_have_text("1")

        show(version=6, available=2)
        show(version=8, available=9)

        expect(available(page)).to_have_text("9")
        assert page.evaluate('spillwayLive.rooms.rooms.get("product:lamp").state.LAMP.version') == 8

    def test_one_socket_and_one_message_for_all_rooms_of_a_page(self, visit, site):
        show(make_value(), *[make_value(product=f"lamp-{number}", available=7) for number in range(48)])
        cards = "".join(CARD.replace(":lamp", f":lamp-{number}") for number in range(48))
        site.door.page = page_of(LAMP + cards)

        expect(visit().get_by_text("Only 7 left")).to_have_count(48)

        assert len(site.ear.said) == 1
        assert [len(message["rooms"]) for message in site.ear.heard("subscribe")] == [49]


class TestCard:
    def test_follows_stock_price_and_sale(self, visit, site):
        show(version=1, available=30)
        site.door.page = page_of(CARD)
        page = visit()
        card, stock, tag = (page.locator(found) for found in (".card", "[data-card=stock]", ".tag"))

        show(version=2, available=4)
        expect(stock).to_have_text("Only 4 left")
        expect(page.locator(".stock")).to_have_class("stock few")
        show(version=3, available=0, status="sold_out")
        expect(stock).to_have_text("Sold out")
        expect(tag).to_have_text("Sold out")
        expect(card).to_have_attribute("data-status", "sold_out")
        show(version=4, available=20, status="on_sale", price="99.99")

        expect(stock).to_have_text("20 in stock")
        expect(tag).to_have_text("On sale")
        expect(page.locator("[data-card=price]")).to_have_text("$99.99")
        expect(page.locator("[data-card=regular]")).to_be_visible()
        show(version=5, available=20)
        expect(page.locator("[data-card=regular]")).to_be_hidden()
        expect(tag).to_be_hidden()

    def test_adds_up_all_skus_though_only_one_changes(self, visit, site, room):
        values = [make_value(version=1, available=30), make_value("LAMP-L", version=1, available=30)]
        show(*values)
        state = {value["sku"]: value for value in values}
        position = {"epoch": room.epoch, "offset": room.offset}
        site.door.page = page_of(CARD, [{"room": "product:lamp", "position": position, "state": state}])
        page = visit()

        show(version=2, available=0, status="sold_out")

        expect(page.locator("[data-card=stock]")).to_have_text("30 in stock")

    def test_says_what_the_server_says(self, visit, site):
        site.door.page = page_of("")
        cases = json.loads((VECTORS / "cards.json").read_text())
        values = [
            [dict(zip(("status", "available", "price"), value, strict=True)) for value in case["values"]]
            for case in cases
        ]

        cards = visit().evaluate(
            "values => import('/static/js/live/words.js').then(({card}) => values.map(card))", values
        )

        for case, card in zip(cases, cards, strict=True):
            shown = [card[name] for name in ("price", "tag", "stock", "hasFrom", "hasFew")]
            told = [case[name] for name in ("price", "tag", "stock", "has_from", "has_few")]
            assert shown == told, case["why"]


class TestBasketLine:
    def test_what_just_sold_out_says_so_and_shuts_the_checkout(self, visit, site):
        show(version=1, available=30)
        site.door.page = page_of(LINE)
        page = visit()
        problem, checkout = page.locator("[data-line=problem]"), page.locator("[data-checkout]")

        show(version=2, available=1)
        expect(problem).to_have_text("Only 1 left. Choose a smaller number.")
        expect(checkout).to_have_attribute("aria-disabled", "true")
        expect(page.get_by_text("Mend it.")).to_be_visible()
        checkout.click(force=True)
        show(version=3, available=0, status="sold_out")
        expect(problem).to_have_text("Sold out. Remove it to order the rest.")
        expect(page.get_by_role("status")).to_have_text("Lamp: Sold out. Remove it to order the rest.")
        show(version=4, available=9, price="100.00")

        expect(problem).to_have_text("")
        expect(page.locator("[data-line=total]")).to_have_text("$200.00")
        expect(page.locator("[data-sum]")).to_have_text("$200.00")
        expect(page.get_by_text("Mend it.")).to_be_hidden()
        assert "checkout" not in page.url
        checkout.click()
        expect(page).to_have_url(re.compile("/checkout/$"))

    def test_says_what_the_server_says(self, visit, site):
        site.door.page = page_of("")
        cases = json.loads((VECTORS / "lines.json").read_text())

        problems = visit().evaluate(
            """cases => import('/static/js/live/words.js').then(
                ({lineProblem}) => cases.map((one) => lineProblem(one, one.quantity, one.limit)))""",
            cases,
        )

        assert problems == [case["problem"] for case in cases]

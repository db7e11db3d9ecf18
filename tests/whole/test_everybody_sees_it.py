"""Real browsers on a whole running shop: the stock moves on every open page, without a reload."""

import json
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

REEL = "/shop/reels/baitcasting-reel/"
SLUG = "baitcasting-reel"


@pytest.fixture
def watch(shop, browser):
    """Open a page as somebody new does, and be able to tell that it was never loaded again."""
    contexts = []

    def open_page(path):
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.goto(shop.url + path)
        page.evaluate("window.stillTheSamePage = true")
        return page

    yield open_page
    for context in contexts:
        context.close()


def buy(page, email):
    form = page.locator("form[data-order]").first
    if not form.is_visible():
        page.locator("summary").first.click()
    form.locator("[name=email]").fill(email)
    form.locator("[name=name]").fill("Ada")
    form.locator("[name=line1]").fill("1 Pier Road")
    form.locator("[name=city]").fill("Hull")
    form.locator("[name=postcode]").fill("HU1 1AA")
    form.locator("button[type=submit]").click()


def status(page):
    return page.locator("[data-live=status]").first


class TestTheLastOne:
    @pytest.fixture
    def one_left(self, shop):
        shop.manage("fastpath", "arm", SLUG, "--units", "1")
        shop.manage("fastpath", "open", SLUG)
        yield
        shop.manage("fastpath", "close", SLUG)

    def test_two_who_watch_see_a_third_buy_it(self, shop, watch, request):
        early = watch(REEL)
        request.getfixturevalue("one_left")
        expect(early.get_by_role("link", name="Go to the sale")).to_be_visible()
        expect(early.locator("[data-basket]")).to_be_hidden()

        first, second, buyer = watch(REEL), watch(REEL), watch(REEL)
        expect(status(first)).to_have_text("On sale")

        buy(buyer, "third@example.org")

        for page in (first, second):
            expect(status(page)).to_have_text("Sold out")
            expect(page.locator("[data-buy]").first).to_be_disabled()
            # The other size is still there.
            expect(page.get_by_text("All of them are taken.")).to_be_hidden()
            assert page.evaluate("window.stillTheSamePage")
        expect(buyer.locator("[data-order-result]").first).to_contain_text("confirmed", ignore_case=True)
        assert buyer.evaluate("window.stillTheSamePage")

        shop.manage("fastpath", "close", SLUG)

        # The shop sells the other size at its own price: no page goes on promising a sale.
        expect(first.get_by_text("The sale is over.")).to_be_visible()
        for promise in (".sale-flag", ".terms"):
            expect(first.locator(promise)).to_be_hidden()


class TestTheShopItself:
    def test_a_classic_order_moves_the_count_on_an_open_page(self, shop, watch):
        page = watch("/shop/reels/spinning-reel/")
        available = page.locator("[data-live=available]").first
        expect(available).not_to_be_empty()
        before = int(available.inner_text())

        sku = json.loads(shop.ask("/api/v1/products/spinning-reel/").body)["skus"][0]["sku"]
        assert shop.order("/shop/reels/spinning-reel/", sku=sku).status == 201

        expect(available).to_have_text(str(before - 1))
        assert page.evaluate("window.stillTheSamePage")

    def test_a_form_without_javascript_is_answered_with_a_redirect_to_its_status(self, shop, browser):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{shop.url}/shop/reels/spinning-reel/")

        buy(page, "plain@example.org")

        expect(page).to_have_url(re.compile("/order"))
        expect(page.locator("body")).to_contain_text("Spinning Reel")
        context.close()

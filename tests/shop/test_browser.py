"""The pages in a real browser: on a phone, by keyboard, without scripts, and with a basket."""

import re

import pytest
from playwright.sync_api import expect

from tests.chromium import chromium_beside_django

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 375, "height": 812}
BUYER = {
    "name": "Ada",
    "email": "ada@example.org",
    "line1": "1 Pier Road",
    "city": "Hull",
    "postcode": "HU1 1AA",
}


@pytest.fixture
def shop(make_sku, live_server, settings):
    """A lamp in two sizes, and a lantern that is sold out."""
    settings.ALLOWED_HOSTS = ["*"]
    lamp = make_sku("LAMP", available=3, options={"Size": "Small"}, name="Lamp", featured=True).product
    make_sku("LAMP-L", product=lamp, available=5, price="29.99", options={"Size": "Large"})
    make_sku("LANTERN", available=0)
    return live_server.url


@pytest.fixture(scope="module")
def browser():
    with chromium_beside_django() as browser:
        yield browser


@pytest.fixture
def visitor(shop, browser):
    """Opens a page as somebody who was never here. All are closed before the shop is emptied."""
    contexts = []

    def visit(**options):
        contexts.append(browser.new_context(viewport=PHONE, **options))
        return contexts[-1].new_page()

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture
def page(visitor):
    return visitor()


def fill(form, fields):
    for name, value in fields.items():
        form.locator(f'[name="{name}"]').fill(value)


def test_every_page_fits_a_phone(shop, page):
    for path in (
        "/",
        "/shop/",
        "/shop/camp/",
        "/shop/camp/lamp/",
        "/shop/camp/lantern/",
        "/search/?q=x",
        "/basket/",
    ):
        page.goto(shop + path)

        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path


def test_the_skip_link_comes_first(shop, page):
    page.goto(shop)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("#main$"))


def test_adding_to_the_basket_keeps_the_page_and_counts(shop, page):
    page.goto(f"{shop}/shop/camp/lamp/")
    page.get_by_text("Large", exact=True).click()
    page.locator("form[data-basket] [name=quantity]").fill("2")
    page.get_by_role("button", name="Add to basket").click()

    expect(page.locator("[data-basket-count]")).to_have_text("2")
    assert page.url.endswith("/shop/camp/lamp/")
    page.goto(f"{shop}/basket/")
    expect(page.locator(".line")).to_contain_text(["$59.98"])


def test_the_price_follows_the_choice(shop, page):
    page.goto(f"{shop}/shop/camp/lamp/")

    page.get_by_text("Large", exact=True).click()

    expect(page.locator(".price [data-live=price]")).to_have_text("$29.99")


def test_what_is_sold_out_cannot_be_bought(shop, page):
    page.goto(f"{shop}/shop/camp/lantern/")

    expect(page.get_by_role("button", name="Add to basket")).to_be_disabled()
    expect(page.locator(".stock-line")).to_have_text("Sold out", use_inner_text=True)


def test_an_order_without_scripts_ends_on_its_page(shop, visitor):
    page = visitor(java_script_enabled=False)
    page.goto(f"{shop}/shop/camp/lamp/")
    page.locator("summary").click()
    form = page.locator("form[data-order]")
    fill(form, BUYER)
    form.get_by_role("button", name="Buy now").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Ada.")
    expect(page.locator(".sum-lines")).to_contain_text("1 × $19.99 · Small")

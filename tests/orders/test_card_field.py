"""What the shop's forms ask about the card: the sandbox's cards, or a field of Stripe's own."""

from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import expect

from config.payments import StripeSettings
from orders.models import Order
from tests.chromium import chromium_beside_django

STRIPE_JS = (Path(__file__).parent / "stripe" / "stripe.js").read_text()
LIBRARY = "https://js.stripe.com/**"
BUYER = {
    "name": "Ada", "email": "ada@example.org", "line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA",
}  # fmt: skip
PAGE = "/shop/rooms/lamp/"


@pytest.fixture
def through_stripe(settings):
    settings.PAYMENT_PROVIDER = "stripe"
    settings.STRIPE = StripeSettings("sk_test_1", "whsec_1", publishable_key="pk_test_1")


def put_in_basket(client):
    client.post("/basket/add/", {"sku": "LAMP"}, headers={"Origin": "http://testserver"})


@pytest.mark.django_db
class TestForms:
    def pages(self):
        client = Client()
        put_in_basket(client)
        return [client.get(path).content.decode() for path in (PAGE, "/checkout/")]

    def test_offer_the_sandboxs_cards_and_say_so(self, lamp):
        for page in self.pages():
            assert '<option value="tok_declined">Declined</option>' in page
            assert "Sandbox: nothing is charged" in page
            assert "stripe" not in page.lower()

    def test_offer_stripes_field_and_no_test_card(self, lamp, through_stripe):
        for page in self.pages():
            assert 'data-stripe-key="pk_test_1"' in page
            assert '<input type="hidden" name="payment_token">' in page
            assert "sk_test_1" not in page
            assert "tok_" not in page
            assert "andbox" not in page

    def test_without_scripts_nothing_is_ordered_and_the_buyer_told_why(self, lamp, through_stripe):
        client = Client()
        put_in_basket(client)

        page = client.post(
            "/checkout/", BUYER | {"country": "GB", "payment_token": "", "idempotency_key": "k"}
        )

        assert "Fill in the payment." in page.content.decode()
        assert "Paying by card needs JavaScript" in page.content.decode()
        assert not Order.objects.exists()


@pytest.fixture(scope="module")
def browser():
    with chromium_beside_django() as browser:
        yield browser


@pytest.fixture
def visit(browser, lamp, live_server, settings, through_stripe):
    settings.ALLOWED_HOSTS = ["*"]
    context = browser.new_context(viewport={"width": 390, "height": 844})

    def open_page(path, *, library=STRIPE_JS):
        page = context.new_page()
        answer = {"body": library, "content_type": "text/javascript"} if library else {"status": 503}
        page.route(LIBRARY, lambda route: route.fulfill(**answer))
        page.goto(live_server.url + path)
        return page

    yield open_page
    # Before the shop is emptied.
    context.close()


def fill(form, *, number=""):
    for name, value in BUYER.items():
        form.locator(f'[name="{name}"]').fill(value)
    form.locator(".number").fill(number)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestStripe:
    def open_form(self, page):
        page.get_by_text("Buy it now, without a basket").click()
        return page.locator("form[data-order]")

    def test_on_a_products_page_a_card_becomes_a_token(self, visit):
        page = visit(PAGE)
        form = self.open_form(page)
        fill(form)

        form.get_by_role("button").click()
        expect(form.locator("[data-card-problem]")).to_have_text("Your card number is incomplete.")
        form.locator(".number").fill("4242")
        form.get_by_role("button").click()

        expect(page.locator("[data-order-result]")).to_contain_text("Your order is placed")
        assert page.locator("[data-key]").get_attribute("data-key") == "pk_test_1"
        assert form.locator('[name="payment_token"]').input_value() == ""

    def test_an_answer_that_was_lost_is_asked_for_with_the_same_token(self, visit):
        page = visit(PAGE)
        form = self.open_form(page)
        fill(form, number="4242")
        sent = []

        def lose(route):
            sent.append(route.request.post_data_json["payment_token"])
            route.fulfill(status=500, body="{}")

        page.route(f"**{PAGE}order", lose)
        for another in ("", "", "5555"):
            if another:
                form.locator(".number").fill(another)
            with page.expect_response(f"**{PAGE}order"):
                form.get_by_role("button").click()
            expect(page.locator("[data-order-result]")).to_contain_text("you will not buy twice")
            expect(form.locator("button[type=submit]")).to_be_enabled()

        assert sent == ["pm_4242_1", "pm_4242_1", "pm_5555_2"]

    def test_at_the_checkout_a_card_becomes_a_token(self, visit):
        page = visit(PAGE)
        page.get_by_role("button", name="Add to basket").click()
        page.wait_for_function("document.querySelector('[data-basket-count]').textContent == '1'")
        page.goto(page.url.replace(PAGE, "/checkout/"))
        form = page.locator("form[data-card]")
        fill(form)

        form.get_by_role("button", name="Order for").click()
        expect(form.locator("[data-card-problem]")).to_have_text("Your card number is incomplete.")
        form.locator(".number").fill("4242")
        form.get_by_role("button", name="Order for").click()

        expect(page.locator("h1")).to_have_text("Thank you, Ada.")

    def test_a_library_that_does_not_load_is_said(self, visit):
        page = visit(PAGE, library="")
        form = self.open_form(page)

        expect(form.locator("[data-card-problem]")).to_contain_text("did not load")

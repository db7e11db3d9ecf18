"""The shop's pages: what they say, what they cost, and that they are the same for everybody."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from shop import queries
from shop.models import Product, Sale

PAGE = "/shop/camp/lamp/"


@pytest.fixture
def read(client):
    def get(path, status=200):
        response = client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == status
        return response.content.decode()

    return get


class TestProductPage:
    def test_sells_what_is_in_stock(self, make_sku, read):
        make_sku("LAMP", available=3, price="19.99")

        page = read(PAGE)

        assert 'data-room="product:lamp"' in page
        assert 'data-sku="LAMP" data-status="in_stock"' in page
        assert '<b data-live="price">$19.99</b>' in page
        assert '<b data-live="available">3</b> left' in page
        assert 'action="/basket/add/"' in page
        assert 'data-order data-name="Lamp" action="/shop/camp/lamp/order" method="post"' in page

    def test_says_sold_out_and_sells_nothing(self, make_sku, read):
        make_sku("LAMP", available=0)

        page = read(PAGE)

        assert "Sold out" in page
        assert page.count("data-buy disabled") == 2

    def test_offers_each_option_with_its_own_stock(self, make_sku, read):
        small = make_sku("LAMP", available=3, options={"Size": "Small"})
        make_sku("LAMP-L", product=small.product, available=0, options={"Size": "Large"})

        page = read(PAGE)

        assert 'data-sku="LAMP" data-status="in_stock"' in page
        assert 'value="LAMP-L" data-label="Large" data-buy required disabled' in page

    def test_is_found_in_its_category_only(self, make_sku, client):
        make_sku("LAMP")

        assert client.get("/shop/rods/lamp/").status_code == 404

    def test_holds_nothing_of_its_visitor(self, make_sku, client):
        make_sku("LAMP")

        response = client.get(PAGE)

        assert not response.cookies
        assert "csrfmiddlewaretoken" not in response.content.decode()
        assert response.content.decode() == render_to_string(
            "shop/product.html", queries.product_page(queries.with_sales(Product.objects.all()).get())
        )

    def test_escapes_what_merchandisers_write(self, make_sku, read):
        make_sku("LAMP", name="<script>alert(1)</script>")

        assert "<script>alert(1)" not in read(PAGE)


class TestSalePage:
    def test_shows_both_prices_the_limit_and_only_the_sales_form(self, make_sku, put_on_sale, read):
        put_on_sale(make_sku("LAMP", price="20.00"), price="15.00", limit_per_buyer=2)

        page = read(PAGE)

        assert '<b data-live="price">$15.00</b>' in page
        assert "$20.00</s>" in page
        assert "25% off" in page
        assert "At most <b>2</b> for each buyer" in page
        assert 'max="2"' in page
        assert "/basket/add/" not in page

    def test_says_when_it_opens(self, make_sku, put_on_sale, read):
        opens_at = timezone.now() + timedelta(hours=1)
        put_on_sale(make_sku("LAMP"), state=Sale.State.ARMED, opens_at=opens_at)

        page = read(PAGE)

        assert 'data-status="opens_soon"' in page
        assert f'datetime="{opens_at:%Y-%m-%dT%H:%M}' in page

    def test_keeps_its_button_for_browsers_without_scripts(self, make_sku, put_on_sale, read):
        # The page was published when the sale was armed, and stays as it is once it opens.
        put_on_sale(make_sku("LAMP"), state=Sale.State.ARMED)

        assert "data-buy disabled" not in read(PAGE)

    def test_shows_what_the_ledger_last_showed(self, make_sku, put_on_sale, show_in_room, read):
        sku = make_sku("LAMP")
        put_on_sale(sku, units=5)
        show_in_room(sku, available=0, price="9.99", status="sold_out")

        page = read(PAGE)

        assert 'data-status="sold_out"' in page
        assert '<b data-live="available">0</b>' in page


class TestLists:
    @pytest.mark.parametrize("path", ["/", "/shop/", "/shop/camp/", "/search/?q=lamp"])
    def test_show_a_card_with_price_and_stock(self, make_sku, read, path):
        make_sku("LAMP", available=1234, price="19.99", featured=True)

        page = read(path)

        assert PAGE in page
        assert "$19.99" in page
        assert "1234 in stock" in page

    def test_mark_what_is_on_sale(self, make_sku, put_on_sale, read):
        put_on_sale(make_sku("LAMP"), price="9.99", units=5)

        page = read("/shop/camp/")

        assert '<span class="tag" data-card="tag">On sale</span>' in page
        assert "Only 5 left" in page

    def test_go_on_where_the_last_page_ended(self, make_sku, read):
        for number in range(queries.PAGE_SIZE + 2):
            make_sku(f"L{number:02}", position=number // 10)

        first = queries.listing(Product.objects.all())
        rest = queries.listing(Product.objects.all(), after=first.after)

        names = [card.product.name for card in [*first.cards, *rest.cards]]
        assert names == [f"L{number:02}" for number in range(queries.PAGE_SIZE + 2)]
        assert rest.after == ""

    @pytest.mark.parametrize("after", ["x", "1", "1-", "-1", "٣-٣", "9" * 30, "1-1-1"])
    def test_begin_at_the_beginning_when_the_mark_is_none_of_ours(self, make_sku, client, after):
        make_sku("LAMP")

        assert PAGE in client.get("/shop/", {"after": after}).content.decode()

    def test_show_an_empty_shop(self, db, read):
        assert "The shelves are empty" in read("/shop/")
        read("/")


class TestCost:
    """Queries of a page view: few, and the same number for two products as for twenty."""

    # The header's categories are one of them; on the front page, the show that is live another.
    COSTS = {"/": 7, "/shop/": 4, "/shop/camp/": 4, "/shop/camp/lamp/": 5, "/search/?q=lamp": 4}

    @pytest.mark.parametrize(("path", "cost"), COSTS.items())
    @pytest.mark.parametrize("products", [2, 20])
    def test_does_not_grow_with_the_shop(
        self, make_sku, put_on_sale, show_in_room, client, django_assert_num_queries, path, cost, products
    ):
        lamp = make_sku("LAMP", featured=True)
        put_on_sale(lamp)
        show_in_room(lamp, available=2, price="9.99", status="on_sale")
        for number in range(products):
            make_sku(f"LAMP-{number}", featured=True)

        with django_assert_num_queries(cost) as asked:
            client.get(path)

        assert not any("COUNT(" in query["sql"] or "SUM(" in query["sql"] for query in asked)


class TestWhatIsNotThere:
    def test_gets_a_page_that_leads_back(self, db, read):
        page = read("/shop/no-such-thing/", status=404)

        assert "You have hooked a boot" in page
        assert 'href="/shop/"' in page

    def test_a_failure_asks_the_database_nothing(self, django_assert_num_queries, db):
        with django_assert_num_queries(0):
            assert "The line broke" in render_to_string("500.html")

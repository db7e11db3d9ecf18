"""The admin: what a merchandiser changes is a movement and an event, and nothing is written over."""

import re
import uuid

import pytest

from shop import stock
from shop.models import OutboxEvent, Product, Sku, Stock, StockMovement


def form_of(page):
    """The fields of a page's forms, as a browser would send them."""
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    fields |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*([^<]*)</textarea>', page))
    selected = r'<select[^>]*name="([^"]+)"(?:(?!</select>).)*?<option value="([^"]*)" selected'
    fields |= dict(re.findall(selected, page, re.S))
    return {name: value.replace("&quot;", '"') for name, value in fields.items() if name != "q"}


@pytest.fixture
def save(admin_client):
    """Open a page of the admin, do something meanwhile, then save it with these fields."""

    def change(url, meanwhile=lambda: None, **fields):
        form = form_of(admin_client.get(url).content.decode())
        form = {name: value for name, value in form.items() if not name.startswith("_")}
        meanwhile()
        # Two underscores stand for the dash in the names of a formset's fields.
        named = {name.replace("__", "-"): value for name, value in fields.items()}
        return admin_client.post(url, form | named | {"_save": "Save"}, follow=True).content.decode()

    return change


class TestStock:
    def test_set_in_the_list_is_a_movement_with_a_name(self, make_sku, save):
        make_sku("LAMP", available=3)

        save("/admin/shop/stock/", form__0__available="10")

        movement = StockMovement.objects.get()
        assert (movement.quantity, movement.reason, movement.by) == (7, "corrected", "admin")
        assert OutboxEvent.objects.get().payload["available"] == 10

    def test_received_says_so(self, make_sku, save):
        sku = make_sku("LAMP", available=3)

        save(f"/admin/shop/stock/{sku.pk}/change/", available="5", reason="received")

        assert StockMovement.objects.get().reason == "received"

    def test_ordered_meanwhile_is_not_written_over(self, make_sku, save):
        sku = make_sku("LAMP", available=3)

        page = save(
            "/admin/shop/stock/",
            meanwhile=lambda: stock.take(sku_id=sku.pk, quantity=1, order_id=uuid.uuid4()),
            form__0__available="10",
        )

        assert "3 were in stock when you opened this page, now it is 2" in page
        assert Stock.objects.get().available == 2

    def test_on_sale_cannot_be_set(self, make_sku, put_on_sale, save):
        put_on_sale(make_sku("LAMP", available=3))

        save("/admin/shop/stock/", form__0__available="10")

        assert Stock.objects.get().available == 3


class TestProduct:
    def url(self, sku):
        return f"/admin/shop/product/{sku.product_id}/change/"

    def test_price_is_told_to_viewers(self, make_sku, save):
        sku = make_sku("LAMP", price="19.99")

        save(self.url(sku), skus__0__price="17.50")

        assert OutboxEvent.objects.get().payload["price"] == "17.50"
        assert Stock.objects.get().version == 2

    def test_stock_is_set_beside_its_sku(self, make_sku, save):
        sku = make_sku("LAMP", available=3)

        save(self.url(sku), skus__0__available="8")

        assert StockMovement.objects.get().quantity == 5

    def test_a_new_sku_comes_with_its_stock(self, make_sku, save):
        sku = make_sku("LAMP")
        new = {
            "code": "LAMP-L",
            "price": "29.99",
            "available": "4",
            "options": '{"Size": "L"}',
            "position": "1",
        }

        fields = {f"skus__1__{name}": value for name, value in new.items()}
        save(self.url(sku), skus__TOTAL_FORMS="2", skus__1__product=str(sku.product_id), **fields)

        assert Sku.objects.get(code="LAMP-L").stock.available == 4

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("", {}),
            ("{}", {}),
            ('{"Length": 7}', {"Length": "7"}),
            ('{"Länge": "7 ft"}', {"Länge": "7 ft"}),
        ],
    )
    def test_what_tells_a_sku_apart_may_be_nothing(self, make_sku, save, typed, kept):
        sku = make_sku("LAMP")

        save(self.url(sku), skus__0__options=typed)

        assert Sku.objects.get().options == kept

    @pytest.mark.parametrize(
        "typed",
        [
            '"7 ft"',
            '["7 ft"]',
            '{"Length": {"ft": 7}}',
            '{"Length": null}',
            r'{"a": "\u0000"}',
            r'{"\ud800": 1}',
        ],
    )
    def test_what_tells_a_sku_apart_has_a_name_and_a_text(self, make_sku, save, typed):
        sku = make_sku("LAMP")
        before = sku.options

        page = save(self.url(sku), skus__0__options=typed)

        assert "Write what tells it apart by its name" in page
        assert Sku.objects.get().options == before

    def test_a_new_one_is_asked_for_its_first_sku(self, make_sku, save):
        category = make_sku("LAMP").product.category

        save(
            "/admin/shop/product/add/",
            name="Stool",
            slug="stool",
            category=str(category.pk),
            skus__0__code="STOOL",
            skus__0__price="15",
            skus__0__available="3",
        )

        sku = Sku.objects.get(code="STOOL")
        assert (sku.product.slug, sku.stock.available, sku.options) == ("stool", 3, {})

    def test_a_limit_of_nothing_is_refused_beside_its_field(self, make_sku, save):
        product = make_sku("LAMP", available=3).product

        page = save(f"/admin/shop/product/{product.pk}/change/", limit_per_buyer="0")

        assert re.search(r'<li>Allow each buyer at least 1\.</li></ul>.*name="limit_per_buyer"', page, re.S)
        assert "Constraint" not in page
        assert Product.objects.get().limit_per_buyer is None

    def test_words_alone_move_nothing(self, make_sku, save):
        sku = make_sku("LAMP")

        save(self.url(sku), summary="Bright.")

        assert Product.objects.get().summary == "Bright."
        assert not StockMovement.objects.exists()
        assert not OutboxEvent.objects.exists()


@pytest.mark.parametrize("model", ["category", "product", "stock", "stockmovement"])
def test_lists_open_and_search(make_sku, admin_client, model):
    sku = make_sku("LAMP")
    stock.take(sku_id=sku.pk, quantity=1, order_id=uuid.uuid4())

    assert admin_client.get(f"/admin/shop/{model}/").status_code == 200
    assert admin_client.get(f"/admin/shop/{model}/", {"q": "lamp"}).status_code == 200
    assert admin_client.get(f"/admin/shop/{model}/", {"q": "nothing has this name"}).status_code == 200


def test_movements_are_only_read(make_sku, admin_client):
    sku = make_sku("LAMP")
    stock.take(sku_id=sku.pk, quantity=1, order_id=uuid.uuid4())
    url = f"/admin/shop/stockmovement/{StockMovement.objects.get().pk}/"

    assert admin_client.get(f"{url}change/").status_code == 200
    assert admin_client.post(f"{url}change/", {"quantity": 9}).status_code == 403
    assert admin_client.get("/admin/shop/stockmovement/add/").status_code == 403


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("/admin/shop/stock/", "In stock, 3 × LAMP"),
        ("/admin/shop/product/", "Position, Lamp"),
        ("/admin/shop/category/", "Position, Camp"),
    ],
)
def test_a_field_in_a_list_says_of_what_it_is(url, named, make_sku, admin_client):
    make_sku("LAMP", available=3)

    assert f'aria-label="{named}"' in admin_client.get(url).content.decode()

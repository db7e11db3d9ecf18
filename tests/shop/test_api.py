"""The public product endpoint, as DESIGN section 10 gives it."""

import pytest

URL = "/api/v1/products/lamp/"


@pytest.fixture
def answer(client):
    return lambda url=URL: client.get(url).json()


def test_tells_what_a_product_is_and_how_much_of_it_there_is(make_sku, answer):
    make_sku("LAMP", available=3, price="19.99", options={"Size": "Small"})

    assert answer() == {
        "slug": "lamp",
        "name": "Lamp",
        "category": "camp",
        "url": "/shop/camp/lamp/",
        "skus": [
            {
                "sku": "LAMP",
                "options": {"Size": "Small"},
                "price": "19.99",
                "currency": "USD",
                "available": 3,
                "status": "in_stock",
                "version": 1,
            }
        ],
    }


def test_tells_what_viewers_see_while_a_sale_is_on(make_sku, put_on_sale, show_in_room, answer):
    sku = make_sku("LAMP", available=3, price="19.99")
    put_on_sale(sku)
    show_in_room(sku, available=2, price="9.99", status="on_sale", version=41)

    (offer,) = answer()["skus"]

    assert (offer["price"], offer["available"], offer["status"], offer["version"]) == (
        "9.99",
        2,
        "on_sale",
        41,
    )


def test_falls_back_to_what_the_database_knows(make_sku, put_on_sale, store, answer):
    put_on_sale(make_sku("LAMP", available=3), price="9.99", units=5)

    (offer,) = answer()["skus"]

    assert (offer["price"], offer["available"], offer["status"]) == ("9.99", 5, "on_sale")


def test_does_not_ask_a_room_about_what_is_not_on_sale(make_sku, show_in_room, answer):
    sku = make_sku("LAMP", available=3)
    show_in_room(sku, available=99, price="1.00", status="on_sale")

    assert answer()["skus"][0]["available"] == 3


def test_says_that_there_is_no_such_product(db, client):
    assert client.get(URL).status_code == 404


def test_lists_products_page_by_page_without_counting(make_sku, answer, django_assert_num_queries):
    for number in range(51):
        make_sku(f"L{number:02}")

    with django_assert_num_queries(2):
        first = answer("/api/v1/products/")
    rest = answer(first["next"])

    slugs = [product["slug"] for product in first["results"] + rest["results"]]
    assert slugs == [f"l{number:02}" for number in range(51)]


def test_only_reads(db, client):
    assert client.post("/api/v1/products/", {}).status_code == 405

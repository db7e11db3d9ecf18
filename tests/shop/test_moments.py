"""What stands on every page is read once in a while, and a page is never older than it says."""

import pytest

from shop import moments


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(moments.time, "monotonic", lambda: now[0])
    return now


def fail():
    raise ConnectionError("nobody is there")


def test_is_read_once_in_that_time_and_then_again(clock):
    answers = iter(["first", "second"])

    def ask():
        return moments.once_in(2, "lamps", lambda: next(answers))

    assert [ask(), ask()] == ["first", "first"]
    clock[0] += 2
    assert ask() == "second"


def test_each_key_is_its_own(clock):
    assert moments.once_in(2, "lamps", lambda: 1) == 1
    assert moments.once_in(2, "chairs", lambda: 2) == 2


def test_what_cannot_be_read_is_not_kept(clock):
    with pytest.raises(ConnectionError):
        moments.once_in(2, "lamps", fail)

    assert moments.once_in(2, "lamps", lambda: "there") == "there"


def test_does_not_grow_with_what_is_asked(clock):
    for key in range(moments.MOST + 5):
        moments.once_in(2, key, lambda: None)

    assert len(moments._kept) <= moments.MOST


def test_the_next_visitor_s_product_page_asks_only_for_its_product(
    make_sku, client, clock, django_assert_num_queries
):
    lamp = make_sku("LAMP")
    for number in range(5):
        make_sku(f"LAMP-{number}")
    client.get("/shop/camp/lamp/")

    # The product with its sale, its SKUs with their stock.
    with django_assert_num_queries(2):
        page = client.get("/shop/camp/lamp/").content.decode()

    assert f"/shop/camp/{lamp.product.slug}/" in page
    assert page.count('<li class="card') == 4

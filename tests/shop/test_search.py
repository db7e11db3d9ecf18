"""Search: whole words, their beginnings, their middles, SKUs; and whatever else people type."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop import search


@pytest.fixture
def shelf(make_sku):
    make_sku("CRANK", name="Square-Bill Silent Crankbait", summary="It bumps a stump.")
    make_sku("SHAD", name="Boot Tail Shad", summary="A swimbait that kicks.")
    make_sku("MUSKIE-7FT", name="Muskie Casting Rod", description="Casts crankbaits of eight ounces.")


def found(text):
    return [product.name for product in search.search(text, limit=10)]


@pytest.mark.usefixtures("shelf")
class TestSearch:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("muskie", "Muskie Casting Rod"),
            ("MUSK", "Muskie Casting Rod"),
            ("rods", "Muskie Casting Rod"),
            ("silent square", "Square-Bill Silent Crankbait"),
            ("square-bill", "Square-Bill Silent Crankbait"),
            ("muskie-7ft", "Muskie Casting Rod"),
            ("wimbai", "Boot Tail Shad"),
        ],
    )
    def test_finds(self, text, name):
        assert name in found(text)

    def test_puts_a_name_before_a_description(self):
        assert found("crankbait") == ["Square-Bill Silent Crankbait", "Muskie Casting Rod"]

    @pytest.mark.parametrize("text", ["", "   ", "&|!", "___", "'", "%"])
    def test_finds_nothing_for_no_word(self, text):
        assert found(text) == []

    def test_finds_each_product_once(self, make_sku):
        lamp = make_sku("LAMP-XL", name="Lantern").product
        make_sku("LAMP-XS", product=lamp)

        assert found("lamp-x") == ["Lantern"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=100))
def test_nothing_that_is_typed_is_an_error(client, db, text):
    assert client.get("/search/", {"q": text}).status_code == 200

"""A slug that another product's sale went by until lately, and what is still kept under it."""

import pytest

from edge import audit, lifecycle
from fastpath_lambda import identity
from fastpath_lambda.claims import Claim
from shop.models import Product, SaleName, Stock

pytestmark = pytest.mark.django_db


@pytest.fixture
def reuse_the_slug(open_sale, make_product, take, drain_all):
    """A lamp was sold and renamed; another product is called `lamp` now. Gives the order that was placed."""

    def reuse():
        open_sale(product=make_product("lamp", skus=["OLD"]), units=3)
        old = take("lamp", sku="OLD")
        drain_all("lamp")
        lifecycle.close("lamp", by="ada")
        Product.objects.filter(slug="lamp").update(slug="old-lamp")
        return old

    return reuse


def test_a_sale_under_a_name_that_was_used_is_not_there_where_it_counts_from_one(
    reuse_the_slug, open_sale, make_product, ledger
):
    reuse_the_slug()
    SaleName.objects.all().delete()

    with pytest.raises(lifecycle.CannotChange):
        open_sale(product=make_product("lamp"), units=3)

    assert ledger.get_sale("lamp") is None


def test_a_sale_under_a_name_that_was_used_counts_on_and_sells(
    reuse_the_slug, open_sale, make_product, take, drain_all
):
    old = reuse_the_slug()

    sale = open_sale(product=make_product("lamp"), units=3)
    claim = take("lamp")
    drain_all("lamp")

    assert (old.generation, sale.generation) == (1, 2)
    assert isinstance(claim, Claim)
    assert audit.is_balanced(audit.audit())
    lifecycle.close("lamp", by="ada")
    assert Stock.objects.get(sku__code="LAMP").available == 9


def test_a_key_that_was_used_under_that_name_is_another_order(reuse_the_slug, open_sale, make_product):
    reuse_the_slug()
    sale = open_sale(product=make_product("lamp"), units=3)

    first, second = (
        identity.order_id(scope="lamp", generation=generation, key="order-1")
        for generation in (1, sale.generation)
    )

    assert first != second


def test_who_is_renamed_counts_on_from_their_own_sales(reuse_the_slug, open_sale):
    reuse_the_slug()

    sale = open_sale(product=Product.objects.get(slug="old-lamp"), units=2)

    assert sale.generation == 2


def test_each_name_counts_by_itself(open_sale, make_product):
    open_sale(product=make_product("lamp"), units=1)

    assert open_sale(product=make_product("tent"), units=1).generation == 1

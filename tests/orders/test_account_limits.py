"""Whoever is logged in is limited by account too, whatever e-mail they write; a bad token is a guest's."""

import time
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from fastpath_lambda import accounts
from orders import cancelling, releasing
from orders.models import Bought, Order, Release
from shop.models import Stock
from tests.orders.conftest import make_claim
from tests.orders.test_classic_order import order
from tests.orders.test_limits import refusal, set_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return User.objects.create_user("ada@example.org")


@pytest.fixture
def limited(lamp):
    set_limit(lamp, 2)
    Stock.objects.update(available=9)


def carry(client, account, *, lasts=60, secret=settings.ACCOUNT_TOKEN_SECRET):
    token = accounts.sign(account.pk, expires=int(time.time()) + lasts, secret=secret)
    client.cookies[accounts.COOKIE] = token


class TestClassicOrder:
    def test_counts_the_account_whatever_the_e_mail(self, client, limited, ada):
        carry(client, ada)
        order(client, key="k1", quantity=2)

        assert refusal(order(client, key="k2", email="other@example.org")) == (409, "over_limit")
        assert set(Order.objects.values_list("account", flat=True)) == {ada.pk}

    def test_cancelled_gives_both_counts_back(self, client, limited, ada):
        carry(client, ada)
        placed = order(client, key="k1", quantity=2).json()["order_id"]

        cancelling.cancel(UUID(placed))

        counts = dict(Bought.objects.values_list("buyer", "units"))
        assert counts == {"ada@example.org": 0, f"account:{ada.pk}": 0}

    @pytest.mark.parametrize("bad", [{"lasts": -1}, {"secret": "guessed"}])
    def test_with_a_bad_token_is_a_guests(self, client, limited, ada, bad):
        carry(client, ada, **bad)

        assert order(client).status_code == 201
        assert Order.objects.get().account is None

    def test_with_noise_for_a_token_is_a_guests(self, client, limited):
        client.cookies[accounts.COOKIE] = "\xff.1.é"

        assert order(client).status_code == 201


class TestSale:
    def test_an_undone_order_gives_the_account_its_units_back(self, sale, ada):
        claim = make_claim(sale, 1, account=ada.pk)
        row = Release(
            order=Order(id=claim.order_id, buyer="ada@example.org", account=ada),
            allotment=sale.allotments.get(),
            quantity=1,
        )

        assert releasing.as_rules(row).account == ada.pk

"""Money goes back once, never more than was taken, and units with it where they are still ours."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from orders import advancing, drain, refunding
from orders.models import Order, Payment, Refund
from orders.payments import Answer, Outcome
from orders.sandbox import Sandbox
from shop.models import Allotment, Stock
from tests.orders.conftest import make_claim
from tests.orders.racing import race
from tests.orders.test_classic_order import order

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/order/"


class Provider(Sandbox):
    """The sandbox, remembering what it gave back; `answer` says otherwise."""

    def __init__(self, answer=None):
        super().__init__(secret="secret")
        self.answer, self.given = answer, []

    def refund(self, step):
        self.given.append((step.key, step.amount))
        return self.answer or super().refund(step)


def advance(provider=None, *, after=timedelta(seconds=1)):
    advancing.advance(provider or Provider(), now=timezone.now() + after)


@pytest.fixture
def bought(client, lamp):
    """An order of two lamps at 20.00, taken and confirmed."""
    order(client, quantity=2)
    advance()
    return Order.objects.get()


def promise(order, amount=None, key="k"):
    return refunding.promise(order.pk, amount=amount and Decimal(amount), key=key, by="ada")


def ends():
    return Order.objects.get().status, Payment.objects.get().refunded, Stock.objects.get().available


class TestPromise:
    def test_of_a_part_changes_nothing_but_the_money(self, bought):
        promise(bought, "5.00")

        assert ends() == ("confirmed", Decimal("5.00"), 1)

    def test_of_all_that_is_left_gives_the_units_back(self, bought):
        promise(bought, "5.00", key="first")
        promise(bought, key="second")

        assert ends() == ("refunded", Decimal("40.00"), 3)
        assert [refund.amount for refund in Refund.objects.order_by("id")] == [Decimal("5"), Decimal("35")]

    def test_of_what_was_shipped_gives_no_units_back(self, bought):
        Order.objects.update(status="shipped")

        promise(bought)

        assert ends() == ("refunded", Decimal("40.00"), 1)

    def test_of_a_sales_order_sends_its_units_back_to_the_ledger(self, sale, ledger):
        drain.write_claims([make_claim(sale, "a")])
        advance()

        promise(Order.objects.get())

        assert (Allotment.objects.get().releasing, Order.objects.get().status) == (1, "refunded")

    @pytest.mark.parametrize("amount", ["40.01", "0", "-1"])
    def test_is_never_of_more_than_was_taken_nor_of_nothing(self, bought, amount):
        with pytest.raises(refunding.CannotRefund, match=f"{amount} USD cannot go back: 40.00 were taken"):
            promise(bought, amount)

        assert (ends(), Refund.objects.count()) == (("confirmed", 0, 1), 0)

    def test_needs_money_that_was_taken(self, client, lamp):
        order(client)

        with pytest.raises(refunding.CannotRefund, match="cancel it instead"):
            promise(Order.objects.get())

    def test_with_the_same_key_is_the_same(self, bought):
        assert promise(bought, "5.00") == promise(bought, "5.00")
        assert ends() == ("confirmed", Decimal("5.00"), 1)


class TestAsk:
    def test_gives_back_once(self, bought):
        promise(bought, "5.00")
        provider = Provider()

        for minute in range(3):
            advance(provider, after=timedelta(minutes=minute, seconds=1))

        assert provider.given == [("k", Decimal("5.00"))]
        assert Refund.objects.get().state == "done"

    def test_goes_on_asking_with_the_same_key(self, bought):
        promise(bought, "5.00")
        silent = Provider(Answer(Outcome.UNKNOWN))

        for minute in range(3):
            advance(silent, after=timedelta(minutes=minute, seconds=1))

        assert set(silent.given) == {("k", Decimal("5.00"))}
        assert (len(silent.given), Refund.objects.get().state) == (3, "waiting")

    def test_keeps_what_the_provider_refused_for_people_to_see(self, bought):
        promise(bought, "5.00")

        advance(Provider(Answer(Outcome.DECLINED, reason="The card is closed.")))

        refused = Refund.objects.get()
        assert (refused.state, refused.reason, refused.next_at) == ("refused", "The card is closed.", None)


class TestAskAgain:
    @pytest.fixture
    def refused(self, bought):
        promise(bought, "5.00")
        advance(Provider(Answer(Outcome.DECLINED, reason="Your balance is too low.")))
        return Refund.objects.get()

    def ask(self, client, refund):
        url = "/admin/orders/refund/"
        fields = {"action": "ask_again", "_selected_action": [refund.pk]}
        return client.post(url, fields, follow=True).content.decode()

    def test_of_a_refused_refund_gives_the_money_back_under_a_key_of_its_own(self, admin_client, refused):
        provider = Provider()

        page = self.ask(admin_client, refused)
        advance(provider)

        assert "asked again" in page
        assert provider.given == [("k:again:1", Decimal("5.00"))]
        refused.refresh_from_db()
        assert (refused.state, refused.reason) == ("done", "")
        assert Payment.objects.get().refunded == Decimal("5.00")

    def test_of_one_that_is_done_does_nothing(self, admin_client, bought):
        promise(bought, "5.00")
        advance()

        page = self.ask(admin_client, Refund.objects.get())

        assert "only what was refused is asked again" in page
        assert Refund.objects.get().state == "done"

    def test_may_be_refused_again_and_again(self, admin_client, refused):
        self.ask(admin_client, refused)
        advance(Provider(Answer(Outcome.DECLINED, reason="Still too low.")))
        refused.refresh_from_db()
        assert (refused.state, refused.reason) == ("refused", "Still too low.")

        self.ask(admin_client, refused)
        provider = Provider()
        advance(provider)

        assert provider.given == [("k:again:2", Decimal("5.00"))]

    def test_by_two_people_at_once_asks_once_more(self, refused):
        assert [refunding.ask_again(refused.pk), refunding.ask_again(refused.pk)] == [True, False]

    def test_is_not_for_those_who_may_only_look(self, client, refused, django_user_model):
        looker = django_user_model.objects.create_user("bob", is_staff=True)
        looker.user_permissions.add(Permission.objects.get(codename="view_refund"))
        client.force_login(looker)

        self.ask(client, refused)

        assert Refund.objects.get().state == "refused"


class TestAdmin:
    def act(self, client, action, *orders, key="page", **fields):
        fields = {"action": action, "_selected_action": [order.pk for order in orders], "key": key} | fields
        return client.post(LIST, fields, follow=True).content.decode()

    def test_ships_what_is_confirmed_and_paid(self, admin_client, bought):
        assert "1 shipped." in self.act(admin_client, "mark_shipped", bought)
        assert "only confirmed and paid orders" in self.act(admin_client, "mark_shipped", bought)
        assert Order.objects.get().status == "shipped"

    def test_refunds_an_amount_once_for_each_page(self, admin_client, bought):
        assert "5.00 USD go back" in self.act(admin_client, "refund", bought, amount="5")
        self.act(admin_client, "refund", bought, amount="5")

        assert ends() == ("confirmed", Decimal("5.00"), 1)
        assert Refund.objects.get().by == "admin"

    def test_refunds_all_where_no_amount_is_said(self, admin_client, bought):
        page = admin_client.get(LIST).content.decode()
        key = re.search(r'name="key" value="(\w+)"', page)[1]

        self.act(admin_client, "refund", bought, key=key)

        assert ends() == ("refunded", Decimal("40.00"), 3)

    @pytest.mark.parametrize(("amount", "said"), [("much", "as a number"), ("99", "99 USD cannot go back")])
    def test_says_what_is_wrong(self, admin_client, bought, amount, said):
        assert said in self.act(admin_client, "refund", bought, amount=amount)
        assert ends() == ("confirmed", 0, 1)

    def test_is_not_for_those_who_may_only_look(self, client, bought, django_user_model):
        looker = django_user_model.objects.create_user("eve", is_staff=True)
        looker.user_permissions.add(*Permission.objects.filter(codename="view_order"))
        client.force_login(looker)

        self.act(client, "refund", bought)

        assert ends() == ("confirmed", 0, 1)

    def test_shows_the_money_with_the_order_and_refunds_in_a_list(self, admin_client, bought):
        promise(bought, "5.00")

        assert "captured" in admin_client.get(f"{LIST}{bought.pk}/change/").content.decode()
        assert "5.00" in admin_client.get("/admin/orders/refund/").content.decode()


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_of_two_people_refunding_all_promises_it_once(self, bought):
        def refund(key):
            try:
                return promise(bought, key=key)
            except refunding.CannotRefund:
                return None

        promised = race(*[lambda key=key: refund(key) for key in "abcd"])

        assert len([refund for refund in promised if refund]) == 1
        assert ends() == ("refunded", Decimal("40.00"), 3)

    def test_of_one_page_sent_twice_promises_once(self, bought):
        race(*[lambda: promise(bought, "15.00")] * 4)

        assert ends() == ("confirmed", Decimal("15.00"), 1)

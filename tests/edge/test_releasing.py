"""Units of undone orders come back once, and every unit is accounted for meanwhile."""

import pytest
from django.db import IntegrityError

from edge import audit, lifecycle
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Refusal
from fastpath_lambda.stores.redis import RedisLedger
from orders import drain, releasing, workflow
from orders.models import Order, OrderLine, Release
from shop.models import Allotment, Stock
from tests.edge.looking import find_unbalanced
from tests.orders.racing import race

pytestmark = pytest.mark.django_db
PLACED = Order.Status.PLACED


class Died(Exception):
    """The process ended here."""


class DiesAfter(RedisLedger):
    """Whoever uses it dies as soon as the units are back."""

    def give_back(self, release):
        super().give_back(release)
        raise Died


@pytest.fixture
def order(open_sale, take, drain_all):
    """One unit of three, ordered by ada."""
    open_sale(units=3, limit_per_buyer=1)
    claim = take(buyer="ada")
    drain_all()
    return claim


def cancel(claim):
    return workflow.cancel([claim.order_id], allowed_from=PLACED)


class TestRelease:
    def test_puts_the_units_on_sale_again(self, order, ledger):
        cancel(order)

        assert releasing.settle_all(ledger) == 1

        assert ledger.count("lamp", 1).left == {"LAMP": 3}
        allotment = Allotment.objects.get()
        assert (allotment.ordered, allotment.releasing, allotment.returned) == (0, 0, 0)

    def test_says_for_which_sale_it_cannot_be_done(self, order, ledger, store, caplog):
        cancel(order)
        store.flushall()

        assert releasing.settle_all(ledger) == 0

        assert "cannot take units back: it does not know LAMP in lamp/1." in caplog.text

    def test_lets_the_buyer_buy_again(self, order, ledger, take):
        assert take(buyer="ada") is Refusal.OVER_LIMIT
        cancel(order)
        releasing.settle_all(ledger)

        assert isinstance(take(buyer="ada"), Claim)

    def test_asked_for_again_and_again_is_once(self, order, ledger):
        for _ in range(3):
            cancel(order)
            releasing.settle_all(ledger)

        assert ledger.count("lamp", 1).left == {"LAMP": 3}
        assert Release.objects.count() == 1

    def test_after_a_crash_is_done_by_whoever_comes_next(self, order, ledger, store):
        cancel(order)
        assert audit.audit()[0].returned == 1

        with pytest.raises(Died):
            releasing.settle_all(DiesAfter(store))

        assert (audit.audit()[0].left, audit.audit()[0].difference) == (3, 0)
        assert releasing.settle_all(ledger) == 1
        assert (audit.audit()[0].left, audit.audit()[0].difference) == (3, 0)

    def test_waits_where_the_ledger_lost_the_sale(self, order, ledger, store):
        cancel(order)
        store.flushall()

        assert releasing.settle_all(ledger) == 0
        assert Allotment.objects.get().releasing == 1

    def test_of_a_closed_sale_goes_to_stock(self, order, ledger):
        lifecycle.close("lamp", by="ada")

        cancel(order)

        assert (Stock.objects.get().available, releasing.settle_all(ledger)) == (10, 0)
        assert audit.is_balanced(audit.audit())

    def test_arrives_before_the_sale_is_closed(self, order):
        cancel(order)

        lifecycle.close("lamp", by="ada")

        assert (Stock.objects.get().available, Allotment.objects.get().returned) == (10, 3)
        assert audit.is_balanced(audit.audit())

    def test_keeps_a_sale_from_closing_until_it_arrived(self, order, ledger, monkeypatch):
        cancel(order)
        # It set out after the closing looked.
        with monkeypatch.context() as patch:
            patch.setattr("orders.releasing.settle", lambda allotment, ledger: 0)
            assert lifecycle.close("lamp", by="ada", wait=False).state == "closing"

        releasing.settle_all(ledger)
        assert lifecycle.close("lamp", by="ada").state == "closed"
        assert Stock.objects.get().available == 10

    def test_of_one_order_is_one_row_whatever_the_code_believes(self, order, take, drain_all):
        line = OrderLine.objects.select_related("order").get()
        take()
        drain_all()
        releasing.release([line])

        with pytest.raises(IntegrityError, match="orders_release_pkey"):
            releasing.release([line])


class TestAudit:
    def steps(self, take, ledger):
        """What happens to one unit, one write after the other."""
        claim = take()
        id = claim.order_id
        yield
        drain.write_claims([claim])
        yield
        ledger.confirm("lamp", 1, [id])
        yield
        cancel(claim)
        yield
        row = Release.objects.select_related("order", "allotment__sku", "allotment__sale__product").get(
            order=id
        )
        number = ledger.give_back(releasing.as_rules(row))
        yield
        releasing.write_off(row, number)
        yield
        ledger.settle("lamp", 1, [id])
        yield

    def test_balances_whatever_happens_between_its_two_looks(
        self, open_sale, make_product, take, ledger, store, monkeypatch
    ):
        open_sale(product=make_product(stock=100), units=100)
        unbalanced = find_unbalanced(
            lambda: self.steps(take, ledger), steps=8, store=store, monkeypatch=monkeypatch
        )

        assert unbalanced == []


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_many_who_give_back_at_once_give_back_once(self, open_sale, take, drain_all, ledger):
        open_sale(units=3)
        claims = [take() for _ in range(3)]
        drain_all()
        workflow.cancel([claim.order_id for claim in claims], allowed_from=PLACED)

        settled = race(*[lambda: releasing.settle_all(ledger)] * 6)

        assert sum(settled) == 3
        assert (ledger.count("lamp", 1).left, Allotment.objects.get().releasing) == ({"LAMP": 3}, 0)

    def test_many_who_cancel_at_once_release_once(self, order, ledger):
        cancelled = race(*[lambda: cancel(order)] * 6)

        releasing.settle_all(ledger)
        assert [len(ids) for ids in cancelled if ids] == [1]
        assert ledger.count("lamp", 1).left == {"LAMP": 3}

    def test_closing_while_orders_are_undone_loses_no_unit(self, open_sale, make_product, take, drain_all):
        open_sale(product=make_product(stock=30), units=30)
        claims = [take() for _ in range(20)]
        drain_all()

        race(
            lambda: lifecycle.close("lamp", by="ada"),
            *[lambda some=claims[start::3]: [cancel(claim) for claim in some] for start in range(3)],
        )

        assert Stock.objects.get().available == 30
        assert audit.is_balanced(audit.audit())

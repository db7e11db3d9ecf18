"""The equation balances at any moment, and shows it when somebody breaks it."""

import threading
import time
import uuid
from dataclasses import replace

import pytest
from django.db import connection

from edge import audit, lifecycle
from edge.audit import Row
from fastpath_lambda.claims import Claim, to_json
from orders import drain, releasing, workflow
from orders.models import DeadLetter, Order
from shop.models import Allotment

pytestmark = pytest.mark.django_db


def row(**fields):
    """A lamp's row: what is not said is 0."""
    units = {"armed": 3, "left": 0, "claimed": 0, "ordered": 0, "returned": 0} | fields
    return Row(product="lamp", sku="LAMP", sale="lamp/1", **{"in_orders": units["ordered"]} | units)


class TestAudit:
    def test_finds_each_unit_with_its_owner(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()
        take()

        assert audit.audit() == [row(left=1, claimed=1, ordered=1)]

    def test_counts_a_claim_that_is_an_order_but_not_confirmed_as_the_order(self, open_sale, take):
        open_sale(units=3)
        drain.write_claims([take()])

        assert audit.audit() == [row(left=2, ordered=1)]

    def test_balances_before_the_ledger_is_loaded(self, make_plan, monkeypatch):
        make_plan(units=3)
        monkeypatch.setattr("edge.lifecycle.arming.finish", lambda sale, by: None)
        lifecycle.arm("lamp", by="ada")

        assert audit.audit() == [row(left=3)]

    def test_counts_what_went_back_when_the_sale_was_closed(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()
        lifecycle.close("lamp", by="ada")

        assert audit.audit() == [row(ordered=1, returned=2)]

    def test_counts_a_dead_letter_of_a_closed_sale_as_claimed(self, open_sale, take):
        open_sale(units=3)
        claim = take()
        letter = {"body": to_json(claim), "reason": "why", "order_id": claim.order_id}
        DeadLetter.objects.create(message_id="one", **letter)
        DeadLetter.objects.create(message_id="the same again", **letter)
        DeadLetter.objects.create(message_id="broken", body='{"order_id', reason="not JSON")
        lifecycle.close("lamp", by="ada")

        assert audit.audit() == [row(claimed=1, returned=2)]

    def test_does_not_believe_a_dead_letter_that_names_a_closed_sale(self, open_sale, take):
        open_sale(units=3)
        claim = take()
        letter = {"reason": "why", "order_id": claim.order_id}
        DeadLetter.objects.create(message_id="ours", body=to_json(claim), **letter)
        DeadLetter.objects.create(message_id="more", body=to_json(replace(claim, quantity=9)), **letter)
        lifecycle.close("lamp", by="ada")
        forged = replace(claim, order_id=str(uuid.uuid4()))
        DeadLetter.objects.create(
            message_id="forged", body=to_json(forged), reason="why", order_id=forged.order_id
        )

        assert audit.audit() == [row(claimed=1, returned=2)]

    def test_balances_when_that_dead_letter_becomes_an_order(self, open_sale, take):
        open_sale(units=3)
        claim = take()
        DeadLetter.objects.create(message_id="m", body=to_json(claim), reason="why", order_id=claim.order_id)
        lifecycle.close("lamp", by="ada")
        DeadLetter.objects.update(state=DeadLetter.State.REPLAYED)
        assert audit.audit() == [row(claimed=1, returned=2)]

        drain.write_claims([claim])

        assert audit.audit() == [row(ordered=1, returned=2)]

    def test_counts_a_cancelled_orders_units_as_returned(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        claim = take()
        drain_all()
        workflow.cancel([claim.order_id], allowed_from=Order.Status.PLACED)

        assert audit.audit() == [row(left=1, ordered=1, returned=1)]

    def test_counts_them_as_left_once_they_are_back_in_the_ledger(self, open_sale, take, drain_all, ledger):
        open_sale(units=3)
        claim = take()
        drain_all()
        workflow.cancel([claim.order_id], allowed_from=Order.Status.PLACED)
        releasing.settle_all(ledger)

        assert audit.audit() == [row(left=3)]

    def test_keeps_the_generations_of_a_product_apart(self, open_sale):
        open_sale(units=3)
        lifecycle.close("lamp", by="ada")
        lifecycle.arm("lamp", units=2, by="ada")

        rows = audit.audit("lamp")

        assert [(each.sale, each.armed, each.left, each.returned) for each in rows] == [
            ("lamp/1", 3, 0, 3),
            ("lamp/2", 2, 2, 0),
        ]

    def test_asks_for_one_product_only(self, open_sale, make_product):
        open_sale(product=make_product("torch"))
        open_sale(product=make_product("lamp"))

        assert [each.product for each in audit.audit("torch")] == ["torch"]

    def test_does_not_balance_when_the_ledger_lost_its_units(self, open_sale, store):
        open_sale(units=3)
        store.flushall()

        assert [each.difference for each in audit.audit()] == [3]

    def test_notices_a_counter_that_the_orders_contradict(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()
        Allotment.objects.update(ordered=0, returned=1)

        (found,) = audit.audit()

        assert (found.difference, found.is_balanced) == (0, False)


class Sold(threading.Thread):
    """Something done again and again, beside the test, until there is no more to do."""

    def __init__(self, act):
        super().__init__()
        self._act = act
        self.error = None

    def run(self):
        try:
            while self._act():
                pass
        except BaseException as error:
            self.error = error
        finally:
            connection.close()


@pytest.mark.django_db(transaction=True)
class TestWhileUnitsAreTakenAndDrained:
    UNITS = 150

    def sell(self, take, ledger, *, look):
        """Take all units from two threads, drain them from two more, and look again and again meanwhile."""

        outcomes, looks, until = [], [], time.monotonic() + 60

        def take_one():
            # No further than somebody has looked: else a busy machine would show the end of it only.
            while len(outcomes) > 15 * (len(looks) + 1) and time.monotonic() < until:
                time.sleep(0.001)
            outcomes.append(take())
            return time.monotonic() < until and not is_enough()

        def is_enough():
            # On after it was sold out, as shoppers do, until some were sold for the second time.
            sold = sum(isinstance(outcome, Claim) for outcome in outcomes)
            return len(outcomes) >= 2 * self.UNITS and sold > self.UNITS

        # Both ask first who goes on: what the last of those did before it ended is found after that.
        def release_some():
            goes_on = any(thread.is_alive() for thread in (*sellers, *drains))
            releasing.settle_all(ledger)
            return goes_on

        def drain_some():
            goes_on = any(seller.is_alive() for seller in sellers)
            pending = ledger.count("lamp", 1).pending
            written = drain.write_claims(pending[:7])
            # Some payments are declined, and their units sold again.
            workflow.cancel(list(written.new)[:1], allowed_from=Order.Status.PLACED)
            # A little later, as in life: in between it is an order and a pending claim.
            time.sleep(0.001)
            ledger.confirm("lamp", 1, [claim.order_id for claim in pending[:7]])
            return pending or goes_on

        sellers = [Sold(take_one) for _ in range(2)]
        drains = [Sold(drain_some) for _ in range(2)]
        threads = (*sellers, *drains, Sold(release_some), Sold(release_some))
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            looks.append(look())
        assert [thread.error for thread in threads] == [None] * 6
        return looks

    @pytest.fixture(autouse=True)
    def many_lamps(self, open_sale, make_product):
        open_sale(product=make_product(stock=self.UNITS), units=self.UNITS)

    def test_two_plain_looks_do_not_balance(self, take, ledger):
        def look():
            count = ledger.count("lamp", 1)
            claimed = sum(claim.quantity for claim in count.pending)
            allotment = Allotment.objects.get()
            return self.UNITS - count.left["LAMP"] - claimed - allotment.ordered - allotment.releasing

        assert any(self.sell(take, ledger, look=look))

    def test_the_audit_balances_every_time(self, take, ledger):
        looks = self.sell(take, ledger, look=audit.audit)

        assert len(looks) > 10
        assert [each for (each,) in looks if not each.is_balanced] == []
        assert len({each.left for (each,) in looks}) > 5
        # Nothing was lost on its way back: all are sold, some of them for the second time.
        assert DeadLetter.objects.count() == Allotment.objects.get().releasing == 0
        kept = Order.objects.exclude(status=Order.Status.CANCELLED).count()
        assert kept + ledger.count("lamp", 1).left["LAMP"] == self.UNITS
        assert Order.objects.count() > self.UNITS

    def test_the_audit_balances_while_the_sale_closes(self, ledger, take):
        for _ in range(30):
            take()

        def drain_one():
            pending = ledger.count("lamp", 1).pending[:1]
            drain.write_claims(pending)
            ledger.confirm("lamp", 1, [claim.order_id for claim in pending])
            return pending

        closer = Sold(lambda: lifecycle.close("lamp", by="ada").is_on)
        drainer = Sold(drain_one)
        closer.start()
        drainer.start()
        looks = []
        while closer.is_alive():
            looks.extend(audit.audit())

        assert (closer.error, drainer.error) == (None, None)
        assert [each for each in looks if not each.is_balanced] == []
        assert audit.audit()[0].returned == self.UNITS - 30

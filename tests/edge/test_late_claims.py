"""Claims of a ledger that was lost, drained when another has taken its place."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from edge import lifecycle
from fastpath_lambda.ledger import EPOCH
from orders import drain, late, releasing, workflow
from orders.drain import Written
from orders.models import Order
from shop.models import Allotment
from tests.edge.losing import balance, pass_by, place_late, queue, rebuild, state  # noqa: F401
from tests.edge.world import wait_until_somebody_waits

pytestmark = pytest.mark.django_db
PLACED = Order.Status.PLACED
LATER = timedelta(seconds=3)


class TestLate:
    @pytest.fixture
    def claim(self, open_sale, store, take):
        """Taken from a ledger that is lost by now: one of three."""
        open_sale(units=3)
        claim = take()
        store.flushall()
        return claim

    def test_before_the_loss_is_noticed_is_an_order_like_any_other(self, claim, ledger):
        assert place_late(claim, ledger).new == {claim.order_id}

        rebuild()

        assert balance() == (2, 0, 1, 0)

    def test_after_it_is_taken_from_what_is_left(self, claim, ledger):
        rebuild()

        written = place_late(claim, ledger)

        assert written == Written(new=frozenset([claim.order_id]))
        ledger.confirm("lamp", 1, [claim.order_id])
        assert balance() == (2, 0, 1, 0)
        assert Order.objects.get().claim_number == EPOCH + 1

    def test_twice_is_one_order(self, claim, ledger):
        rebuild()
        place_late(claim, ledger)

        assert place_late(claim, ledger).known == {claim.order_id}
        assert Allotment.objects.get().ordered == 1

    def test_after_a_crash_is_done_by_whoever_comes_next(self, claim, ledger):
        rebuild()
        ledger.adopt(claim)
        assert balance() == (2, 1, 0, 0)

        assert place_late(claim, ledger).new == {claim.order_id}

    def test_goes_to_a_person_where_others_have_its_units(self, claim, ledger, take):
        rebuild()
        lifecycle.resume("lamp", by="ada")
        for _ in range(3):
            take()

        assert place_late(claim, ledger).rejected == {claim.order_id: late.TOO_LATE}
        assert balance() == (0, 3, 0, 0)

    def test_waits_for_a_ledger_that_is_being_rebuilt(self, claim, ledger):
        Allotment.objects.update(epoch=F("epoch") + 1)

        assert place_late(claim, ledger) == Written(late=frozenset([claim.order_id]))

    def test_after_closing_goes_to_a_person(self, claim, ledger):
        rebuild()
        lifecycle.close("lamp", by="ada")

        assert place_late(claim, ledger).rejected == {claim.order_id: late.OVER}
        assert balance() == (0, 0, 0, 3)

    def test_is_not_written_off_twice_by_one_who_slept_through_the_loss(
        self, open_sale, ledger, store, take, drain_all
    ):
        open_sale(units=3)
        claim = take()
        drain_all()
        workflow.cancel([claim.order_id], allowed_from=PLACED)
        (row,) = releasing._on_their_way(Allotment.objects.get())
        number = ledger.give_back(releasing.as_rules(row))
        store.flushall()
        rebuild()

        assert not releasing.write_off(row, number)

        assert releasing.settle_all(ledger) == 1
        assert balance() == (3, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
class TestRaceOfDrainAndRebuild:
    def test_a_batch_that_waits_for_the_epoch_to_begin_is_late(self, open_sale, store, take):
        open_sale(units=3)
        claim = take()
        store.flushall()
        written = []

        def begin_epoch():
            with transaction.atomic():
                Allotment.objects.update(epoch=F("epoch") + 1)
                drainer.start()
                wait_until_somebody_waits()

        def run():
            try:
                written.append(drain.write_claims([claim]))
            finally:
                connection.close()

        drainer = threading.Thread(target=run)
        begin_epoch()
        drainer.join(timeout=60)

        assert written == [Written(late=frozenset([claim.order_id]))]
        assert (Order.objects.count(), Allotment.objects.get().ordered) == (0, 0)

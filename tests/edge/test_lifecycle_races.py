"""Two operators at once: the one who is first arms or moves the sale, and the other is told."""

import threading

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from edge import lifecycle
from edge.lifecycle import CannotChange, arming
from edge.models import SaleChange
from fastpath_lambda import rules
from fastpath_lambda.claims import Claim
from orders.models import Order
from shop.models import Allotment, Sale, Sku, Stock
from tests.orders.racing import race as at_once

pytestmark = pytest.mark.django_db(transaction=True)


def race(act, *, operators=2):
    """What each operator got: "done", or the sentence that told them why not."""
    answers = []

    def run():
        try:
            answers.append(act() or "done")
        except CannotChange as error:
            answers.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(operators)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


class TestTwoWhoArm:
    def test_both_move_units_when_they_look_first_and_write_later(self, make_plan):
        make_plan(units=3)
        both_have_looked = threading.Barrier(2, timeout=60)

        def naive_arm():
            sale = Sale.objects.get()
            if sale.state != Sale.State.DRAFT:
                raise CannotChange("too late")
            both_have_looked.wait()
            Sale.objects.update(state=Sale.State.ARMED, generation=F("generation") + 1)
            Stock.objects.update(available=F("available") - sale.units)

        assert race(naive_arm) == ["done", "done"]
        assert Stock.objects.get().available == 4

    def test_of_one_plan_are_one_who_does_and_one_who_is_told(self, make_plan):
        make_plan(units=3)
        plan = Sale.objects.select_related("product").get()
        both_are_here = threading.Barrier(2, timeout=60)

        def arm():
            connection.ensure_connection()
            both_are_here.wait()
            arming.set_aside(plan_of(plan), arming.Terms(), by="ada", now=timezone.now())

        assert sorted(race(arm)) == ["Lamp was put on sale by somebody else just now.", "done"]
        assert (Stock.objects.get().available, Allotment.objects.count()) == (7, 1)
        assert SaleChange.objects.count() == 1

    def test_of_two_plans_are_one_who_does_and_one_who_is_told(self, make_product, make_plan):
        product = make_product()
        plans = [make_plan(product=product, units=units) for units in (3, 4)]
        both_are_here = threading.Barrier(2, timeout=60)

        def arm():
            connection.ensure_connection()
            plan = plans.pop()
            both_are_here.wait()
            arming.set_aside(plan, arming.Terms(), by="ada", now=timezone.now())

        assert sorted(race(arm)) == ["Lamp was put on sale by somebody else just now.", "done"]
        assert Allotment.objects.get().armed == 10 - Stock.objects.get().available

    def test_through_the_front_door_leave_one_sale_armed_once(self, make_plan, ledger):
        make_plan(units=3)

        answers = race(lambda: lifecycle.arm("lamp", by="ada") and None, operators=4)

        assert "done" in answers
        assert (Stock.objects.get().available, Allotment.objects.count()) == (7, 1)
        assert ledger.count("lamp", 1).left == {"LAMP": 3}


def plan_of(sale):
    return Sale.objects.select_related("product__category").get(pk=sale.pk)


class TestTwoWhoClose:
    def test_return_the_leftovers_once(self, open_sale, take, drain_all):
        open_sale(units=3)
        take()
        drain_all()

        answers = race(lambda: lifecycle.close("lamp", by="ada") and None, operators=3)

        assert answers == ["done"] * 3
        assert (Stock.objects.get().available, Allotment.objects.get().returned) == (9, 2)


class TestClosingWhileTakesArrive:
    def test_sells_a_unit_twice_where_somebody_counts_first(self, open_sale, take, ledger):
        sale = open_sale(units=3)

        leftovers = ledger.count("lamp", 1).left["LAMP"]
        assert isinstance(take(), Claim)
        ledger.move("lamp", 1, to=rules.State.CLOSED, allowed_from=list(rules.State))
        Stock.objects.update(available=F("available") + leftovers)

        assert Stock.objects.get().available + 1 == 11, sale

    def test_gives_each_unit_to_one_buyer_or_back_to_the_shop(self, open_sale, take, drain_all):
        open_sale(units=6)
        outcomes = [take()]  # not drained, so the sale is not closed before the others come
        takes = [lambda: outcomes.append(take()) for _ in range(12)]

        at_once(*takes, lambda: lifecycle.close("lamp", by="ada", wait=False))
        drain_all()
        lifecycle.close("lamp", by="ada")

        sold = len([outcome for outcome in outcomes if isinstance(outcome, Claim)])
        assert (len(outcomes), Order.objects.count()) == (13, sold)
        assert Stock.objects.get().available == 10 - sold


def test_one_who_pauses_and_one_who_resumes_leave_record_and_ledger_agreed(open_sale, ledger):
    open_sale()
    moves = [lifecycle.pause, lifecycle.resume] * 4

    race(lambda: moves.pop()("lamp", by="ada") and None, operators=len(moves))

    assert Sale.objects.get().state == ledger.get_sale("lamp").state.value


def test_a_merchandiser_who_saves_the_plan_meanwhile_does_not_write_over_it(make_plan):
    plan = make_plan(units=3)
    lifecycle.arm("lamp", by="ada")

    assert not lifecycle.record.edit_plan(plan, units=9)

    assert (Sale.objects.get().units, Sku.objects.count()) == (3, 1)

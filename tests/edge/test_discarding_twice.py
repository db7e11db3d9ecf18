"""A letter that two people decide about at once: its units go back once, or are one order's."""

import threading

import pytest

from edge import lifecycle
from fastpath_lambda import claims
from orders import dead_letters, drain
from orders.dead_letters import CannotChange
from orders.models import DeadLetter, Order, OrderLine
from shop import stock
from shop.models import Allotment, Sku, Stock
from tests.edge.test_discarding import NOW, claim, discard, letter, units  # noqa: F401
from tests.orders.conftest import queue, receive_all  # noqa: F401
from tests.orders.racing import race

pytestmark = pytest.mark.django_db


def naive(meet):
    """Looks whether the letter waits, and gives back: as one would without the two guards."""

    def give_up(its_letter):
        waits = DeadLetter.objects.get(pk=its_letter.pk).state == "waiting"
        meet.wait()
        if waits:
            bought = claims.from_json(its_letter.body)
            stock.give_back(sku_id=Sku.objects.get().pk, quantity=bought.quantity, order_id=bought.order_id)
            DeadLetter.objects.filter(pk=its_letter.pk).update(state="discarded")

    return give_up


def try_to(act, *arguments, **options):
    try:
        act(*arguments, **options)
    except CannotChange as error:
        return str(error)
    return "done"


@pytest.mark.django_db(transaction=True)
class TestTwice:
    @pytest.fixture
    def letter(self, letter):  # noqa: F811
        """Of a closed sale: 8 in stock, 2 claimed."""
        lifecycle.close("lamp", by="ada")
        return letter

    def test_the_race_is_real_for_who_only_looks(self, letter):  # noqa: F811
        give_up = naive(threading.Barrier(2))

        race(lambda: give_up(letter), lambda: give_up(letter))

        assert Stock.objects.get().available == 12

    def test_pressed_by_two_at_once_gives_back_once(self, letter):  # noqa: F811
        first, second = DeadLetter.objects.get(), DeadLetter.objects.get()

        outcomes = race(lambda: try_to(discard, first), lambda: try_to(discard, second))

        assert sorted(outcomes)[1] == "done"
        assert "can no longer be discarded" in sorted(outcomes)[0]
        assert (Stock.objects.get().available, units()) == (10, (0, 0, 0, 3))

    def test_the_race_with_a_replay_is_real_for_who_only_looks(self, letter, claim):  # noqa: F811
        meet = threading.Barrier(2)

        race(lambda: naive(meet)(letter), lambda: (meet.wait(), drain.write_claims([claim])))

        # An order of two units, and the same two in stock.
        assert (Stock.objects.get().available, Allotment.objects.get().ordered) == (10, 2)

    @pytest.mark.parametrize("round", range(4))
    def test_racing_a_replay_one_of_them_has_the_units(self, letter, queue, round):  # noqa: F811
        first, second = DeadLetter.objects.get(), DeadLetter.objects.get()

        def replay_and_drain():
            outcome = try_to(dead_letters.replay, second, queue=queue, by="bob", now=NOW)
            drain.write_claims([claims.from_json(message.body) for message in receive_all(queue)])
            return outcome

        race(lambda: try_to(discard, first), replay_and_drain)

        status, available = Order.objects.get().status, Stock.objects.get().available
        assert (status, available) in [("cancelled", 10), ("placed", 8)]
        assert units() == ((0, 0, 0, 3) if status == "cancelled" else (0, 0, 2, 1))
        assert OrderLine.objects.count() == 1

    def test_a_message_that_is_on_its_way_already_changes_nothing(self, letter, claim):  # noqa: F811
        discard(letter)

        written = drain.write_claims([claim])

        assert (written.new, written.known) == (frozenset(), {claim.order_id})
        assert (Stock.objects.get().available, units()) == (10, (0, 0, 0, 3))

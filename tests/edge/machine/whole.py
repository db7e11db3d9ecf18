"""A sale as a machine that hypothesis drives, beside a model of where each unit must be.

Few examples find their way into the corners by chance, so each begins in one of them,
and goes on from there in any order.
"""

from hypothesis.stateful import initialize

from orders.sandbox import OK
from tests.edge.machine.buyers import Buyers
from tests.edge.machine.clockwork import Clockwork
from tests.edge.machine.faults import Faults
from tests.edge.machine.model import LIMIT, SKUS, STOCK, UNITS
from tests.edge.machine.staff import Staff


class SaleMachine(Buyers, Clockwork, Staff, Faults):
    # Set by the test: one of BEGINNINGS.
    beginning = ""

    @initialize()
    def begin(self):
        product = self.make_product(stock=STOCK, skus=SKUS)
        self.open_sale(product=product, units=UNITS, limit_per_buyer=LIMIT)
        self.model.armed.update(dict.fromkeys(SKUS, UNITS))
        # Two are orders, and one is a claim.
        for buyer, code, quantity in (("a", "LAMP-S", 2), ("b", "LAMP-L", 1), ("c", "LAMP-S", 1)):
            self.do_take(buyer, code, quantity, OK)
        self.do_deliver(self.messages[:2])
        BEGINNINGS[self.beginning](self)


def some_have_bought(machine):
    pass


def units_came_back_and_nobody_wrote_it_down(machine):
    machine.do_cancel(machine.model.ids("ordered")[0])
    machine.do_die_after_giving_back()


def who_gave_units_back_woke_up_under_another_ledger(machine):
    units_came_back_and_nobody_wrote_it_down(machine)
    machine.do_wipe()
    machine.do_rebuild()
    machine.do_wake_up()


def others_bought_what_a_lost_claim_had(machine):
    machine.do_wipe()
    machine.do_rebuild()
    for code in SKUS:
        machine.do_sell_out(code)


BEGINNINGS = {
    act.__name__.replace("_", " "): act
    for act in (
        some_have_bought,
        units_came_back_and_nobody_wrote_it_down,
        who_gave_units_back_woke_up_under_another_ledger,
        others_bought_what_a_lost_claim_had,
    )
}

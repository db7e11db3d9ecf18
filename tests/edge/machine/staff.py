"""What ops do with a sale that is on: pause, resume, restock, take back, refund, close."""

from uuid import UUID

from hypothesis.stateful import precondition, rule

from edge import lifecycle
from edge.lifecycle import CannotChange
from orders import refunding
from orders.models import Order
from tests.edge.machine.buyers import sku, some, units
from tests.edge.machine.stage import Stage


def is_on(machine):
    return machine.model.state in ("open", "paused")


class Staff(Stage):
    @precondition(lambda self: is_on(self) and not self.model.is_lost)
    @rule()
    def pause_or_resume(self):
        change = lifecycle.pause if self.model.state == "open" else lifecycle.resume
        change("lamp", by="ada")
        self.read_state()

    @precondition(lambda self: is_on(self) and not self.model.is_lost)
    @rule(sku=sku, quantity=units)
    def restock(self, sku, quantity):
        try:
            lifecycle.restock("lamp", units=quantity, sku=sku, by="ada")
        except CannotChange:
            assert self.stock()[sku] < quantity
        else:
            self.model.armed[sku] += quantity

    @precondition(lambda self: is_on(self) and not self.model.is_lost)
    @rule(sku=sku, quantity=units)
    def take_back(self, sku, quantity):
        left = self.model.left()[sku]
        try:
            lifecycle.take_back("lamp", units=quantity, sku=sku, by="ada")
        except CannotChange:
            assert left < quantity
        else:
            self.model.returned[sku] += quantity

    @precondition(lambda self: self.model.ids("ordered"))
    @rule(which=some)
    def refund(self, which):
        order_id = self.pick(which, "ordered").request.order_id
        try:
            refunding.promise(UUID(order_id), amount=None, key=order_id, by="ada")
        except refunding.CannotRefund:
            assert Order.objects.get(id=order_id).status != "shipped"
        self.look()

    @precondition(lambda self: is_on(self) and len(self.model.known) > 4)
    @rule()
    def close(self):
        lifecycle.close("lamp", by="ada", wait=False)
        self.read_state()

"""What buyers do: take, take all that is left, ask again, cancel."""

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fastpath_lambda.ledger import KeyConflict
from orders import cancelling
from orders.sandbox import CAPTURE_FAILS, DECLINED, LATE, OK, TIMEOUT
from tests.edge.machine.model import LIMIT, SKUS, make_request
from tests.edge.machine.stage import Stage

TOKENS = (OK, OK, DECLINED, TIMEOUT, LATE, CAPTURE_FAILS)
some = st.integers(min_value=0, max_value=999)
sku = st.sampled_from(SKUS)
units = st.integers(min_value=1, max_value=3)


def is_served(machine):
    return machine.model.state != "closed" and not machine.model.is_lost


class Buyers(Stage):
    @precondition(is_served)
    @rule(buyer=st.sampled_from("abc"), sku=sku, quantity=units, token=st.sampled_from(TOKENS))
    def take(self, buyer, sku, quantity, token):
        self.do_take(buyer, sku, quantity, token)

    @precondition(is_served)
    @rule(sku=sku)
    def sell_out(self, sku):
        self.do_sell_out(sku)

    def do_sell_out(self, sku):
        if left := self.model.left()[sku]:
            self.do_take(f"first-{len(self.model.known)}", sku, min(left, LIMIT), OK)

    @precondition(lambda self: self.model.known and is_served(self))
    @rule(which=some, is_altered=st.booleans())
    def repeat(self, which, is_altered):
        one = self.pick(which)
        request = one.request
        if one.where in ("late", "dead"):
            # The ledger that took it is lost: asked again, it is asked anew.
            self.take_for(request)
        elif is_altered:
            altered = make_request(request.buyer, request.sku, 9, request.payment_token, key="x")
            assert self.ask(altered, order_id=request.order_id) == KeyConflict()
        else:
            assert self.ask(request).order_id == request.order_id

    @precondition(lambda self: self.model.ids("ordered"))
    @rule(which=some, then=st.sampled_from(["wait", "settle", "die"]))
    def cancel(self, which, then):
        self.do_cancel(self.pick(which, "ordered").request.order_id)
        if then == "settle":
            self.do_settle()
        elif then == "die" and self.model.ids("releasing") and not self.model.is_lost:
            self.do_die_after_giving_back()

    def do_cancel(self, order_id):
        cancelling.cancel(UUID(order_id))
        self.look()

"""What breaks: a process dies between two stores, or sleeps until they are others; the ledger is lost."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from fastpath_lambda.ledger import Stale
from orders.sandbox import OK
from tests.edge.machine.buyers import is_served
from tests.edge.machine.model import make_request
from tests.edge.machine.stage import Stage


class Faults(Stage):
    @precondition(lambda self: self.model.ids("releasing") and not self.model.is_lost)
    @rule()
    def die_after_giving_back(self):
        self.do_die_after_giving_back()

    @precondition(lambda self: self.asleep)
    @rule()
    def wake_up(self):
        """Whoever was thought dead goes on where it was; its ledger may be lost by now."""
        self.do_wake_up()

    @precondition(lambda self: is_served(self) and len(self.model.known) > 1)
    @rule(is_mended=st.booleans())
    def wipe(self, is_mended):
        self.do_wipe()
        if is_mended:
            self.do_rebuild()

    def do_wipe(self):
        sold = self.ledger.get_sale("lamp")
        self.store.flushall()
        self.model.lose()
        assert self.ledger.take(sold, make_request("a", "LAMP-S", 1, OK, key="lost")) == Stale()

    @precondition(lambda self: self.model.is_lost)
    @rule()
    def rebuild(self):
        self.do_rebuild()

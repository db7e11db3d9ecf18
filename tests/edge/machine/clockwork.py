"""What happens by itself, in any order and again and again: deliveries, payments, units that come back."""

from datetime import timedelta

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders import advancing
from orders.sandbox import Sandbox
from tests.edge.machine.buyers import some
from tests.edge.machine.stage import Stage


class Clockwork(Stage):
    @precondition(lambda self: self.messages)
    @rule(which=st.lists(some, min_size=1, max_size=5))
    def deliver(self, which):
        self.do_deliver([self.messages[number % len(self.messages)] for number in which])

    @rule(seconds=st.sampled_from([1, 30, 1200]))
    def pay_or_expire(self, seconds):
        self.later += timedelta(seconds=seconds)
        advancing.advance(Sandbox(secret="secret"), now=timezone.now() + self.later)
        self.look()

    @precondition(lambda self: self.model.ids("releasing") or self.model.ids("back"))
    @rule()
    def settle(self):
        self.do_settle()

    @precondition(lambda self: self.model.state == "closing" and not self.model.is_lost)
    @rule()
    def advance(self):
        self.do_advance()

"""The real sale that the machine plays on, and what must hold of it after every step.

What is done to it is beside this module, by who does it: buyers.py, clockwork.py,
staff.py and faults.py. Each tells the model what must come of it.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine, invariant

from edge import audit, lifecycle
from fastpath_lambda import claims
from fastpath_lambda.claims import Claim
from fastpath_lambda.rules import Request
from fastpath_lambda.sqs import Message
from orders import drain_turn, releasing
from orders.models import Order
from shop.models import Sale, Stock
from tests.edge.machine.model import SKUS, STOCK, Known, Model, make_request


class Buffer:
    """What the drain is given; and what the shop sees of the buffer, which is empty as far as it knows."""

    def __init__(self):
        self.rejected = []

    def reject(self, message, reason):
        self.rejected.append(claims.from_json(message.body).order_id)

    def delete(self, messages):
        pass

    def depth(self):
        return 0

    def dead_letters(self):
        return self


class Stage(RuleBasedStateMachine):
    # Set by the test, which has the fixtures.
    ledger = store = open_sale = make_product = None

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.store.flushall()
        self.model, self.messages = Model(), []
        self.later = timedelta(0)
        # What a process had done when it was thought dead, and under which epoch.
        self.asleep = None

    @invariant()
    def every_unit_has_one_owner(self):
        if not self.model.is_lost and self.model.armed:
            rows = audit.audit()
            assert all(row.is_balanced for row in rows), rows
            if self.model.state != "closed":
                assert {row.sku: row.left for row in rows} == self.model.left()
                assert dict(self.ledger.count("lamp", 1).left) == self.model.left()

    def teardown(self):
        try:
            if self.model.armed:
                self._end()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    def _end(self):
        """Whatever is under way arrives, and the sale is closed: what was promised is there, and no more."""
        if self.model.is_lost:
            self.do_rebuild()
        self.do_deliver(self.messages)
        self.do_settle()
        self.do_wake_up()
        self.every_unit_has_one_owner()
        lifecycle.close("lamp", by="ada", wait=False)
        self.read_state()
        self.every_unit_has_one_owner()
        assert self.model.state == "closed"
        accepted = {id for id, one in self.model.known.items() if one.where != "dead"}
        assert {str(id) for id in Order.objects.values_list("id", flat=True)} == accepted
        sold = self.model.sold()
        assert self.stock() == {code: STOCK - sold[code] for code in SKUS}

    def do_take(self, buyer, sku, quantity, token):
        key = f"{buyer}-{len(self.model.known)}"
        self.take_for(make_request(buyer, sku, quantity, token, key=key))

    def take_for(self, request):
        expected = self.model.expect(request)
        outcome = self.ask(request)
        if expected is None:
            assert isinstance(outcome, Claim), outcome
            self.model.known[request.order_id] = Known(request)
            self.messages.append(claims.to_json(outcome))
        else:
            assert outcome is expected

    def ask(self, request, *, order_id=None):
        fields = {name: getattr(request, name) for name in Request.__slots__}
        asked = Request(**fields | {"order_id": order_id or request.order_id})
        return self.ledger.take(self.ledger.get_sale("lamp"), asked)

    def do_deliver(self, bodies):
        messages = [Message(str(n), body, str(n)) for n, body in enumerate(bodies)]
        buffer, ids = Buffer(), dict.fromkeys(claims.from_json(body).order_id for body in bodies)
        expected = {id for id in ids if not self.model.place(id)}
        drain_turn.drain_once(messages, buffer=buffer, ledger=self.ledger)
        assert set(buffer.rejected) == expected
        self.look()

    def do_settle(self):
        releasing.settle_all(self.ledger)
        if not self.model.is_lost:
            self.model.arrive()

    def do_die_after_giving_back(self):
        order = Order.objects.get(id=self.model.ids("releasing")[0])
        (row, *_) = releasing._on_their_way(order.release.allotment)
        self.asleep = row, self.ledger.give_back(releasing.as_rules(row)), self.model.epoch
        self.model.known[str(row.order_id)].where = "back"

    def do_wake_up(self):
        if self.asleep is None:
            return
        row, number, epoch = self.asleep
        self.asleep = None
        one = self.model.known[str(row.order_id)]
        # What it gave back was lost with its ledger, where another has begun since.
        is_news = not one.is_written and epoch == self.model.epoch
        assert releasing.write_off(row, number) == is_news
        if is_news:
            one.where, one.is_written = "back", True

    def do_rebuild(self):
        for _ in range(2):
            self.later += timedelta(seconds=3)
            self.do_advance()
        assert self.model.state != "open"
        self.model.epoch += 1
        if self.model.state == "paused":
            lifecycle.resume("lamp", by="ada")
            self.read_state()

    def do_advance(self):
        lifecycle.advance(now=timezone.now() + self.later)
        self.read_state()

    def look(self):
        for id, status in Order.objects.values_list("id", "status"):
            self.model.turn_to(str(id), status)

    def read_state(self):
        self.model.state = Sale.objects.get().state
        self.model.is_lost = self.model.state != "closed" and self.ledger.get_sale("lamp") is None
        if self.model.state in ("closing", "closed") and not self.model.is_lost:
            self.model.arrive()

    def stock(self):
        return dict(Stock.objects.values_list("sku__code", "available"))

    def pick(self, which, where=None):
        ids = self.model.ids(where)
        return self.model.known[ids[which % len(ids)]]

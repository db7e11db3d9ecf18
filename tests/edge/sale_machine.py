"""A sale as a machine that hypothesis drives, beside a model of where each unit must be.

The model knows one thing of each claim, where it is: `claimed` (pending in the ledger),
`ordered`, `releasing` (its order undone, on its way back), `back` (in the ledger again),
`late` (given by a ledger that was lost), or `dead` (came too late, and is with a person).
What is left, and who has bought how much, follows from that.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge import audit, lifecycle
from edge.lifecycle import CannotChange
from fastpath_lambda import claims, identity
from fastpath_lambda.claims import Claim
from fastpath_lambda.ledger import KeyConflict, Stale
from fastpath_lambda.rules import Refusal, Request
from fastpath_lambda.sqs import Message
from orders import advancing, cancelling, drain_turn, refunding, releasing
from orders.models import Order
from orders.sandbox import CAPTURE_FAILS, DECLINED, LATE, OK, TIMEOUT, Sandbox
from shop.models import Sale, Stock

TOKENS = (OK, OK, DECLINED, TIMEOUT, LATE, CAPTURE_FAILS)
SKUS = ("LAMP-S", "LAMP-L")
STOCK, UNITS, LIMIT = 9, 4, 4
TAKEN = ("claimed", "ordered", "releasing")
AGAIN = {"placed": {"paid", "confirmed", "cancelled"}, "paid": {"confirmed", "cancelled"},
         "confirmed": {"cancelled", "refunded"}}  # fmt: skip
UNDONE = ("cancelled", "refunded")
some = st.integers(min_value=0, max_value=999)
sku = st.sampled_from(SKUS)
units = st.integers(min_value=1, max_value=3)


@dataclass
class Known:
    """What the model knows of one order request that was accepted."""

    request: Request
    where: str
    status: str = ""
    # Whether the database knows that its units are back.
    is_written: bool = False


class Died(Exception):
    """The process ended here."""


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


class SaleMachine(RuleBasedStateMachine):
    # Set by the test, which has the fixtures.
    ledger = store = open_sale = make_product = None

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.store.flushall()
        self.known, self.messages = {}, []
        self.armed, self.returned = Counter(), Counter()
        self.state, self.is_lost, self.later = "open", False, timedelta(0)
        self.asleep = None

    @initialize()
    def open(self):
        self.open_sale(product=self.make_product(stock=STOCK, skus=SKUS), units=UNITS, limit_per_buyer=LIMIT)
        self.armed.update(dict.fromkeys(SKUS, UNITS))
        for buyer, code, quantity in (("a", "LAMP-S", 2), ("b", "LAMP-L", 1), ("c", "LAMP-S", 1)):
            self.take(buyer, code, quantity, OK)
        self._deliver(self.messages[:2])

    # What buyers do

    @precondition(lambda self: self.state != "closed" and not self.is_lost)
    @rule(buyer=st.sampled_from("abc"), sku=sku, quantity=units, token=st.sampled_from(TOKENS))
    def take(self, buyer, sku, quantity, token):
        self._take(self._request(buyer, sku, quantity, token, key=f"{buyer}-{len(self.known)}"))

    @precondition(lambda self: self.known and self.state != "closed" and not self.is_lost)
    @rule(which=some, is_altered=st.booleans())
    def repeat(self, which, is_altered):
        one = self._pick(which)
        request = one.request
        if one.where in ("late", "dead"):
            # The ledger that took it is lost: asked again, it is asked anew.
            self._take(request)
        elif is_altered:
            altered = self._request(request.buyer, request.sku, 9, request.payment_token, key="x")
            assert self._ask(altered, order_id=request.order_id) == KeyConflict()
        else:
            assert self._ask(request).order_id == request.order_id

    @precondition(lambda self: self._in("ordered"))
    @rule(which=some, then=st.sampled_from(["wait", "settle", "die"]))
    def cancel(self, which, then):
        cancelling.cancel(UUID(self._pick(which, "ordered").request.order_id))
        self._look()
        if then == "settle":
            self.settle()
        elif then == "die" and self._in("releasing") and not self.is_lost:
            self.die_after_giving_back()

    # What happens by itself, in any order and again and again

    @precondition(lambda self: self.messages)
    @rule(which=st.lists(some, min_size=1, max_size=5))
    def deliver(self, which):
        picked = [self.messages[number % len(self.messages)] for number in which]
        self._deliver(picked)

    @rule(seconds=st.sampled_from([1, 30, 1200]))
    def pay_or_expire(self, seconds):
        self.later += timedelta(seconds=seconds)
        advancing.advance(Sandbox(secret="secret"), now=timezone.now() + self.later)
        self._look()

    @precondition(lambda self: self._in("ordered"))
    @rule(which=some)
    def refund(self, which):
        order_id = self._pick(which, "ordered").request.order_id
        try:
            refunding.promise(UUID(order_id), amount=None, key=order_id, by="ada")
        except refunding.CannotRefund:
            assert Order.objects.get(id=order_id).status != "shipped"
        self._look()

    @precondition(lambda self: any(one.where in ("releasing", "back") for one in self.known.values()))
    @rule()
    def settle(self):
        releasing.settle_all(self.ledger)
        if not self.is_lost:
            self._arrive()

    @precondition(lambda self: self._in("releasing") and not self.is_lost)
    @rule()
    def die_after_giving_back(self):
        (row, *_) = releasing._on_their_way(Order.objects.get(id=self._in("releasing")[0]).release.allotment)
        self.asleep = row, self.ledger.give_back(releasing.as_rules(row))
        self.known[str(row.order_id)].where = "back"

    @precondition(lambda self: self.asleep)
    @rule()
    def wake_up(self):
        """Whoever was thought dead goes on where it was; its ledger may be lost by now."""
        row, number = self.asleep
        self.asleep = None
        if releasing.write_off(row, number):
            self.known[str(row.order_id)].is_written = True

    # What ops do

    @precondition(lambda self: self.state in ("open", "paused") and not self.is_lost)
    @rule()
    def pause_or_resume(self):
        lifecycle.pause("lamp", by="ada") if self.state == "open" else lifecycle.resume("lamp", by="ada")
        self._read_state()

    @precondition(lambda self: self.state in ("open", "paused") and not self.is_lost)
    @rule(sku=sku, quantity=units)
    def restock(self, sku, quantity):
        try:
            lifecycle.restock("lamp", units=quantity, sku=sku, by="ada")
        except CannotChange:
            assert self._stock()[sku] < quantity
        else:
            self.armed[sku] += quantity

    @precondition(lambda self: self.state in ("open", "paused") and not self.is_lost)
    @rule(sku=sku, quantity=units)
    def take_back(self, sku, quantity):
        left = self._left()[sku]
        try:
            lifecycle.take_back("lamp", units=quantity, sku=sku, by="ada")
        except CannotChange:
            assert left < quantity
        else:
            self.returned[sku] += quantity

    @precondition(lambda self: self.state in ("open", "paused") and len(self.known) > 4)
    @rule()
    def close(self):
        lifecycle.close("lamp", by="ada", wait=False)
        self._read_state()

    @precondition(lambda self: self.state == "closing" and not self.is_lost)
    @rule()
    def advance(self):
        self._advance()

    # What breaks

    @precondition(lambda self: self.state != "closed" and not self.is_lost and len(self.known) > 1)
    @rule(is_mended=st.booleans())
    def wipe(self, is_mended):
        sold = self.ledger.get_sale("lamp")
        self.store.flushall()
        self.is_lost = True
        assert self.ledger.take(sold, self._request("a", "LAMP-S", 1, OK, key="lost")) == Stale()
        for one in self.known.values():
            if one.where == "claimed":
                one.where = "late"
            elif one.where == "back" and not one.is_written:
                one.where = "releasing"
        if is_mended:
            self.rebuild()

    @precondition(lambda self: self.is_lost)
    @rule()
    def rebuild(self):
        for _ in range(2):
            self.later += timedelta(seconds=3)
            self._advance()
        assert self.state != "open"
        if self.state == "paused":
            self.pause_or_resume()

    # What must hold

    @invariant()
    def every_unit_has_one_owner(self):
        if not self.is_lost and self.armed:
            rows = audit.audit()
            assert all(row.is_balanced for row in rows), rows
            if self.state != "closed":
                assert {row.sku: row.left for row in rows} == self._left()
                assert dict(self.ledger.count("lamp", 1).left) == self._left()

    def teardown(self):
        try:
            if self.armed:
                self._end()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    def _end(self):
        if self.is_lost:
            self.rebuild()
        self._deliver(self.messages)
        self.settle()
        lifecycle.close("lamp", by="ada", wait=False)
        self._read_state()
        self.every_unit_has_one_owner()
        accepted = {id for id, one in self.known.items() if one.where != "dead"}
        assert self.state == "closed"
        assert {str(id) for id in Order.objects.values_list("id", flat=True)} == accepted
        sold = Counter()
        for one in self.known.values():
            sold[one.request.sku] += one.request.quantity * (one.where == "ordered")
        assert self._stock() == {code: STOCK - sold[code] for code in SKUS}

    def _request(self, buyer, sku, quantity, token, *, key):
        return Request(
            order_id=identity.order_id(scope="lamp", generation=1, key=key), fingerprint=f"{sku}-{quantity}",
            sku=sku, quantity=quantity, buyer=buyer, email=f"{buyer}@example.org", name="Ada",
            address={"line1": "1 Pier Road", "city": "Hull", "postcode": "HU1 1AA", "country": "GB"},
            payment_token=token,
        )  # fmt: skip

    def _ask(self, request, *, order_id=None):
        fields = {name: getattr(request, name) for name in Request.__slots__}
        asked = Request(**fields | {"order_id": order_id or request.order_id})
        return self.ledger.take(self.ledger.get_sale("lamp"), asked)

    def _take(self, request):
        expected = self._expect(request)
        outcome = self._ask(request)
        if expected is None:
            assert isinstance(outcome, Claim)
            self.known[request.order_id] = Known(request, "claimed")
            self.messages.append(claims.to_json(outcome))
        else:
            assert outcome is expected

    def _expect(self, request):
        shut = {"paused": Refusal.PAUSED, "closing": Refusal.CLOSED}
        if self.state in shut:
            return shut[self.state]
        bought = sum(
            one.request.quantity
            for one in self.known.values()
            if one.request.buyer == request.buyer and one.where in TAKEN
        )
        if bought + request.quantity > LIMIT:
            return Refusal.OVER_LIMIT
        return Refusal.SOLD_OUT if self._left()[request.sku] < request.quantity else None

    def _deliver(self, bodies):
        messages = [Message(str(n), body, str(n)) for n, body in enumerate(bodies)]
        buffer, expected = Buffer(), set()
        for body in dict.fromkeys(claims.from_json(body).order_id for body in bodies):
            if not self._is_placed(self.known[body]):
                expected.add(body)
        drain_turn.drain_once(messages, buffer=buffer, ledger=self.ledger)
        assert set(buffer.rejected) == expected
        self._look()

    def _is_placed(self, one):
        """Move it to where the drain must bring it; False where it must go to a person."""
        if one.where == "claimed" or (one.where == "late" and self.is_lost):
            one.where = "ordered"
        elif one.where in ("late", "dead"):
            is_there = self.state != "closed" and self._left()[one.request.sku] >= one.request.quantity
            one.where = "ordered" if is_there else "dead"
        return one.where != "dead"

    def _look(self):
        """Take in how far the orders are: only forwards, and what is undone gives its units back."""
        statuses = Order.objects.values_list("id", "status")
        for id, status in [(str(id), status) for id, status in statuses]:
            one = self.known[id]
            assert one.status in ("", status) or status in AGAIN[one.status]
            one.status = status
            if status in UNDONE and one.where == "ordered":
                one.where = "releasing" if self.state != "closed" else "back"

    def _arrive(self):
        for one in self.known.values():
            if one.where in ("releasing", "back"):
                one.where, one.is_written = "back", True

    def _advance(self):
        lifecycle.advance(now=timezone.now() + self.later)
        self._read_state()

    def _read_state(self):
        self.state = Sale.objects.get().state
        loaded = self.ledger.get_sale("lamp")
        self.is_lost = self.state != "closed" and loaded is None
        if self.state in ("closing", "closed") and not self.is_lost:
            self._arrive()

    def _left(self):
        gone = Counter()
        for one in self.known.values():
            gone[one.request.sku] += one.request.quantity * (one.where in TAKEN)
        return {code: self.armed[code] - self.returned[code] - gone[code] for code in SKUS}

    def _stock(self):
        return dict(Stock.objects.values_list("sku__code", "available"))

    def _in(self, where):
        return [id for id, one in self.known.items() if one.where == where]

    def _pick(self, which, where=None):
        ids = self._in(where) if where else list(self.known)
        return self.known[ids[which % len(ids)]]

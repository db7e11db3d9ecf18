"""How payments get on: whose turn it is, what the provider said, written down by compare-and-set.

A payment that has something to do carries the moment of its next turn. Taking it up
moves that moment on, further each time, so one whose worker died or whose provider did
not answer is taken up again. What it waits for, a pure rule says (payments.py). Whoever
undoes an order sets its payment's moment to now; a turn under way leaves that alone.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now

from orders import asking
from orders.models import Order, Payment
from orders.payments import Answer, Next, Outcome, Step, next_step

State, Status = Payment.State, Order.Status

# Asked row by row here, and by an array below: joined, the planner at times reads all orders to find a few.
_DUE = """
    order_id, state, (SELECT status FROM orders_order WHERE orders_order.id = order_id),
    attempts, next_at, amount, currency,
    (SELECT payment_token FROM orders_order WHERE orders_order.id = order_id),
    reference, authorise_key, capture_key, void_key
"""

# Its first turn begins with it.
_OPEN = f"""
INSERT INTO orders_payment (
    order_id, provider, reference, state, reason, currency, amount, authorise_key, capture_key, void_key,
    attempts, next_at
)
SELECT o.id, %(provider)s, '', 'waiting', '', o.currency, o.total,
       o.id || ':authorise', o.id || ':capture', o.id || ':void', 1, %(now)s + interval '1 second'
FROM orders_order o LEFT JOIN orders_payment ON orders_payment.order_id = o.id
WHERE o.status IN ('placed', 'paid') AND orders_payment.order_id IS NULL
ORDER BY o.placed_at LIMIT %(limit)s
ON CONFLICT DO NOTHING
RETURNING {_DUE}
"""

# The longest wait is about an hour.
_TAKE_UP = f"""
WITH due AS (
    SELECT order_id FROM orders_payment WHERE next_at <= %(now)s
    ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE orders_payment
SET attempts = attempts + 1, next_at = %(now)s + power(2, least(attempts, 12)) * interval '1 second'
WHERE order_id = ANY(ARRAY(SELECT order_id FROM due))
RETURNING {_DUE}
"""

# A turn that is over has nothing more to do, unless somebody said so meanwhile.
_RECORD = """
UPDATE orders_payment AS payment
SET state = said.state, reason = said.reason, attempts = CASE WHEN said.is_over THEN 0 ELSE attempts END,
    reference = CASE WHEN said.reference = '' THEN payment.reference ELSE said.reference END,
    captured = CASE WHEN said.state = 'captured' THEN amount ELSE captured END,
    next_at = CASE WHEN said.is_over AND next_at = said.turn THEN NULL ELSE next_at END
FROM jsonb_to_recordset(%s::jsonb) AS said(
    order_id uuid, before text, state text, reference text, reason text, is_over boolean, turn timestamptz
)
WHERE payment.order_id = said.order_id AND payment.state = said.before
RETURNING payment.order_id
"""

_LEAVE = """
UPDATE orders_payment SET next_at = NULL, attempts = 0
WHERE (order_id, next_at) IN (SELECT * FROM unnest(%s::uuid[], %s::timestamptz[]))
"""

MONEY_AT_STAKE = (State.WAITING, State.AUTHORISED, State.CAPTURED)


@dataclass(frozen=True, slots=True)
class Due:
    """A payment whose turn it is."""

    order_id: UUID
    state: str
    status: str
    attempts: int
    turn: datetime
    amount: Decimal
    currency: str
    token: str
    reference: str
    authorise_key: str
    capture_key: str
    void_key: str

    @property
    def next(self) -> Next:
        return next_step(self.state, self.status, attempts=self.attempts)

    def step(self, key: str) -> Step:
        return Step(key, self.token, self.amount, self.currency, self.reference, self.attempts)


Said = tuple[Due, Answer]


def open_payments(provider: str, *, now: datetime, limit: int) -> list[Due]:
    """A payment for each of the oldest orders that have none, and its first turn."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"provider": provider, "now": now, "limit": limit})
        return [Due(*row) for row in cursor.fetchall()]


def take_up(*, now: datetime, limit: int) -> list[Due]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UP, {"now": now, "limit": limit})
        return [Due(*row) for row in cursor.fetchall()]


def ask(act: Callable[[Step], Answer], due: Sequence[Due], *, key: str, at_once: int) -> list[Said]:
    """Ask the provider this step of each; those that it answered."""
    steps = [payment.step(getattr(payment, key)) for payment in due]
    said = zip(due, asking.ask(act, steps, at_once=at_once), strict=True)
    return [(payment, answer) for payment, answer in said if answer.outcome is not Outcome.UNKNOWN]


def record(said: Sequence[Said], state: Payment.State, *, is_over: bool = True) -> list[Due]:
    """Write down that these are in this state now. Gives those of which nobody said otherwise meanwhile."""
    rows = [
        {
            "order_id": str(payment.order_id),
            "before": payment.state,
            "state": state.value,
            "reference": answer.reference,
            "reason": answer.reason[:300],
            "is_over": is_over,
            "turn": payment.turn.isoformat(),
        }
        for payment, answer in said
    ]
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [json.dumps(rows)])
        recorded = {order_id for (order_id,) in cursor.fetchall()}
    return [
        replace(payment, state=state.value, reference=answer.reference or payment.reference)
        for payment, answer in said
        if payment.order_id in recorded
    ]


def leave(due: Iterable[Due]) -> None:
    """Nothing more to do for these, unless somebody said so meanwhile."""
    over = [(payment.order_id, payment.turn) for payment in due]
    if not over:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LEAVE, [[order_id for order_id, _ in over], [turn for _, turn in over]])


def wake(order_ids: Iterable[UUID]) -> None:
    """These orders were undone: their money is looked after next. In the transaction that undoes them."""
    # How often it was asked stays: only of one that never was, nothing can be set aside.
    Payment.objects.filter(order__in=list(order_ids), state__in=MONEY_AT_STAKE).update(next_at=Now())


def with_status(due: Iterable[Due]) -> list[Due]:
    """The same, with their orders' status as it is now."""
    due = list(due)
    statuses = dict(Order.objects.filter(id__in=[p.order_id for p in due]).values_list("id", "status"))
    return [replace(payment, status=statuses[payment.order_id]) for payment in due]

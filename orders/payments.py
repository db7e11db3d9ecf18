"""Who takes the money, behind a small promise; and what comes next for a payment.

A provider does the same key once, however often it is asked, so a step whose answer
was lost is asked again. How payments are driven is not here: see paying.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from orders.models import Order, Payment

Status, State = Order.Status, Payment.State

# To the buyer whose payment token no provider made.
NO_SUCH_CARD = "This payment is not known to the payment provider. Order again with another card."


class Outcome(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    # Of a void: it was taken meanwhile. Now it has to be given back.
    TAKEN = "taken"
    # No answer yet. The step is asked again with the same key, or an event tells.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One step's request."""

    key: str
    token: str
    amount: Decimal
    currency: str
    reference: str = ""  # the provider's own name for the payment; empty until it said one
    attempt: int = 1  # with this key


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: Outcome
    reference: str = ""
    reason: str = ""  # why it was declined, for people


@dataclass(frozen=True, slots=True)
class Event:
    """What the provider tells by itself, as often as it likes and in any order."""

    id: str
    order_id: UUID
    state: Payment.State
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """Told later: a refund that was accepted did not arrive at the bank, and we have the money again."""

    id: str
    key: str  # with which the refund was asked for
    reason: str = ""


class BadEvent(ValueError):
    """The body is no event. The message says what is wrong with it."""


class BadSignature(BadEvent):
    """It does not come from the provider."""


class Provider(Protocol):
    name: str
    at_once: int  # how many steps it may be asked at the same time, each in a thread of its own
    batch: int  # how many payments are taken up together: about a second's work, so a turn keeps its lease

    def authorise(self, step: Step) -> Answer:
        """Whether this token is good for this amount, which is then set aside."""

    def capture(self, step: Step) -> Answer:
        """Take what was set aside."""

    def void(self, step: Step) -> Answer:
        """Let go of what was set aside. TAKEN where an earlier capture had it, though we never heard."""

    def refund(self, step: Step) -> Answer:
        """Give back this much of what was taken. An approval may still fail at the bank: an event tells."""

    def parse_event(self, body: bytes, headers: Mapping[str, str]) -> Event | RefundFailed | None:
        """None where it tells of no payment here. Raises BadSignature or BadEvent where it is not theirs."""


class Next(StrEnum):
    """What a payment waits for."""

    AUTHORISE = "authorise"
    CONFIRM = "confirm"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CANCEL = "cancel"  # the order
    FORGET = "forget"  # nobody was asked anything
    NOTHING = "nothing"


_UNDONE = (Status.CANCELLED, Status.REFUNDED)


def next_step(state: str, status: str, *, attempts: int) -> Next:
    """What to do for a payment in this state, of an order in this status. Nothing else decides it.

    Of an order that was cancelled while we waited for an answer we go on asking: the
    money may be set aside, and then it has to be let go of. `attempts` counts this one.
    """
    undone = status in _UNDONE
    match state:
        case State.WAITING:
            return Next.FORGET if undone and attempts <= 1 else Next.AUTHORISE
        case State.AUTHORISED if undone:
            return Next.VOID
        case State.AUTHORISED:
            return Next.CAPTURE if status == Status.CONFIRMED else Next.CONFIRM
        case State.CAPTURED if undone:
            return Next.REFUND
        # Taken at once, as some ways to pay are: an event said so.
        case State.CAPTURED if status in (Status.PLACED, Status.PAID):
            return Next.CONFIRM
        case State.DECLINED if status == Status.PLACED:
            return Next.CANCEL
        case _:
            return Next.NOTHING

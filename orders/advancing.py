"""Orders and their payments get on together: authorise → confirm → capture, or undo what cannot go on.

The confirmation decides, by its compare-and-set, and only then the money is taken. An
order cancelled meanwhile is not confirmed, and what was set aside for it is let go of.
Each step may be the last before a crash: the next turn reads where things stand, and
asks the provider again with the same key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.conf import settings

from orders import paying, refunding, workflow
from orders.models import Order, Payment
from orders.paying import Due, Said
from orders.payments import Answer, Next, Outcome, Provider

Status, State = Order.Status, Payment.State


def advance(provider: Provider, *, now: datetime) -> int:
    """Take the payments whose turn it is as far as they go. Returns how many there were."""
    limit = provider.batch
    workflow.cancel(_held_too_long(now, limit), allowed_from=Status.PLACED)
    workflow.cancel(_never_captured(now, limit), allowed_from=Status.CONFIRMED)
    due = paying.take_up(now=now, limit=limit)
    due += paying.open_payments(provider.name, now=now, limit=limit - len(due))
    authorised = _authorise(provider, _waiting_for(Next.AUTHORISE, due))
    good = [payment for payment in due if payment.state in (State.AUTHORISED, State.CAPTURED)]
    confirmed = _confirm([*authorised, *good])
    _capture(provider, _waiting_for(Next.CAPTURE, confirmed))
    _let_go(provider, _waiting_for(Next.VOID, confirmed))
    _tidy(due)
    refunding.ask(provider, now=now, limit=limit)
    return len(due)


def _authorise(provider: Provider, due: Sequence[Due]) -> list[Due]:
    approved, declined = _split(
        paying.ask(provider.authorise, due, key="authorise_key", at_once=provider.at_once)
    )
    # The order first: after a crash in between, the provider says the same again.
    workflow.cancel(_ids(payment for payment, _ in declined), allowed_from=Status.PLACED)
    paying.record(declined, State.DECLINED)
    return paying.record(approved, State.AUTHORISED, is_over=False)


def _confirm(authorised: Sequence[Due]) -> list[Due]:
    """All of them, with their orders' status as it is now."""
    ready = _waiting_for(Next.CONFIRM, authorised)
    moved = workflow.move(_ids(_at(Status.PLACED, ready)), Status.PLACED, Status.PAID, Status.CONFIRMED)
    moved |= workflow.move(_ids(_at(Status.PAID, ready)), Status.PAID, Status.CONFIRMED)
    confirmed = [payment for payment in authorised if payment.order_id in moved]
    others = paying.with_status(payment for payment in authorised if payment.order_id not in moved)
    return [*(replace(payment, status=Status.CONFIRMED.value) for payment in confirmed), *others]


def _capture(provider: Provider, due: Sequence[Due]) -> None:
    approved, declined = _split(
        paying.ask(provider.capture, due, key="capture_key", at_once=provider.at_once)
    )
    paying.record(approved, State.CAPTURED)
    workflow.cancel(_ids(payment for payment, _ in declined), allowed_from=Status.CONFIRMED)
    # Its order undone, what was set aside is let go of next.
    paying.record(declined, State.AUTHORISED, is_over=False)


def _let_go(provider: Provider, due: Sequence[Due]) -> None:
    said = paying.ask(provider.void, due, key="void_key", at_once=provider.at_once)
    approved, _ = _split(said)
    paying.record(approved, State.VOIDED)
    # By a capture whose answer we did not get. Its order is undone: it is given back next.
    taken = [(payment, answer) for payment, answer in said if answer.outcome is Outcome.TAKEN]
    paying.record(taken, State.CAPTURED, is_over=False)


def _tidy(due: Sequence[Due]) -> None:
    never_asked = _waiting_for(Next.FORGET, due)
    paying.record([(payment, Answer(Outcome.APPROVED)) for payment in never_asked], State.VOIDED)
    for payment in _waiting_for(Next.REFUND, due):
        refunding.promise_the_rest(payment.order_id)
    workflow.cancel(_ids(_waiting_for(Next.CANCEL, due)), allowed_from=Status.PLACED)
    paying.leave(payment for payment in due if payment.next in (Next.REFUND, Next.CANCEL, Next.NOTHING))


def _held_too_long(now: datetime, limit: int) -> list[UUID]:
    """Orders whose units were held for a payment for as long as we allow."""
    old = Order.objects.filter(status=Status.PLACED, placed_at__lte=now - settings.PAYMENT_HOLD)
    unpaid = old.filter(payment__state=State.WAITING).order_by("placed_at")
    return list(unpaid.values_list("id", flat=True)[:limit])


def _never_captured(now: datetime, limit: int) -> list[UUID]:
    """Orders whose money was set aside, and not taken for as long as any hold may last."""
    held = Payment.objects.filter(state=State.AUTHORISED, opened_at__lte=now - settings.PAYMENT_HOLD_AT_MOST)
    stuck = held.filter(next_at__isnull=False, order__status=Status.CONFIRMED).order_by("opened_at")
    return list(stuck.values_list("order_id", flat=True)[:limit])


def _waiting_for(step: Next, due: Iterable[Due]) -> list[Due]:
    return [payment for payment in due if payment.next is step]


def _at(status: Order.Status, due: Iterable[Due]) -> list[Due]:
    return [payment for payment in due if payment.status == status]


def _split(said: Iterable[Said]) -> tuple[list[Said], list[Said]]:
    """Approved, declined."""
    by_outcome: dict[Outcome, list[Said]] = {outcome: [] for outcome in Outcome}
    for payment, answer in said:
        by_outcome[answer.outcome].append((payment, answer))
    return by_outcome[Outcome.APPROVED], by_outcome[Outcome.DECLINED]


def _ids(due: Iterable[Due]) -> list[UUID]:
    return [payment.order_id for payment in due]

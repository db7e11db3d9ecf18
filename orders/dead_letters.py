"""Messages that could not become orders: collected, looked at, and sent again by people.

A claim's units stay claimed while its letter waits, so the equation of scarce units
holds. That is also why such a letter cannot just be discarded.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from fastpath_lambda import claims
from fastpath_lambda.claims import BadClaim, Claim
from fastpath_lambda.sqs import Message, Queue
from orders.models import DeadLetter, Order
from shop.models import Allotment

State = DeadLetter.State
UNTOLD = "received again and again, and never drained"


class CannotChange(Exception):
    """The letter stays as it is. The message says why, and what to do."""


def collect(queue: Queue) -> int:
    """Write down what is in the dead-letter queue, then delete it there. Returns how many came."""
    collected = 0
    while messages := queue.receive(wait_seconds=0):
        # The id is unique: a message that comes again, because we died here, is the same letter.
        DeadLetter.objects.bulk_create(_new_letters(messages), ignore_conflicts=True)
        queue.delete_batch([message.receipt for message in messages])
        collected += len(messages)
    return collected


def replay(letter: DeadLetter, *, queue: Queue, by: str, now: datetime) -> None:
    """Send the message to the buffer again. Sent twice it is still one order."""
    if letter.state == State.DISCARDED:
        raise CannotChange(f"Letter {letter.pk} was discarded: it can no longer be sent.")
    queue.send(letter.body)
    _change(letter, State.REPLAYED, by=by, now=now)


def discard(letter: DeadLetter, *, by: str, now: datetime) -> None:
    if letter.state != State.WAITING:
        raise CannotChange(f"Letter {letter.pk} is {letter.state}: only a waiting one can be discarded.")
    if holds_units(letter):
        raise CannotChange(
            f"Letter {letter.pk} holds units of a buyer who was told that they got them: "
            f"mend the cause ({letter.reason}), then replay it."
        )
    _change(letter, State.DISCARDED, by=by, now=now)


def holds_units(letter: DeadLetter) -> bool:
    """Whether this is a claim of an allotment of ours that is no order yet."""
    claim = read(letter.body)
    if claim is None or letter.order_id is None or Order.objects.filter(id=letter.order_id).exists():
        return False
    allotments = Allotment.objects.filter(sku__code=claim.sku, sale__product__slug=claim.product)
    return allotments.filter(generation=claim.generation).exists()


def read(body: str) -> Claim | None:
    try:
        return claims.from_json(body)
    except (BadClaim, RecursionError):
        return None


def _new_letters(messages: Sequence[Message]) -> list[DeadLetter]:
    letters = [_letter(message) for message in messages]
    ids = [letter.order_id for letter in letters if letter.order_id]
    waiting = DeadLetter.objects.filter(state=State.WAITING, order_id__in=ids)
    known = set(waiting.values_list("order_id", flat=True))
    # A claim that was swept while its letter was on the way here is one thing to decide, not two.
    return [letter for letter in letters if letter.order_id is None or letter.order_id not in known]


def _letter(message: Message) -> DeadLetter:
    claim = read(message.body)
    return DeadLetter(
        message_id=message.attributes.get("message_id", message.id)[:100],
        body=_storable(message.body),
        reason=_storable(message.attributes.get("reason", UNTOLD)),
        order_id=_uuid(claim.order_id) if claim else None,
    )


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL, and UTF-8 no half of a pair. What had one is no claim of ours anyway."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _change(letter: DeadLetter, to: str, *, by: str, now: datetime) -> None:
    DeadLetter.objects.filter(pk=letter.pk, state=letter.state).update(
        state=to, changed_by=by, changed_at=now
    )

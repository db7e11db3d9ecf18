"""Messages that could not become orders: collected, looked at, and sent again by people.

A claim's units stay claimed while its letter waits, so the equation of scarce units
holds. To give one up is therefore more than to forget it: see discarding.py. To mend
what is wrong with it: editing.py.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from fastpath_lambda import claims
from fastpath_lambda.claims import BadClaim, Claim
from fastpath_lambda.sqs import Message, Queue
from orders.models import DeadLetter
from shop import refusing

State = DeadLetter.State
UNTOLD = "received again and again, and never drained"


class CannotChange(refusing.CannotChange):
    """The letter stays as it is. The message says why, and what to do."""

    title = "The letter stays as it is"


def collect(queue: Queue) -> int:
    """Write down what is in the dead-letter queue, then delete it there. Returns how many came."""
    collected = 0
    while messages := queue.receive(wait_seconds=0):
        # The id is unique: a message that comes again, because we died here, is the same letter.
        DeadLetter.objects.bulk_create(_new_letters(messages), ignore_conflicts=True)
        queue.delete_batch([message.receipt for message in messages])
        collected += len(messages)
    return collected


def find_claim(order_ids: Sequence[str]) -> Claim | None:
    """The claim of one of these orders that is with a person, or was sent again by one."""
    letters = DeadLetter.objects.filter(order_id__in=order_ids).exclude(state=State.DISCARDED)
    return next(filter(None, map(read, letters.values_list("body", flat=True))), None)


@transaction.atomic
def replay(letter: DeadLetter, *, queue: Queue, by: str, now: datetime) -> None:
    """Send the message to the buffer again. Sent twice it is still one order."""
    decide(letter, State.REPLAYED, allowed_from=[State.WAITING, State.REPLAYED], by=by, now=now)
    # Before the commit: a letter that says it was sent and was not would be nobody's any more.
    queue.send(letter.body)


def decide(
    letter: DeadLetter, to: DeadLetter.State, *, allowed_from: Sequence[str], by: str, now: datetime
) -> None:
    """Compare-and-set of the letter's state; until the commit nobody else can decide about it."""
    allowed = DeadLetter.objects.filter(pk=letter.pk, state__in=allowed_from)
    if not allowed.update(state=to, changed_by=by, changed_at=now):
        letter.refresh_from_db()
        raise CannotChange(
            f"Letter {letter.pk} is {letter.state} (by {letter.changed_by or 'nobody'}): "
            f"it can no longer be {to}."
        )
    letter.refresh_from_db()


def was_given_up(order_id: UUID) -> bool:
    """Whether it is us who could not complete this order, and its buyer has to be told so."""
    letters = DeadLetter.objects.filter(order_id=order_id, state=State.DISCARDED)
    return letters.filter(units_returned__isnull=False).exists()


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
        body=storable(message.body),
        reason=storable(message.attributes.get("reason", UNTOLD)),
        order_id=_uuid(claim.order_id) if claim else None,
    )


def storable(text: str) -> str:
    """PostgreSQL stores no NUL, and UTF-8 no half of a pair. What had one is no claim of ours anyway."""
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="replace").decode()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

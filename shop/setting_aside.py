"""An event that a receiver always fails at is set aside, so that it keeps that receiver from no other.

A receiver that is down fails at every event, and all of them wait for it. So an event is
set aside only when it is known that it is the event: it fails alone, another one of its
topic is received after it, and then it fails again. Where there is no other of its topic,
any other one does after some minutes. Nothing is set aside while there is none at all:
then the event keeps nobody waiting.

Those of one key keep their order but for the one that was set aside: it is told when a
person says so, after what came later, or never.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import redis
from django.db import InterfaceError, OperationalError, transaction

from shop import refusing
from shop.outbox import Event, Receiver
from shop.told import SetAside

logger = logging.getLogger(__name__)

State = SetAside.State

# What says that somebody is not there, and nothing of the event.
AWAY = (OSError, redis.ConnectionError, redis.TimeoutError, OperationalError, InterfaceError)
# Failures in a row: from then on it is looked for the event (after 7 s), and any other one is
# proof enough (after some six minutes; see outbox.leave_alone for the pauses).
SOON, LATE = 3, 15
# More than this at once is no matter of one event.
MOST = 20


class CannotChange(refusing.CannotChange):
    """The event stays as it is. The message says why, and what to do."""

    title = "The event stays as it is"


@dataclass(slots=True)
class _Look:
    """What came of telling a batch in pieces."""

    told: list[Event] = field(default_factory=list)
    failed: list[tuple[Event, Exception]] = field(default_factory=list)

    def is_proof(self, event: Event, *, failures: int) -> bool:
        others = [other for other in self.told if other.key != event.key]
        return any(other.topic == event.topic for other in others) or (failures >= LATE and bool(others))


def tell_carefully(receiver: Receiver, happened: Sequence[Event], failures: int) -> None:
    """Tell all of these; what it fails at for good is set aside. In the transaction that moves its cursor.

    Raises what the receiver raised where it cannot be known that it is the event.
    """
    if failures < SOON:
        receiver.receive(happened)
        return
    look = _Look()
    _tell_or_halve(receiver, happened, look)
    for event, error in look.failed:
        # Received this time, it was the moment that was wrong: all are told again, in their order.
        if not look.is_proof(event, failures=failures) or not _try(receiver, [event]):
            raise error
    for event, error in look.failed:
        _set_aside(receiver, event, error)


def _tell_or_halve(receiver: Receiver, happened: Sequence[Event], look: _Look) -> None:
    if (error := _try(receiver, happened)) is None:
        look.told += happened
    elif len(happened) == 1:
        look.failed.append((happened[0], error))
        if len(look.failed) > MOST:
            raise error
    else:
        middle = len(happened) // 2
        _tell_or_halve(receiver, happened[:middle], look)
        _tell_or_halve(receiver, happened[middle:], look)


def _try(receiver: Receiver, happened: Sequence[Event]) -> Exception | None:
    try:
        with transaction.atomic():
            receiver.receive(happened)
    except AWAY:
        raise
    # Whatever it is: with another event it may be none.
    except Exception as error:
        return error
    return None


def _set_aside(receiver: Receiver, event: Event, error: Exception) -> None:
    fields = {"position": event.position, "topic": event.topic, "key": event.key, "payload": event.payload}
    said = f"{type(error).__name__}: {error}"[:1000]
    SetAside.objects.create(receiver=receiver.name, event_id=event.id, error=said, **fields)
    logger.error(
        "An event was set aside, %s fails at it: %s %s. See `manage.py outbox list`. %s",
        receiver.name, event.topic, event.key, said,
    )  # fmt: skip


@transaction.atomic
def retry(row: SetAside, receiver: Receiver, *, by: str, now: datetime) -> None:
    """Tell the receiver of this event once more."""
    event = Event(row.event_id, row.position, row.topic, row.key, row.payload)
    _decide(row, State.TOLD, by=by, now=now)
    try:
        with transaction.atomic():
            receiver.receive([event])
    except Exception as error:
        raise CannotChange(
            f"{receiver.name} still fails at event {row.pk}: {type(error).__name__}: {error}. "
            f"It stays set aside: mend what it says, then retry, or skip it."
        ) from error


@transaction.atomic
def skip(row: SetAside, *, by: str, now: datetime) -> None:
    """Never tell the receiver of this event."""
    _decide(row, State.SKIPPED, by=by, now=now)


def _decide(row: SetAside, to: SetAside.State, *, by: str, now: datetime) -> None:
    """Compare-and-set of its state; until the commit nobody else can decide about it."""
    waiting = SetAside.objects.filter(pk=row.pk, state=State.WAITING)
    is_decided = waiting.update(state=to, changed_by=by, changed_at=now)
    row.refresh_from_db()
    if not is_decided:
        raise CannotChange(f"Event {row.pk} is {row.state} (by {row.changed_by}): nothing is left to do.")

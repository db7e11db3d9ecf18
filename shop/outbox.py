"""The outbox's order, and how far each of its receivers has got.

An id is given when its row is written, so an event may be committed after another
with a higher id, and whoever read on from the highest id would never see it. So what
is committed gets a position: one giver at a time, in the order of ids. No event ever
appears behind a cursor. Events of one key keep the order of their commits, because
whoever writes one holds the row it tells of: the next one's id is higher, and is not
there to be given a position before the first one's is.

Each receiver has a cursor of its own, so one that fails holds back nobody else. It
moves in the transaction in which the receiver is called: what a receiver writes to the
database is written exactly once, what it says to anybody else at least once.

What of one event makes a receiver fail for ever must not keep it from all others: see
setting_aside.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Exists, Min, OuterRef, QuerySet

from shop.models import OutboxEvent
from shop.told import OutboxCursor, SetAside

BATCH = 1000
KEPT_FOR = timedelta(hours=1)
FORGOTTEN_AT_ONCE = 20_000
LONGEST_PAUSE = timedelta(seconds=30)

# Any number does, as long as nobody else's advisory lock has it.
_LOCK = 0x0B0C
_NUMBER = """
WITH unnumbered AS MATERIALIZED (
    SELECT id FROM shop_outboxevent WHERE position IS NULL ORDER BY id LIMIT %s
), numbered AS MATERIALIZED (
    SELECT id, nextval('shop_outbox_position') AS position FROM unnumbered
)
UPDATE shop_outboxevent SET position = numbered.position
FROM numbered WHERE shop_outboxevent.id = numbered.id
"""
# Its commit waits for no disk. What a crash of PostgreSQL then loses is done again, all of it: positions
# that were given, and cursors with what their receivers wrote. Later commits are never kept without it.
_UNSYNCED = "set_config('synchronous_commit', 'off', true)"
# Somebody who holds the row is telling it right now; two at once could tell out of order.
_TAKE_UP = f"""
SELECT position, failures, {_UNSYNCED} FROM shop_outboxcursor
WHERE receiver = %s AND (retry_at IS NULL OR retry_at <= %s) FOR UPDATE SKIP LOCKED
"""
_MOVE_ON = """
UPDATE shop_outboxcursor SET position = %s, failures = 0, retry_at = NULL, error = '' WHERE receiver = %s
"""
_NEXT = """
SELECT id, position, topic, key, payload::text FROM shop_outboxevent
WHERE position > %s ORDER BY position LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as its receivers get it: in a rush, a model for each would cost more than the telling."""

    id: int
    position: int
    topic: str
    key: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told. `receive` gets events in order; what it raises means: all of these again, later."""

    name: str
    receive: Callable[[Sequence[Event]], None]
    # After it was told: each telling is a transaction, and nobody waits for what this one writes.
    pause_seconds: float = 0.0


Carefully = Callable[[Receiver, Sequence[Event], int], None]


@dataclass(frozen=True, slots=True)
class Behind:
    """How far one receiver is behind, and what it stumbled over last, if anything."""

    receiver: str
    events: int
    failures: int
    error: str
    set_aside: int


@transaction.atomic
def number(*, limit: int = BATCH) -> int:
    """Give positions to the oldest committed events that have none. Returns to how many."""
    with connection.cursor() as cursor:
        # Its own statement: the next one must see what the last giver committed.
        cursor.execute(f"SELECT pg_advisory_xact_lock(%s), {_UNSYNCED}", [_LOCK])
        cursor.execute(_NUMBER, [limit])
        numbered: int = cursor.rowcount
        return numbered


def introduce(receivers: Sequence[Receiver]) -> None:
    """Give each receiver a cursor. One that is new hears of everything that is kept."""
    cursors = [OutboxCursor(receiver=receiver.name) for receiver in receivers]
    OutboxCursor.objects.bulk_create(cursors, ignore_conflicts=True)


@transaction.atomic
def tell(receiver: Receiver, *, now: datetime, limit: int = BATCH, carefully: Carefully | None = None) -> int:
    """Tell one receiver what comes next. Returns of how many events: 0 also while it is to be left alone.

    One that failed the last time is told by `carefully`, which is given how often it did.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_UP, [receiver.name, now])
        if (found := cursor.fetchone()) is None:
            return 0
        position, failures, _ = found
        if happened := _next(cursor, position, limit):
            if carefully and failures:
                carefully(receiver, happened, failures)
            else:
                receiver.receive(happened)
            cursor.execute(_MOVE_ON, [happened[-1].position, receiver.name])
    return len(happened)


def _next(cursor: CursorWrapper, position: int, limit: int) -> list[Event]:
    cursor.execute(_NEXT, [position, limit])
    return [
        Event(id, position, topic, key, msgspec.json.decode(payload))
        for id, position, topic, key, payload in cursor.fetchall()
    ]


@transaction.atomic
def leave_alone(receiver: Receiver, error: Exception, *, now: datetime) -> None:
    """After a failure: longer after each one in a row, so that what is down can come up."""
    cursor = OutboxCursor.objects.select_for_update().get(receiver=receiver.name)
    cursor.failures += 1
    cursor.retry_at = now + min(timedelta(seconds=2 ** min(cursor.failures - 1, 10)), LONGEST_PAUSE)
    cursor.error = f"{type(error).__name__}: {error}"[:1000]
    cursor.save()


def forget(receivers: Sequence[Receiver], *, now: datetime) -> None:
    """Forget what everybody was told a while ago."""
    names = [receiver.name for receiver in receivers]
    told = OutboxCursor.objects.filter(receiver__in=names).aggregate(least=Min("position"))["least"] or 0
    old = OutboxEvent.objects.filter(position__lte=told, created_at__lt=now - KEPT_FOR).order_by("position")
    # A receiver may look for the event itself when it is told at last.
    old = old.exclude(Exists(_waiting().filter(event_id=OuterRef("id"))))
    OutboxEvent.objects.filter(id__in=old.values("id")[:FORGOTTEN_AT_ONCE]).delete()


def behind() -> list[Behind]:
    """Each receiver, for ops."""
    unnumbered = OutboxEvent.objects.filter(position=None).count()
    return [
        Behind(
            cursor.receiver,
            unnumbered + OutboxEvent.objects.filter(position__gt=cursor.position).count(),
            cursor.failures,
            cursor.error,
            _waiting().filter(receiver=cursor.receiver).count(),
        )
        for cursor in OutboxCursor.objects.order_by("receiver")
    ]


def _waiting() -> QuerySet[SetAside]:
    return SetAside.objects.filter(state=SetAside.State.WAITING)

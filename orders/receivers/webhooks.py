"""Which endpoint is to be told of which event; what became of it; and once more, when somebody asks.

An endpoint gets the events of one key in their order: a later one waits until the
earlier is delivered or given up. Where none of an endpoint's requests succeeds, it is
let rest, longer each time, instead of being asked for every event that waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from orders.receivers.models import State, Webhook, WebhookDelivery
from shop.outbox import Event

MOST_ATTEMPTS = 8
# After this and four times longer each time: the eighth attempt is 23 hours after the first.
FIRST_PAUSE = timedelta(seconds=15)
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=10)
ROUND = 10
KEPT_FOR = timedelta(days=30)
GONE = 410

_WRITE = """
INSERT INTO orders_webhookdelivery
    (webhook_id, event_id, topic, key, payload, happened_at, state, attempts, due_at, answer)
SELECT webhook.id, event.id, event.topic, event.key, event.payload, event.created_at, 'waiting', 0,
    statement_timestamp(), ''
FROM shop_outboxevent event
JOIN orders_webhook webhook ON webhook.active AND event.topic = ANY(webhook.topics)
WHERE event.id = ANY(%s)
ORDER BY event.position, webhook.id
ON CONFLICT (webhook_id, event_id) DO NOTHING
"""


class CannotReplay(Exception):
    """Nothing is sent again. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request. `status` is None where nobody answered."""

    status: int | None
    text: str

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def write(happened: Sequence[Event]) -> None:
    """Write down which endpoints these events are for, and wake whoever sends them."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[event.id for event in happened]])
        if cursor.rowcount:
            cursor.execute("SELECT pg_notify('post', '')")


def awake(*, now: datetime) -> QuerySet[Webhook]:
    """The endpoints that may be asked something now."""
    return Webhook.objects.filter(Q(resting_until=None) | Q(resting_until__lte=now), active=True)


def due(webhook: Webhook, *, now: datetime, limit: int = ROUND) -> list[WebhookDelivery]:
    """What this endpoint is to be sent now: at most one delivery of each key."""
    waiting = WebhookDelivery.objects.filter(webhook=webhook, state=State.WAITING)
    earlier = waiting.filter(key=OuterRef("key"), id__lt=OuterRef("id"))
    return list(waiting.filter(~Exists(earlier), due_at__lte=now).order_by("id")[:limit])


@transaction.atomic
def record(webhook: Webhook, answers: Sequence[tuple[WebhookDelivery, Answer]], *, now: datetime) -> None:
    """Write down what the endpoint answered, and when it is asked again."""
    for delivery, answer in answers:
        _record(delivery, answer, now=now)
    changes: dict[str, Any] = {"failures": 0, "resting_until": None}
    if not any(answer.is_success for _, answer in answers):
        rest = min(FIRST_REST * 2 ** min(webhook.failures, 10), LONGEST_REST)
        changes = {"failures": webhook.failures + 1, "resting_until": now + rest}
    if any(answer.status == GONE for _, answer in answers):
        # It says that it will never listen again: Standard Webhooks asks us to believe it.
        changes["active"] = False
    Webhook.objects.filter(pk=webhook.pk).update(**changes)


def replay(delivery: WebhookDelivery, *, now: datetime) -> None:
    """Send it again, now: to an endpoint that rests, too. It has the same id, by which it can be known."""
    if not Webhook.objects.filter(pk=delivery.webhook_id, active=True).exists():
        raise CannotReplay(f"{delivery.webhook} is switched off: make it active first, then replay.")
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=State.WAITING, attempts=0, due_at=now)
    Webhook.objects.filter(pk=delivery.webhook_id).update(resting_until=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('post', '')")


def forget(*, now: datetime) -> None:
    """Forget what was finished long ago."""
    finished = WebhookDelivery.objects.exclude(state=State.WAITING)
    finished.filter(happened_at__lt=now - KEPT_FOR).delete()


def _record(delivery: WebhookDelivery, answer: Answer, *, now: datetime) -> None:
    attempts = delivery.attempts + 1
    changes: dict[str, Any] = {
        "attempts": attempts,
        "answer_status": answer.status,
        "answer": answer.text,
        "due_at": None,
    }
    if answer.is_success:
        changes |= {"state": State.DONE, "delivered_at": now}
    elif attempts >= MOST_ATTEMPTS or answer.status == GONE:
        changes["state"] = State.GIVEN_UP
    else:
        changes["due_at"] = now + FIRST_PAUSE * 4**delivery.attempts
    # Whoever was slower, after a stall longer than the lease or a replay, has nothing to say any more.
    asked = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.WAITING, attempts=delivery.attempts)
    asked.update(**changes)

"""What a buyer is told of their order by mail: one mail for each state that matters to them.

The row is written before anything is sent, and it is unique for order and state: an
event that comes twice writes no second one. Sending happens later, a few mails over one
connection in one transaction that holds their rows, so no two senders have the same mail.

At least once means here: whoever is killed between the mail server's yes and the commit
sends those few again. They then have the same Message-IDs, by which mail programs know
them. Into the mailbox of /ops/, which is in the same database, each goes exactly once.
"""

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.template.loader import render_to_string

from orders import dead_letters, queries
from orders.models import Order, OrderLine
from orders.receivers.models import OrderMail, State
from shop import events
from shop.outbox import Event

logger = logging.getLogger(__name__)

# What the mail of each state is called, and what it says.
SAID = {
    Order.Status.PLACED: (
        "We have your order",
        "Thank you for your order. We will write again as soon as it is paid and confirmed.",
    ),
    Order.Status.CONFIRMED: (
        "Your order is confirmed",
        "Your order is paid and confirmed. We will write again when it is on its way.",
    ),
    Order.Status.SHIPPED: ("Your order is on its way", "Your order has left our warehouse."),
    Order.Status.CANCELLED: (
        "Your order was cancelled",
        "Your order was cancelled, most often because the card was declined. You pay nothing for it.",
    ),
    Order.Status.REFUNDED: (
        "Your order was refunded",
        "Your order was refunded. The money is on its way to the card that you paid with.",
    ),
}

# Where it is not the card or the buyer, but us.
GIVEN_UP = (
    "We could not complete your order",
    "We had accepted your order, and then could not complete it. We are sorry: that was our fault, not "
    "yours. You pay nothing for it, and you may order again while there are any left.",
)

# How many over one connection, and at most how many again after a crash.
AT_ONCE = 10
MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=15)

_WRITE = """
INSERT INTO orders_ordermail (order_id, status, state, attempts, due_at, error)
SELECT orders_order.id, told.status, 'waiting', 0, statement_timestamp(), ''
FROM ROWS FROM (jsonb_to_recordset(%s) AS (order_id uuid, status text))
    WITH ORDINALITY AS told(order_id, status, place)
JOIN orders_order ON orders_order.id = told.order_id
WHERE orders_order.email <> ''
    -- "We have your order" is no news for one that was cancelled at once.
    AND NOT (told.status = 'placed' AND orders_order.status = 'cancelled')
ORDER BY told.place
ON CONFLICT (order_id, status) DO NOTHING
"""


def write(happened: Sequence[Event]) -> None:
    """Write down which mails these events ask for, and wake whoever sends them."""
    told = [event.payload for event in happened if event.topic == events.ORDER and _is_for_buyers(event)]
    if told:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, [json.dumps(told)])
            cursor.execute("SELECT pg_notify('post', '')")


@transaction.atomic
def send_next(*, now: datetime, backend: BaseEmailBackend | None = None) -> int:
    """Send the oldest mails that are due. Returns how many a mail server took."""
    due = OrderMail.objects.filter(state=State.WAITING, due_at__lte=now).order_by("due_at", "id")
    due = due.select_for_update(skip_locked=True).prefetch_related("order")
    mails = sorted(due[:AT_ONCE], key=lambda mail: mail.id)
    if not mails:
        return 0
    waiting, lines = _waiting(mails), _lines(mails)
    server = backend or get_connection()
    try:
        for mail in mails:
            if before := [when for id, when in waiting[mail.order_id].items() if id < mail.id]:
                # Not before those of the same order that were written earlier.
                mail.due_at = max(now, *before)
                continue
            _send(mail, lines[mail.order_id], server, now=now)
            del waiting[mail.order_id][mail.id]
            if later := mail.due_at:
                waiting[mail.order_id][mail.id] = later
    finally:
        _hang_up(server)
    OrderMail.objects.bulk_update(mails, ["state", "sent_at", "due_at", "error", "attempts"])
    return sum(mail.state == State.DONE for mail in mails)


def _waiting(mails: Sequence[OrderMail]) -> dict[UUID, dict[int, datetime]]:
    """When each mail of these orders that waits is due, by its id."""
    found: dict[UUID, dict[int, datetime]] = {mail.order_id: {} for mail in mails}
    rows = OrderMail.objects.filter(order__in=found, state=State.WAITING)
    for order_id, id, due_at in rows.values_list("order_id", "id", "due_at"):
        if due_at:
            found[order_id][id] = due_at
    return found


def _send(mail: OrderMail, lines: Sequence[OrderLine], server: BaseEmailBackend, *, now: datetime) -> None:
    try:
        with transaction.atomic():
            # Stays open for the next one, where it is a connection.
            server.open()
            _compose(mail, lines, server).send()
        mail.state, mail.sent_at, mail.due_at, mail.error = State.DONE, now, None, ""
    # A mail server that is down, an address that no server takes: the next attempt is later.
    except Exception as error:
        logger.exception("A mail to a buyer was not sent.")
        _put_off(mail, error, now=now)
        # What is left of a broken connection would fail the next one too.
        _hang_up(server)
    mail.attempts += 1


def _hang_up(server: BaseEmailBackend) -> None:
    with suppress(OSError):
        server.close()


def _lines(mails: Sequence[OrderMail]) -> dict[UUID, list[OrderLine]]:
    found: dict[UUID, list[OrderLine]] = {mail.order_id: [] for mail in mails}
    for line in OrderLine.objects.filter(order__in=found).select_related("sku__product").order_by("id"):
        found[line.order_id].append(line)
    return found


def _put_off(mail: OrderMail, error: Exception, *, now: datetime) -> None:
    mail.error = f"{type(error).__name__}: {error}"[:1000]
    if mail.attempts + 1 >= MOST_ATTEMPTS:
        mail.state, mail.due_at = State.GIVEN_UP, None
    else:
        mail.due_at = now + FIRST_PAUSE * 4**mail.attempts


def _compose(mail: OrderMail, lines: Sequence[OrderLine], server: BaseEmailBackend) -> EmailMultiAlternatives:
    order = mail.order
    subject, sentence = _said(mail)
    context = {
        "order": order,
        "lines": lines,
        "sentence": sentence,
        "subject": subject,
        "url": urljoin(settings.EDGE_URL, queries.page_url(order.id)),
    }
    message = EmailMultiAlternatives(
        f"{subject} ({str(order.id)[:8]})",
        render_to_string("orders/mail/order.txt", context),
        to=[order.email],
        headers={"Message-ID": _message_id(order.id, mail.status), "Auto-Submitted": "auto-generated"},
        connection=server,
    )
    message.attach_alternative(render_to_string("orders/mail/order.html", context), "text/html")
    return message


def _said(mail: OrderMail) -> tuple[str, str]:
    if mail.status == Order.Status.CANCELLED and dead_letters.was_given_up(mail.order_id):
        return GIVEN_UP
    return SAID[Order.Status(mail.status)]


def _message_id(order_id: UUID, status: str) -> str:
    return f"<{order_id}.{status}@{urlsplit(settings.EDGE_URL).hostname or 'shop'}>"


def _is_for_buyers(event: Event) -> bool:
    try:
        UUID(event.payload["order_id"])
        return event.payload["status"] in SAID
    except (KeyError, TypeError, ValueError, AttributeError):
        logger.exception("An outbox event cannot be read, and no mail is written of it: %s.", event)
        return False

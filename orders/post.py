"""What was written down for buyers and for other programs is sent, each from a thread of its own.

A mail server that is down and an endpoint that does not answer keep nobody waiting but
their own. What is written down and not sent is sent by the next turn.
"""

import time
from functools import partial

from django.conf import settings
from django.utils import timezone

from orders.followers import following, listening
from orders.receivers import mail, mailbox, posting, webhooks
from orders.turns import Turn


def run(turn: Turn) -> None:
    """Send until the turn ends, woken by whoever writes something down."""
    with listening("post") as wait, following() as followers:
        followers.follow("mail", _send_mail)
        while turn.goes_on():
            for webhook in webhooks.awake(now=timezone.now()):
                followers.follow(f"webhook {webhook.pk}", partial(send_to, webhook.pk))
            followers.wake()
            wait()
    mailbox.forget(now=timezone.now())
    webhooks.forget(now=timezone.now())


def send_to(webhook_id: int) -> bool:
    """One round of requests to this endpoint. Whether to go on at once."""
    webhook = webhooks.awake(now=timezone.now()).filter(pk=webhook_id).first()
    deliveries = webhooks.due(webhook, now=timezone.now()) if webhook else []
    if webhook is None or not deliveries:
        return False
    answers = posting.post(webhook, deliveries, now=timezone.now())
    webhooks.record(webhook, list(zip(deliveries, answers, strict=True)), now=timezone.now())
    return any(answer.is_success for answer in answers)


def _send_mail() -> bool:
    sent = mail.send_next(now=timezone.now())
    # A rush's mails may come a minute later. Whoever looks at a page now shall not wait for them.
    time.sleep(sent / settings.MAIL_RATE_CEILING)
    return sent > 0

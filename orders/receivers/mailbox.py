"""A mail backend that keeps letters in the database, for staff to read at /ops/mailbox/.

For the demo, and wherever no mail should leave the house: EMAIL_BACKEND says which.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from orders.receivers.models import Letter

KEPT_FOR = timedelta(days=30)


class Backend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        letters = [_letter(message) for message in email_messages]
        # The same Message-ID again is the same letter again.
        Letter.objects.bulk_create(letters, ignore_conflicts=True)
        return len(letters)


def forget(*, now: datetime) -> None:
    Letter.objects.filter(received_at__lt=now - KEPT_FOR).delete()


def _letter(message: EmailMessage) -> Letter:
    # As it would be sent: refuses what no mail server could take, and names what has no name.
    sent = message.message()
    return Letter(
        message_id=sent["Message-ID"],
        sender=message.from_email,
        recipients=", ".join(message.recipients()),
        subject=str(message.subject),
        text=str(message.body),
        html=_html(message),
    )


def _html(message: EmailMessage) -> str:
    alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    return next((str(content) for content, kind in alternatives if kind == "text/html"), "")

"""What runs by itself, once a second: bringing each sale as far as it can be."""

from celery import shared_task
from django.db import connection
from django.utils import timezone

from edge import lifecycle
from orders import jobs, outage

# Any number does, as long as nobody else's advisory lock has it.
_LOCK = 0x5A1E


@shared_task  # type: ignore[untyped-decorator]
def advance_sales() -> None:
    """Finish closing sales and half-done arms; open and close those whose time has come."""
    outage.sit_out(jobs.store(), _advance)


def _advance() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return  # the turn before this one is at it still
        try:
            lifecycle.advance(now=timezone.now())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])

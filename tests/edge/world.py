"""What the tests of a sale's life say again and again."""

from django.db import connection

from config.service import wait_until
from shop.models import Stock

# A row that another transaction holds is waited for like this, and nothing else is.
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND wait_event IN ('transactionid', 'tuple')
"""


def stock(code="LAMP"):
    return Stock.objects.get(sku__code=code)


def interrupt(*args, **named):
    raise KeyboardInterrupt


def wait_until_somebody_waits(*, or_else=lambda: False):
    """Return when a session waits for a row that is held; or else, when this is so."""
    assert wait_until(lambda: or_else() or _waiting(), 60), "nobody waited for the row"


def _waiting():
    with connection.cursor() as cursor:
        # Within a transaction, who waits is looked at once, and remembered.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(_WAITING)
        return cursor.fetchone()[0]

"""What is done each second of a rush reads what it needs, however many orders there are.

A rush fills the tables faster than PostgreSQL counts their rows anew, so its planner goes
by what they were before. It must not come to read all of them for a few.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Max
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import advancing, drain, relay
from orders.models import Order
from orders.sandbox import Sandbox
from shop.models import OutboxEvent
from shop.told import OutboxCursor
from tests.orders.conftest import make_claim

pytestmark = pytest.mark.django_db

MANY = 20_000
GROWING = ("orders_order", "orders_payment", "shop_outboxevent", "orders_ordermail", "orders_orderline")


DONE_WITH = (
    """
    INSERT INTO orders_order (id, status, version, email, buyer, name, address, payment_token, currency,
                              total, fingerprint, accepted_at)
    SELECT gen_random_uuid(), 'confirmed', 3, '', '', '', '{}', '', 'USD', 1, '', now()
    FROM generate_series(1, %(many)s)
    """,
    """
    INSERT INTO orders_payment (order_id, provider, reference, state, reason, currency, amount, captured,
                                authorise_key, capture_key, void_key)
    SELECT id, 'sandbox', '', 'captured', '', 'USD', 1, 1, '', '', '' FROM orders_order
    """,
    """
    INSERT INTO shop_outboxevent (position, topic, key, payload)
    SELECT nextval('shop_outbox_position'), '', '', '{}' FROM orders_order
    """,
)


# PostgreSQL counts when it likes. Of a table that the tests before had emptied it may have counted pages
# and no row, and then it takes any number of pages for empty: here it has not come to count.
UNCOUNTED = (
    "DELETE FROM pg_statistic WHERE starelid = ANY(%(tables)s::regclass[])",
    """
    UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0
    WHERE oid = ANY(%(tables)s::regclass[])
       OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = ANY(%(tables)s::regclass[]))
    """,
)


@pytest.fixture
def busy_day(sale):
    """Many orders that are done with, and everybody has been told of them."""
    with connection.cursor() as cursor:
        for statement in (*DONE_WITH, *UNCOUNTED):
            cursor.execute(statement, {"many": MANY, "tables": list(GROWING)})
    relay.relay_once()
    last = OutboxEvent.objects.aggregate(Max("position"))["position__max"]
    assert OutboxCursor.objects.update(position=last) == len(relay.RECEIVERS)
    return sale


def rows_read(act):
    """How many rows of each growing table PostgreSQL looks at while this is done."""
    before = _counted()
    act()
    return {table: count - before[table] for table, count in _counted().items()}


def _counted():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relname = ANY(%s)",
            [list(GROWING)],
        )
        return dict(cursor.fetchall())


def said_to_the_database(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    words = ("SELECT", "INSERT", "UPDATE", "WITH")
    return [each["sql"] for each in captured if each["sql"].split(None, 1)[0] in words]


def advance():
    return advancing.advance(Sandbox(secret="secret"), now=timezone.now() + timedelta(seconds=1))


def test_to_get_a_few_orders_on_reads_no_table_whole(busy_day, store):
    drain.write_claims([make_claim(busy_day, key, number=key) for key in range(1, 20)])

    read = rows_read(lambda: (advance(), advance(), relay.relay_once()))

    assert Order.objects.filter(status="confirmed").count() == MANY + 19
    assert max(read.values()) < 1_000, read


def test_a_turn_with_nothing_to_do_asks_five_questions_and_wakes_nobody(sale):
    statements = said_to_the_database(advance)

    assert len(statements) == 5
    # Whatever writes an event, be it none, wakes the relay.
    assert not any("shop_outboxevent" in statement for statement in statements)

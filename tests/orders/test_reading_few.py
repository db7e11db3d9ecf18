"""What is done each second of a rush reads what it needs, however many orders there are.

A rush fills the tables faster than PostgreSQL counts their rows anew, so its planner goes
by what they were before. It must not come to read all of them for a few.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import advancing, drain, relay
from orders.models import Order
from orders.sandbox import Sandbox
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


@pytest.fixture
def busy_day(sale):
    """Many orders that are done with."""
    with connection.cursor() as cursor:
        for statement in DONE_WITH:
            cursor.execute(statement, {"many": MANY})
    return sale


def read_whole(statement):
    """The tables of which this statement would read every row."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = [line for (line,) in cursor.fetchall()]
    return {table for table in GROWING for line in plan if f"Seq Scan on {table} " in line}


def said_to_the_database(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    words = ("SELECT", "INSERT", "UPDATE", "WITH")
    return [each["sql"] for each in captured if each["sql"].split(None, 1)[0] in words]


def advance():
    return advancing.advance(Sandbox(secret="secret"), now=timezone.now() + timedelta(seconds=1))


def test_to_get_a_few_orders_on_reads_no_table_whole(busy_day, store):
    relay.relay_once()
    drain.write_claims([make_claim(busy_day, key, number=key) for key in range(1, 20)])

    statements = said_to_the_database(lambda: (advance(), advance(), relay.relay_once()))

    assert Order.objects.filter(status="confirmed").count() == MANY + 19
    assert {statement[:60]: found for statement in statements if (found := read_whole(statement))} == {}


def test_a_turn_with_nothing_to_do_asks_five_questions_and_wakes_nobody(sale):
    statements = said_to_the_database(advance)

    assert len(statements) == 5
    # Whatever writes an event, be it none, wakes the relay.
    assert not any("shop_outboxevent" in statement for statement in statements)

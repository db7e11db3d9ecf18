"""Publish the routing table: planned, checked, recorded, applied. Whoever changes routes calls this."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from django.db import connection

from edge import plan, routing, table
from edge.models import PublishedTable
from edge.plan import Plan
from edge.publishing import Publisher, builtin
from edge.routing import Table

ROUTERS: Mapping[str, Publisher] = {"builtin": cast(Publisher, builtin)}

# Any number does, as long as nobody else's advisory lock has it.
_LOCK = 0x5B111


def planned(*, router: str = "builtin") -> Plan:
    return plan.plan(ROUTERS[router].existing(), table.desired())


def apply(*, by: str, router: str = "builtin", force: bool = False, wait: bool = True) -> Plan:
    """Bring the router to what the database says, and return when it serves that.

    Call it after the commit: what it publishes must be true. Do not wait for a router that
    has not started: it reads the table when it does. Raises UnsafePlan, unless forced, and
    NotServed where the router does not take the table up.
    """
    # Two at a time could publish in the other order than they read, and leave the older table on.
    with _one_at_a_time():
        change = planned(router=router)
        if not force:
            change.raise_if_unsafe(on_sale=table.patterns_on_sale())
        version = change.existing_version
        if version is None or not change.is_empty:
            published = _record(change, router=router, by=by)
            ROUTERS[router].publish(published)
            version = published.version
        if wait:
            ROUTERS[router].wait(version)
    return change


def _record(change: Plan, *, router: str, by: str) -> Table:
    rows = [routing.to_fields(behavior) for behavior in change.desired]
    published = PublishedTable.objects.create(router=router, table={"behaviors": rows}, published_by=by)
    return Table(published.pk, change.desired)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])

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


def apply(*, by: str, router: str = "builtin", force: bool = False) -> Plan:
    """Bring the router to what the database says, and return when it serves that.

    Call it after the commit: what it publishes must be true. Raises UnsafePlan, unless
    forced, and NotServed where the router does not take the table up.
    """
    # Two at a time could publish in the other order than they read, and leave the older table on.
    with _one_at_a_time():
        change = planned(router=router)
        if not force:
            change.raise_if_unsafe(on_sale=table.patterns_on_sale())
        if change.existing_version is not None and change.is_empty:
            ROUTERS[router].wait(change.existing_version)
        else:
            ROUTERS[router].publish(_record(change, router=router, by=by))
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

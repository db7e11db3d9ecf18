"""Redis loses its memory in the middle of a sale, with the ledger and every claim that only it knew.

Nobody kills the fast path or the queue meanwhile, so what was accepted is on its way:
none of it may be lost. Claims whose units others have by then wait for a person.
"""

import os
from collections.abc import Callable, Sequence

import redis
from django.db.models import QuerySet

from edge import lifecycle
from edge.lifecycle import loading, record
from orders.losses import LedgerLoss
from orders.models import DeadLetter
from shop.models import Product, Sale
from tests.chaos import sale


def wipe(product: Product) -> Callable[[], bool]:
    """Returns the question whether one can buy again; asked, it does what ops do when it is rebuilt."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as store:
        store.flushall()
    return lambda: sale.persist(lambda: _is_resumed(product))


def _is_resumed(product: Product) -> bool:
    latest = record.latest_sale(product)
    if latest is None or not latest.is_on:
        return True
    if loading.is_lost(latest) or _losses(latest).filter(rebuilt_at=None).exists():
        return False
    if latest.state == Sale.State.PAUSED:
        lifecycle.resume(product.slug, by=sale.BY)
    return True


def was_noticed(product: Product) -> bool:
    return sale.persist(lambda: _of_latest(product).exists())


def count_missing(product: Product) -> int:
    """Claims that the shop itself says are lost."""
    return sale.persist(lambda: sum(_of_latest(product).values_list("missing", flat=True)))


def count_with_a_person(ids: Sequence[str]) -> int:
    letters = DeadLetter.objects.filter(order_id__in=ids, state=DeadLetter.State.WAITING)
    return sale.persist(lambda: letters.values("order_id").distinct().count())


def _of_latest(product: Product) -> QuerySet[LedgerLoss]:
    latest = record.latest_sale(product)
    return _losses(latest) if latest else LedgerLoss.objects.none()


def _losses(latest: Sale) -> QuerySet[LedgerLoss]:
    return LedgerLoss.objects.filter(sale=latest, generation=latest.generation)

"""What the clock does to sales, and what somebody began and did not finish: once a second, from a task."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from edge.ledger import connect
from edge.lifecycle import arming, closing, moving, rebuilding, record, serving, transferring
from edge.lifecycle.record import CannotChange, State
from edge.models import MinisitePage
from fastpath_lambda import rules
from shop.models import Sale

logger = logging.getLogger(__name__)

BY = "schedule"
# Whoever arms or closes a sale finishes it themselves, as a rule: they are given this long.
GRACE = timedelta(seconds=5)
# After this, a sale that was closed is not looked at any more.
RECENT = timedelta(minutes=10)


def advance(*, now: datetime) -> None:
    """Bring each sale as far as it can be. One that fails does not hold back the others."""
    is_whole = True
    recent = Q(state=State.CLOSED, changed_at__gte=now - RECENT)
    for sale in Sale.objects.filter(Q(state__in=Sale.ON) | recent).select_related("product__category"):
        try:
            if sale.is_on and rebuilding.attend(sale, by=BY, now=now):
                is_whole = False
                if not _is_over(sale, now=now):
                    continue
            if sale.is_on:
                transferring.settle(sale)
            _advance(sale, now=now)
        except CannotChange as error:
            logger.info("%s", error)
        except Exception:
            is_whole = False
            logger.exception("The sale %s could not be advanced.", sale.reference)
    if is_whole:
        connect().vouch(True)


def _advance(sale: Sale, *, now: datetime) -> None:
    slug = sale.product.slug
    if sale.state == State.CLOSED:
        _forget(sale)
    elif sale.state == State.CLOSING:
        closing.finish(sale, by=sale.changed_by)
    elif _is_over(sale, now=now):
        closing.close(slug, by=BY, wait=False)
    elif sale.state == State.ARMED and sale.opens_at and sale.opens_at <= now:
        moving.open_sale(slug, by=BY)
    elif sale.changed_at < now - GRACE:
        _catch_up(sale)


def _is_over(sale: Sale, *, now: datetime) -> bool:
    return sale.closes_at is not None and sale.closes_at <= now


def _forget(sale: Sale) -> None:
    """Closed, but whoever closed it did not get to the routes or the ledger."""
    loaded = connect().get_sale(sale.product.slug)
    if loaded and loaded.generation == sale.generation:
        closing.finish(sale, by=sale.changed_by)


def _catch_up(sale: Sale) -> None:
    if sale.state == State.ARMED and not arming.is_finished(sale):
        arming.finish(sale, by=sale.changed_by)
    elif not MinisitePage.objects.filter(_current(sale)).exists():
        serving.serve(sale, by=sale.changed_by)
    with record.turn(sale) as sale:
        loaded = connect().get_sale(sale.product.slug)
        if sale.is_on and loaded and loaded.generation == sale.generation:
            # Closed is written down with the leftovers' return only: see closing.py.
            closed = loaded.state is rules.State.CLOSED
            state = rules.State.CLOSING if closed else loaded.state
            record.follow(sale, state, action="follow", by=BY, now=timezone.now())


def _current(sale: Sale) -> Q:
    """The page as it reads since the last change. A page says whether one can buy."""
    return Q(sale=sale, generation=sale.generation, published_at__gte=sale.changed_at)

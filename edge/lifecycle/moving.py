"""Open, pause and resume a sale: the ledger first, then the record of it, then what shoppers are served."""

from django.utils import timezone

from edge.ledger import connect
from edge.lifecycle import arming, rebuilding, record, serving
from edge.lifecycle.record import CannotChange, State
from fastpath_lambda import rules
from shop.models import Sale


def open_sale(slug: str, *, by: str) -> Sale:
    return _move(slug, action="open", to=rules.State.OPEN, allowed_from=[rules.State.ARMED], by=by)


def pause(slug: str, *, by: str) -> Sale:
    return _move(slug, action="pause", to=rules.State.PAUSED, allowed_from=[rules.State.OPEN], by=by)


def resume(slug: str, *, by: str) -> Sale:
    return _move(slug, action="resume", to=rules.State.OPEN, allowed_from=[rules.State.PAUSED], by=by)


def _move(slug: str, *, action: str, to: rules.State, allowed_from: list[rules.State], by: str) -> Sale:
    sale = record.get_sale(slug, action=action)
    if sale.is_on:
        rebuilding.refuse_while_lost(sale, action=action, by=by, now=timezone.now())
    if sale.state == State.ARMED and not arming.is_finished(sale):
        # Whoever armed it was interrupted: nobody opens a sale without a page.
        arming.finish(sale, by=by)
    with record.turn(sale) as sale:
        if not sale.is_on:
            raise record.wrong_state(sale, action=action)
        state = connect().move(slug, sale.generation, to=to, allowed_from=allowed_from)
        if state is not rules.State.CLOSED:
            record.follow(sale, state, action=action, by=by, now=timezone.now())
    # After the commit: that the ledger has another state than we thought is worth keeping.
    if state is not to:
        raise record.wrong_state(sale, action=action)
    try:
        serving.serve(sale, by=by)
    except CannotChange as error:
        # Who paused a sale at night must know that nobody buys, whatever the router does.
        raise CannotChange(f"The sale of {sale.product} is {sale.state} by now, but: {error}") from error
    return sale

"""What shoppers of a sale are served: its page, and the routes to it."""

from edge import apply, minisite
from edge.lifecycle.record import CannotChange
from edge.plan import UnsafePlan
from edge.publishing import NotServed
from shop.models import Sale


def serve(sale: Sale, *, by: str) -> None:
    """Publish the sale's page, then the routes. Returns when the router serves them."""
    minisite.publish(sale)
    route(by=by)


def route(*, by: str) -> None:
    try:
        apply.apply(by=by)
    except (UnsafePlan, NotServed) as error:
        raise CannotChange(f"{error} Then run this again: it goes on from here.") from error
